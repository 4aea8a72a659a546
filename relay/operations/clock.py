"""The clock: show it, move it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from billing.periods import Period, period_end
from relay.api import AdvanceClock, ClockView, ShowClock
from relay.api.clock import ADVANCE_MAX_S, MOMENTS
from relay.backend import Backend
from relay.operations.companies import company_id, company_view
from relay.operations.registry import handles
from relay.suggestions import did_you_mean
from relay.unknown import ClockNotVirtual, UnknownMoment


@handles(ShowClock)
async def show_clock(backend: Backend, _request: ShowClock) -> ClockView:
    keeper = backend.timekeeper
    return ClockView(
        now=backend.clock.now(),
        virtual=keeper is not None,
        seed=keeper.seed if keeper is not None else None,
        next_due_at=await keeper.next_due() if keeper is not None else None,
    )


@handles(AdvanceClock)
async def advance_clock(backend: Backend, request: AdvanceClock) -> ClockView:
    """Carried out alone, as everything that changes something is under a virtual clock."""
    if backend.timekeeper is None:
        raise ClockNotVirtual
    now = backend.clock.now()
    target = await _moment(backend, request) if request.until is not None else now
    target += timedelta(seconds=request.seconds)
    if target - now > timedelta(seconds=ADVANCE_MAX_S):
        raise UnknownMoment(
            f"{target.isoformat()} is more than {ADVANCE_MAX_S // 86_400} days away", "Come closer in steps."
        )
    await backend.timekeeper.advance(max(now, target))
    return await show_clock(backend, ShowClock())


async def _moment(backend: Backend, request: AdvanceClock) -> datetime:
    """What `until` means now. Raises `UnknownMoment`."""
    assert request.until is not None
    words = " ".join(request.until.lower().split())
    if words in _MOMENTS:
        return await _MOMENTS[words](backend, request)
    try:
        moment = datetime.fromisoformat(request.until)
    except ValueError:
        raise UnknownMoment(
            f"{request.until!r} is no moment", f"{did_you_mean(words, MOMENTS)} Or a time such as 2030-01-08T09:00:00Z."
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


async def _next_due(backend: Backend, _request: AdvanceClock) -> datetime:
    assert backend.timekeeper is not None
    return await backend.timekeeper.next_due() or backend.clock.now()


async def _auto_topup_allowed(backend: Backend, request: AdvanceClock) -> datetime:
    if request.company is None:
        raise UnknownMoment("an automatic top-up of whom?", "Name the company too.")
    settings = (await company_view(backend, await company_id(backend, request.company))).auto_topup
    return settings.next_allowed_at or backend.clock.now()


async def _next_day(backend: Backend, _request: AdvanceClock) -> datetime:
    return period_end(Period.DAY, backend.clock.now(), backend.policy.invoice_timezone)


async def _next_month(backend: Backend, _request: AdvanceClock) -> datetime:
    return period_end(Period.MONTH, backend.clock.now(), backend.policy.invoice_timezone)


_MOMENTS: Final[Mapping[str, Callable[[Backend, AdvanceClock], Awaitable[datetime]]]] = dict(
    zip(MOMENTS, (_next_due, _auto_topup_allowed, _next_day, _next_month), strict=True)
)
