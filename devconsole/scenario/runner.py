"""Plays a script against a running server, step by step, and tells what came of each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from devconsole.entry import read_span
from devconsole.scenario.acts import ACTS, Act
from devconsole.scenario.blame import trace_of
from devconsole.scenario.expectations import Mismatch, mismatches, result_mismatches
from devconsole.scenario.given import NotGiven, bring_about
from devconsole.scenario.inputs import StepInvalid, input_of
from devconsole.scenario.scene import Scene, Server
from devconsole.scenario.script import Script
from devconsole.scenario.secrecy import without_secrets
from devconsole.scenario.story import Expect, Step
from relay.api import AdvanceClock, Operation, ShowClock
from relay.errors import OperationRefused

POLL_S = 0.05
"""Between two looks at an expectation that may still become true."""
PATIENCE_S = 10.0
"""On the machine's clock, unless the story says otherwise."""
REFERS_TO_COMPANY = "company"

__all__ = ["Run", "Scene", "Server", "StepResult"]


@dataclass(frozen=True)
class StepResult:
    """What came of one step. `problem` is set when it could not be done as written."""

    number: int
    title: str
    duration_s: float
    mismatches: tuple[Mismatch, ...] = ()
    problem: str | None = None
    trace: tuple[str, ...] = ()
    """Of the event that is to blame."""
    place: str = ""
    """`file:line`"""

    @property
    def passed(self) -> bool:
        return self.problem is None and not self.mismatches


@dataclass
class Run:
    """One playing of one script."""

    script: Script
    scene: Scene

    @property
    def total(self) -> int:
        """How many results a run that passes yields."""
        return len(self.script.story.steps) + (self.script.story.expect is not None)

    def play(self) -> Iterator[StepResult]:
        """Prepare what is given, then play the steps."""
        self.prepare()
        yield from self.steps()

    def prepare(self) -> None:
        """Bring about what is given. Raises `RelayError`, and `StepInvalid` that names the line."""
        try:
            bring_about(self.script.story.given, self.scene)
        except NotGiven as error:
            raise StepInvalid(f"{self.script.at_company(error.company)}: {error}") from error

    def steps(self) -> Iterator[StepResult]:
        """Yield one result per step, the end of the story included; stops after the first that failed."""
        for number, step in enumerate(self._steps(), start=1):
            result = self._step(number, step)
            yield result
            if not result.passed:
                return

    def _steps(self) -> Iterator[Step]:
        yield from self.script.story.steps
        if self.script.story.expect is not None:
            yield Step(say="the end", expect=self.script.story.expect)

    def _step(self, number: int, step: Step) -> StepResult:
        start = time.monotonic()
        found: list[Mismatch] = []
        problem = None
        try:
            found.extend(self._carry_out(step))
            if step.expect is not None and not found:
                found.extend(self._await(step.expect))
        except StepInvalid as error:
            problem = without_secrets(str(error))
        except OperationRefused as refusal:
            problem = f"refused, {refusal.problem.code}: {refusal.problem.message}"
        return StepResult(
            number,
            title_of(step),
            time.monotonic() - start,
            tuple(found),
            problem,
            trace_of(found, self.scene) if found else (),
            self.script.at(number),
        )

    def _carry_out(self, step: Step) -> list[Mismatch]:
        found = self._do(step) if step.do is not None else []
        if found:
            return found
        if step.advance is not None:
            self.scene.let_pass(read_span(step.advance))
        if step.until is not None:
            if not self.scene.is_virtual:
                raise StepInvalid("`until` needs virtual time; this server runs on the clock of the machine")
            self.scene.call(AdvanceClock(until=step.until, company=self._company_of(step)))
        return []

    def _company_of(self, step: Step) -> str | None:
        companies = self.script.story.given.companies
        slug = step.company or (companies[0].slug if len(companies) == 1 else None)
        return None if slug is None else self.scene.named(slug)

    def _do(self, step: Step) -> list[Mismatch]:
        assert step.do is not None
        expect = step.expect or Expect()
        try:
            answer = self._perform(step)
        except OperationRefused as refusal:
            if expect.refused == refusal.problem.code:
                self._settle(step)
                return []
            return [Mismatch(step.do, expect.refused or "done", f"{refusal.problem.code}: {refusal.problem.message}")]
        if expect.refused is not None:
            return [Mismatch(step.do, f"refused with {expect.refused}", "done")]
        if step.as_ is not None:
            self.scene.results[step.as_] = answer
        self._settle(step)
        return result_mismatches(expect.result or {}, answer, self.scene.results)

    def _perform(self, step: Step) -> Any:
        assert step.do is not None
        asked = input_of(step.do, self._renamed(step.with_), self.scene.results)
        if not isinstance(asked, Act):
            operation: Operation[Any] = asked
            return without_secrets(msgspec.to_builtins(self.scene.call(operation)))
        if asked.needs_own_server and self.scene.own is None:
            raise StepInvalid(f"{step.do} needs a server of the story's own")
        if asked.needs_virtual_time and not self.scene.is_virtual:
            raise StepInvalid(f"{step.do} needs virtual time; this server runs on the clock of the machine")
        return without_secrets(asked.play(self.scene))

    def _renamed(self, fields: Any) -> dict[str, Any]:
        """Companies as the server calls them."""
        return {
            key: self.scene.named(value) if key == REFERS_TO_COMPANY and isinstance(value, str) else value
            for key, value in fields.items()
        }

    def _settle(self, step: Step) -> None:
        """An operation settles by itself; an act comes from outside."""
        if step.settle and step.do in ACTS:
            self.scene.settle()

    def _await(self, expect: Expect) -> list[Mismatch]:
        """Look until all is true or the time that it may take is over: virtual time, where there is any."""
        if self.scene.is_virtual:
            return self._await_virtually(expect, read_span(expect.within) if expect.within is not None else 0)
        deadline = time.monotonic() + (read_span(expect.within) if expect.within is not None else PATIENCE_S)
        while (found := mismatches(expect, self.scene)) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return found

    def _await_virtually(self, expect: Expect, within_s: float) -> list[Mismatch]:
        """From moment to moment at which something is due; the clock stands where it became true."""
        clock = self.scene.call(ShowClock())
        started = clock.now
        while found := mismatches(expect, self.scene):
            left_s = within_s - (clock.now - started).total_seconds()
            due = clock.next_due_at
            if left_s <= 0:
                return found
            if due is None or (due - clock.now).total_seconds() > left_s:
                self.scene.call(AdvanceClock(seconds=left_s))
                return mismatches(expect, self.scene)
            clock = self.scene.call(AdvanceClock(until=due.isoformat()))
        return []


def title_of(step: Step) -> str:
    """What a step is called where it is told."""
    if step.say is not None:
        return step.say
    if step.do is not None:
        words = [value for value in step.with_.values() if isinstance(value, str) and "${" not in value]
        return f"{step.do} {', '.join(words)}".strip()
    if step.advance is not None:
        return f"{step.advance} pass"
    return f"until {step.until}" if step.until is not None else "what is expected by now"
