"""Everything that a filter lets through once more, or tried first on a copy."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Button

from devconsole.screens.modals.confirm import Confirmation
from relay.api import RehearseEvents, ReplayEvents


class ReplayMatchingForm(Confirmation):
    """How many there are, and what a replay does."""

    heading = "Replay what matches"
    submit_label = "Replay"
    BINDINGS = [Binding("ctrl+t", "try", "Dry run", id="replay-matching.try")]

    def __init__(self, filter: str, matching: str) -> None:
        self._filter = filter
        super().__init__(
            ReplayEvents(filter=filter),
            f"{matching} match {filter}\n\n"
            "Each of the newest 500 at most is delivered once more, freshly signed, through the same door.\n"
            "What has been booked before is not booked again.\n\n"
            "A dry run shows first what would change.",
        )

    def key_hints(self) -> str:
        return "enter replay · ctrl+t dry run · esc cancel"

    def compose_buttons(self) -> ComposeResult:
        yield Button("Dry run", id="try", compact=True)
        yield from super().compose_buttons()

    @on(Button.Pressed, "#try")
    def action_try(self) -> None:
        self.send(RehearseEvents(filter=self._filter))
