"""Stories for a demo whose server is a script, and stages that remember whether they were taken down."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devconsole.demo.console import DemoConsole
from devconsole.demo.stage import Stage
from devconsole.output import Failure
from devconsole.scenario.scene import Scene
from devconsole.scenario.script import Script, parse
from devconsole.source import Address
from relay.api import ClockView, EventPage, ListBalances, ListEvents, Operation, Page, ShowClock
from tests.support.console import FakeSource, FrozenClock
from tests.support.playing import PATIENCE_S

PATIENT_S = 3_600.0
"""A pace at which nothing goes on by itself while a test runs."""

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

GOOD = """
title: A top-up in two steps
description: Acme has 10 euros.
steps:
  - say: Acme opens a Checkout page
  - say: They pay it with a Visa
"""

WRONG = """
title: A story that does not come true
steps:
  - say: The balance is 60 euros
    expect: {balances: {acme: 60.00}, ledger_check: false, within: 0}
  - say: This is never told
"""


def take(name: str, text: str) -> Script:
    return parse(text, Path(f"{name}.yaml"))[0]


class NobodyThere:
    """A server without companies."""

    def call(self, operation: Operation[Any]) -> Any:
        if isinstance(operation, ShowClock):
            return ClockView(now=NOW, virtual=False, seed=None, next_due_at=None)
        if isinstance(operation, ListEvents):
            return EventPage(rows=(), first_id=0, last_id=0, total=0)
        assert isinstance(operation, ListBalances), operation
        return Page[Any](rows=(), total=0)


class ScriptedStages:
    """Counts what is built and taken down. Nothing is built before `may_build` is set; `refusal` is raised instead."""

    def __init__(self, *, at_once: bool = True, refusal: Failure | None = None) -> None:
        self.built = self.ended = 0
        self.refusal = refusal
        self.may_build = threading.Event()
        if at_once:
            self.may_build.set()

    def close(self) -> None:
        """Nothing is kept."""

    @contextlib.contextmanager
    def __call__(self, _script: Script, /) -> Iterator[Stage]:
        assert self.may_build.wait(PATIENCE_S)
        if self.refusal is not None:
            raise self.refusal
        self.built += 1
        try:
            yield Stage(Scene(NobodyThere(), Path()), Address(f"http://127.0.0.1:{self.built}", "token"))
        finally:
            self.ended += 1


def demo(
    source: FakeSource,
    *takes: Script,
    stages: ScriptedStages | None = None,
    seconds: float = PATIENT_S,
    once: bool = False,
) -> DemoConsole:
    return DemoConsole(
        source, takes, stages=stages or ScriptedStages(), seconds=seconds, once=once, clock=FrozenClock()
    )
