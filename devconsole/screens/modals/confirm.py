"""Questions that need no entry: what would happen, and yes or no."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from devconsole.format import count, euros, moment, words
from devconsole.screens.modals.form import Answer, Form, shown
from relay.api import CancelTopup, EventView, ReplayEvents, SwitchTestMode, TestModeView, TopupView


class Confirmation(Form):
    """A statement and the operation that it asks about."""

    AUTO_FOCUS = "#submit"

    def __init__(self, operation: Answer, statement: str) -> None:
        super().__init__()
        self._operation, self._statement = operation, statement

    def compose_fields(self) -> ComposeResult:
        yield Static(shown(self._statement), classes="statement")

    def answer(self) -> Answer:
        return self._operation


class ReplayForm(Confirmation):
    """One event once more."""

    heading = "Replay an event"
    submit_label = "Replay"

    def __init__(self, event: EventView) -> None:
        because = f": {event.reason}" if event.reason else ""
        super().__init__(
            ReplayEvents(events=(event.event_id,)),
            f"{event.type}\n{event.event_id}, now {words(event.status)}{because}\n\n"
            "It is delivered once more, freshly signed, through the same door.\n"
            "What it has booked before is not booked again.",
        )


class ReplayFailedForm(Confirmation):
    """Everything that failed, waits for its next attempt, is unmatched or quarantined."""

    heading = "Replay what failed"
    submit_label = "Replay all"

    def __init__(self, failed: int) -> None:
        super().__init__(
            ReplayEvents(failed=True),
            f"{count(failed, 'event')} failed or could not be matched.\n\n"
            "Each is delivered once more, freshly signed, through the same door.\n"
            "What has been booked before is not booked again.",
        )


class TestModeForm(Confirmation):
    """Turn test mode off, or back on."""

    __test__ = False  # not a test class, whatever pytest makes of the name

    def __init__(self, test_mode: TestModeView) -> None:
        statement = _turn_off(test_mode) if test_mode.on else _turn_on(test_mode)
        super().__init__(SwitchTestMode(on=not test_mode.on), statement)
        self.heading = "Turn test mode off" if test_mode.on else "Turn test mode on"
        self.submit_label = "Turn off" if test_mode.on else "Turn on"


class CancelTopupForm(Confirmation):
    """Give up an open top-up."""

    heading = "Cancel a top-up"
    submit_label = "Cancel the top-up"
    cancel_label = "Keep it"

    def __init__(self, topup: TopupView) -> None:
        page = "Its Checkout page stops working. " if topup.checkout_session_id else ""
        super().__init__(
            CancelTopup(topup=topup.id),
            f"Top-up {topup.id} of {topup.company_slug}: {euros(topup.amount_cents)}, {words(topup.status)}, "
            f"since {moment(topup.created_at)}\n\n"
            f"{page}If it was paid a moment ago, the money is credited all the same.",
        )


def _turn_off(test_mode: TestModeView) -> str:
    return (
        f"The lock file {test_mode.lock_file} is removed. From then on:\n\n"
        "  · events that arrive are stored and held, not processed\n"
        "  · top-ups, calls, refunds and drains are refused\n\n"
        "Nothing is lost: what is held is processed when test mode is back."
    )


def _turn_on(test_mode: TestModeView) -> str:
    held = count(test_mode.held_events, "held event") if test_mode.held_events else "No event is held"
    processed = " will be processed" if test_mode.held_events else ""
    return f"The lock file {test_mode.lock_file} is created.\n\n{held}{processed}. Money may move again."
