"""The sandbox: set its clock ahead, keep its state in a file, put it back, forget it, roll its secret."""

from __future__ import annotations

from pathlib import Path

from textual import getters, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Select, Static

from devconsole.entry import EntryRefused, read_span
from devconsole.format import count, moment, span
from devconsole.screens.modals.form import Answer, Form, shown
from devconsole.widgets.choice import Choice
from devconsole.widgets.field import Objection
from devconsole.widgets.text_input import OptionalTextInput
from relay.api import (
    AdvanceSandbox,
    ResetSandbox,
    RestoreSandbox,
    RollSandboxSecret,
    SandboxView,
    SnapshotSandbox,
)

ADVANCE, SNAPSHOT, RESTORE, ROLL, RESET = "advance", "snapshot", "restore", "roll", "reset"
ASKS = {
    ADVANCE: ("24h", "such as 15min, 24h or 3d: sessions expire, debits settle, deliveries are tried again"),
    SNAPSHOT: ("sandbox-snapshot.db", "the file to write; an existing one is replaced"),
    RESTORE: ("sandbox-snapshot.db", "the file that a snapshot was written to"),
}
"""What an action wants to be told: a usual value, and the words under it."""
WARNINGS = {
    RESTORE: "All that it holds is replaced. What was booked here stays booked.",
    RESET: "Customers, saved cards and payments are gone at Stripe. What was booked here stays booked.",
    ROLL: "Events are signed with both secrets for a day, then with the new one alone.",
}


class SandboxForm(Form):
    """One choice, and where it needs one, a word."""

    AUTO_FOCUS = "#what Select"
    DEFAULT_CLASSES = "-wide"
    heading = "The sandbox"
    submit_label = "Do it"

    what = getters.query_one("#what", Choice)
    word = getters.query_one("#word", OptionalTextInput)

    def __init__(self, sandbox: SandboxView) -> None:
        super().__init__()
        self._sandbox = sandbox

    def compose_fields(self) -> ComposeResult:
        yield Static(shown(_state(self._sandbox)), classes="statement")
        actions = [
            ("set its clock ahead", ADVANCE),
            ("write a snapshot", SNAPSHOT),
            ("restore a snapshot", RESTORE),
            ("roll the signing secret", ROLL),
            ("reset: forget everything", RESET),
        ]
        yield Choice("Action", actions, value=ADVANCE, id="what")
        usual, hint = ASKS[ADVANCE]
        yield OptionalTextInput("With", lambda text: text.strip() or None, value=usual, hint=hint, id="word")

    @on(Select.Changed)
    def _action_changed(self) -> None:
        asks = ASKS.get(str(self.what.value))
        self.word.display = asks is not None
        if asks is not None and self.word.text in ("", *(usual for usual, _ in ASKS.values())):
            self.word.text = asks[0]
            self.word.expect(lambda text: text.strip() or None, hint=asks[1])

    def answer(self) -> Answer:
        match self.what.value:
            case "snapshot":
                return SnapshotSandbox(path=self._file())
            case "restore":
                return RestoreSandbox(path=self._file())
            case "roll":
                return RollSandboxSecret()
            case "reset":
                return ResetSandbox()
            case _:
                return AdvanceSandbox(seconds=self._seconds())

    def outcome(self) -> Content:
        return Content(WARNINGS.get(str(self.what.value), ""))

    def _seconds(self) -> int:
        try:
            return read_span(self.word.read() or "")
        except EntryRefused as refused:
            raise Objection(str(refused), at=self.word) from refused

    def _file(self) -> str:
        name = self.word.read()
        if name is None:
            raise Objection("Name a file", at=self.word)
        return str(Path(name).expanduser().absolute())


def _state(sandbox: SandboxView) -> str:
    ahead = f", {span(sandbox.ahead_seconds)} ahead" if sandbox.ahead_seconds else ""
    owed = count(sandbox.undelivered, "delivery", "deliveries")
    again = ", ".join(span(delay) for delay in sandbox.retry_delays_s)
    return (
        f"{sandbox.url}, account {sandbox.account}\n"
        f"{count(sandbox.objects, 'object')}, {count(sandbox.events, 'event')}, {owed} owed\n"
        f"what fails is {f'sent again after {again}' if again else 'not sent again'}\n"
        f"its time is {moment(sandbox.now)}{ahead}"
    )
