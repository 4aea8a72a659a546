"""Plays a story against a running server, step by step, and tells what came of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import msgspec

from devconsole.scenario.checkout import pay_checkout
from devconsole.scenario.expectations import Mismatch, mismatches, result_mismatches
from devconsole.scenario.inputs import StepInvalid, cents_of, operation_of, resolve
from devconsole.scenario.story import Expect, GivenCompany, Step, Story
from relay.api import CreateCompany, Operation, SetAutoTopup
from relay.errors import OperationRefused

R = TypeVar("R")

POLL_S = 0.05
"""Between two looks at an expectation that may still become true."""


class Server(Protocol):
    """The one call that a story makes; the synchronous client fulfils it."""

    def call(self, operation: Operation[R]) -> R: ...


@dataclass(frozen=True)
class StepResult:
    """What came of one step. `problem` is set when it could not be done as written."""

    number: int
    title: str
    duration_s: float
    mismatches: tuple[Mismatch, ...] = ()
    problem: str | None = None

    @property
    def passed(self) -> bool:
        return self.problem is None and not self.mismatches


@dataclass
class Run:
    """One playing of one story: the answers so far, by the names given with `as`."""

    story: Story
    server: Server
    results: dict[str, Any] = field(default_factory=dict)

    def play(self) -> Iterator[StepResult]:
        """Prepare what is given, then play the steps."""
        self.prepare()
        yield from self.steps()

    def prepare(self) -> None:
        """Bring about what is given."""
        for company in self.story.given.companies:
            prepare(self.server, company)

    def steps(self) -> Iterator[StepResult]:
        """Yield one result per step; stops after the first that failed."""
        for number, step in enumerate(self.story.steps, start=1):
            result = self._step(number, step)
            yield result
            if not result.passed:
                return

    def _step(self, number: int, step: Step) -> StepResult:
        start = time.monotonic()
        expect = step.expect or Expect()
        title = step.say or step.do or "expect"
        found: list[Mismatch] = []
        try:
            if step.do is not None:
                found.extend(self._do(step, expect))
            if step.expect is not None and not found:
                found.extend(self._await(expect))
        except StepInvalid as error:
            return StepResult(number, title, time.monotonic() - start, problem=str(error))
        return StepResult(number, title, time.monotonic() - start, tuple(found))

    def _do(self, step: Step, expect: Expect) -> list[Mismatch]:
        assert step.do is not None
        try:
            answer = self._perform(step)
        except OperationRefused as refusal:
            if expect.refused == refusal.problem.code:
                return []
            return [Mismatch(step.do, expect.refused or "done", f"{refusal.problem.code}: {refusal.problem.message}")]
        if expect.refused is not None:
            return [Mismatch(step.do, f"refused with {expect.refused}", "done")]
        if step.as_ is not None:
            self.results[step.as_] = answer
        return result_mismatches(expect.result or {}, answer)

    def _perform(self, step: Step) -> Any:
        assert step.do is not None
        if step.do in SPECIAL:
            return SPECIAL[step.do](self.server, resolve(dict(step.with_), self.results))
        operation = operation_of(step.do, step.with_, self.results)
        return msgspec.to_builtins(self.server.call(operation))

    def _await(self, expect: Expect) -> list[Mismatch]:
        deadline = time.monotonic() + expect.within
        while (found := mismatches(expect, self.server.call)) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return found


def prepare(server: Server, company: GivenCompany) -> None:
    """Create a company as the story gives it."""
    server.call(
        CreateCompany(
            company_name=company.name or company.slug,
            slug=company.slug,
            opening_balance_cents=cents_of(company.balance),
            prepaid_billing_enabled=company.prepaid,
        )
    )
    if (settings := company.auto_topup) is not None:
        server.call(
            SetAutoTopup(
                company=company.slug,
                enabled=True,
                threshold_cents=cents_of(settings.threshold),
                amount_cents=cents_of(settings.amount),
                card=settings.card,
            )
        )


SPECIAL: dict[str, Callable[[Server, dict[str, Any]], Any]] = {"checkout.pay": pay_checkout}
"""Steps that are no operation: somebody acts at Stripe's side."""
