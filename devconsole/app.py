"""The console itself: what is known, who is asked, and how an action becomes an operation and a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from textual.app import App
from textual.screen import ModalScreen
from textual.worker import Worker

from devconsole import outcomes
from devconsole.source import OperationRefused, ServerUnreachable, Source
from devconsole.store import Snapshot, Store
from relay.api import Operation

R = TypeVar("R")
Then = Callable[[R], object]


class DevConsole(App[int]):
    """A console on one server. It holds no business logic: forms return operations, the server carries them out."""

    TITLE = "devconsole"

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source
        self.store = Store()

    @property
    def snapshot(self) -> Snapshot:
        """What is known now."""
        return self.store.snapshot

    def open_form(self, form: ModalScreen[Operation[Any] | None], then: Then[Any] | None = None) -> None:
        """Show a form; the operation that it returns is performed."""

        def answered(operation: Operation[Any] | None) -> None:
            if operation is not None:
                self.perform(operation, then)

        self.push_screen(form, answered)

    def perform(self, operation: Operation[R], then: Then[R] | None = None) -> Worker[None]:
        """Ask the server in the background, say in a sentence what came of it, then hand the answer to `then`."""
        return self.run_worker(self._perform(operation, then), group="perform", name=operation.name)

    async def _perform(self, operation: Operation[R], then: Then[R] | None) -> None:
        try:
            answer = await self.source.call(operation)
        except OperationRefused as error:
            self._say(outcomes.refused(error.problem))
        except ServerUnreachable as error:
            self._say(outcomes.Outcome(f"{error}. Nothing was done.", "error", "No connection"))
        else:
            self._say(outcomes.outcome(operation, answer))
            if then is not None:
                then(answer)

    def _say(self, outcome: outcomes.Outcome) -> None:
        self.notify(outcome.sentence, title=outcome.title, severity=outcome.severity, markup=False)
