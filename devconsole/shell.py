"""What the console knows, and how an operation is asked for in the background and told in a sentence.

It holds no business logic: forms return operations, the server carries them out. Imports inside of functions serve
the first frame: what it does not need is imported after it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from textual import work
from textual.app import App
from textual.screen import ModalScreen, Screen
from textual.signal import Signal
from textual.worker import Worker

from devconsole import themes
from devconsole.screens.overview import OverviewScreen
from devconsole.source import Source
from devconsole.store import Snapshot, Update

if TYPE_CHECKING:
    from billing.clock import Clock
    from devconsole.actions import Actions
    from devconsole.app import DevConsole
    from devconsole.outcomes import Outcome
    from relay.api import Operation

R = TypeVar("R")
Then = Callable[[R], object]


class Shell(App[int]):
    """Follows one server; `updates` tells screens of every change."""

    DEFAULT_MODE = "overview"

    def __init__(
        self,
        source: Source,
        *,
        clock: Clock | None = None,
        theme: str | None = None,
        theme_file: Path | None = None,
    ) -> None:
        """`theme` names the one to start with; otherwise it is the one that `theme_file` remembers."""
        super().__init__()
        self.source = source
        self.snapshot = Snapshot()
        """What is known now; replaced as a whole with each update."""
        self._clock = clock
        self.stopped_by: Exception | None = None
        """Why the console ended on its own: its server could not be started, or refuses it."""
        self.updates: Signal[Update] = Signal(self, "updates")
        """Every change of the snapshot. Screens subscribe when they are mounted."""
        for ours in themes.OURS:
            self.register_theme(ours)
        self._theme_file = theme_file
        self.theme = theme or themes.remembered(theme_file)

    # What is known.

    @cached_property
    def clock(self) -> Clock:
        if self._clock is not None:
            return self._clock
        from billing.clock import SystemClock

        return SystemClock()

    def now(self) -> datetime:
        return self.clock.now()

    def get_default_screen(self) -> Screen[Any]:
        return OverviewScreen()

    def on_mount(self) -> None:
        # A mode whose screen exists already: declared in `MODES`, its style sheets would be parsed twice at the start.
        self.add_mode(self.DEFAULT_MODE, OverviewScreen)
        self.call_after_refresh(self._follow)

    @work(group="follow")
    async def _follow(self) -> None:
        from devconsole.folding import Store
        from devconsole.live import Follower
        from devconsole.output import Failure
        from relay.errors import RelayError

        try:
            await Follower(self.source, Store(), self._publish).follow()
        except (RelayError, Failure) as error:
            self.stopped_by = error
            self.exit(return_code=1)

    def _publish(self, update: Update) -> None:
        self.snapshot = update.snapshot
        self.updates.publish(update)

    # What is done.

    @cached_property
    def actions(self) -> Actions:
        from devconsole.actions import Actions

        return Actions(cast("DevConsole", self))

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
        from devconsole.outcomes import failed, outcome
        from relay.errors import RelayError

        try:
            answer = await self.source.call(operation)
        except RelayError as error:
            self._say(failed(error))
        else:
            self._say(outcome(operation, answer))
            if then is not None:
                then(answer)

    def tell_of_server(self, says: str) -> None:
        """Something happened to the server itself."""
        self.notify(says[:1].upper() + says[1:], title="Server", severity="warning", timeout=20, markup=False)

    def _say(self, outcome: Outcome) -> None:
        self.notify(outcome.sentence, title=outcome.title, severity=outcome.severity, markup=False)

    def _act(self, action: Callable[[], Coroutine[Any, Any, None] | None]) -> None:
        """Carry out an action; one that has to ask the server first does so in the background."""
        if (asking := action()) is not None:
            self.run_worker(self._ask(asking), group="ask", exclusive=True)

    async def _ask(self, asking: Coroutine[Any, Any, None]) -> None:
        from devconsole.outcomes import failed
        from relay.errors import RelayError

        try:
            await asking
        except RelayError as error:
            self._say(failed(error))
