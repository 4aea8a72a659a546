"""Tries the guarantees one after the other and writes the report."""

from __future__ import annotations

from collections.abc import Callable

from billing.errors import Refused
from relay.api import GradeView, GuaranteeView
from relay.grading.guarantees import GUARANTEES, Guarantee
from relay.grading.probe import Probe, Unobservable

Listener = Callable[[GuaranteeView], None]


class NotReachable(Refused):
    """Nobody answers at the address, so nothing can be said of a handler."""

    code = "handler_unreachable"


class EffectsNotShown(Refused):
    code = "effects_not_shown"


async def grade(probe: Probe, listener: Listener = lambda _row: None) -> GradeView:
    """What the handler guarantees; `listener` hears of each guarantee at once.

    Raises `NotReachable`, `EffectsNotShown`, `AddressRefused`.
    """
    async with probe:
        first = await probe.get()
        if first.status is None:
            raise NotReachable(
                f"{probe.url} does not answer: {first.text}", remedy="Start the application, or name another address."
            )
        rows = []
        for guarantee in GUARANTEES:
            rows.append(await _tried(probe, guarantee))
            listener(rows[-1])
    passed = sum(row.held for row in rows)
    return GradeView(url=probe.url, passed=passed, of=len(rows), observed=probe.observes, guarantees=tuple(rows))


async def _tried(probe: Probe, guarantee: Guarantee) -> GuaranteeView:
    try:
        held, seen = await guarantee.check(probe)
    except Unobservable as error:
        raise EffectsNotShown(str(error), remedy="Let it answer with one number, such as a balance in cents.") from None
    return GuaranteeView(
        name=guarantee.name,
        title=guarantee.title,
        held=held,
        seen=seen,
        remedy=None if held else guarantee.remedy,
    )
