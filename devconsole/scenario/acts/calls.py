"""A call that takes its time: started, running while the clock goes on, ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from devconsole.entry import EntryRefused, read_span
from devconsole.scenario.acts.act import Act
from devconsole.scenario.inputs import StepInvalid
from relay.api import EndCall, ShowBalance, StartCall

if TYPE_CHECKING:
    from devconsole.scenario.scene import Scene

TICKS_MAX = 1_000


class TickCall(Act, frozen=True, kw_only=True):
    """Start a call, let it tick, end it; the answer is the call, and what the balance could still pay at each tick."""

    name = "calls.tick"
    needs_virtual_time = True
    company: str
    lasts: str
    """How long, such as 12min."""
    every: str = "1min"
    """How often the balance is looked at."""
    to_number: str | None = None

    def play(self, scene: Scene) -> Any:
        lasts_s, every_s = _span(self.lasts), _span(self.every)
        if not every_s > 0 or lasts_s / every_s > TICKS_MAX:
            raise StepInvalid(f"a call ticks at most {TICKS_MAX:,} times")
        company = scene.named(self.company)
        call = scene.call(StartCall(company=company, to_number=self.to_number))
        ticks, left_s = [], lasts_s
        while left_s > 0:
            scene.let_pass(min(every_s, left_s))
            left_s -= every_s
            ticks.append(scene.call(ShowBalance(company=company)).effective_total_cents)
        ended = scene.call(EndCall(call=call.id))
        return {**msgspec.to_builtins(ended), "ticks": len(ticks), "lowest_cents": min(ticks, default=None)}


def _span(text: str) -> int:
    try:
        return read_span(text)
    except EntryRefused as refused:
        raise StepInvalid(f"{text!r} is no span: {refused}") from refused
