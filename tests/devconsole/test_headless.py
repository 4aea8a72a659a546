"""One line per event, and a printer that never makes the server wait."""

from __future__ import annotations

import io
import threading
from datetime import UTC

import msgspec
import pytest

from devconsole.headless import WAITING_MAX, LinePrinter, Narrator
from relay.api import FeedItem, FeedKind, View
from tests.support import views
from tests.support.processes import until


def item(kind: FeedKind, row: View) -> FeedItem:
    return FeedItem(kind=kind, seq=1, epoch="e", at=views.NINE, row=msgspec.Raw(msgspec.json.encode(row)))


@pytest.fixture
def narrator() -> Narrator:
    return Narrator(zone=UTC)


def test_a_line_tells_time_type_company_amount_state_and_the_balance_after_it(narrator: Narrator) -> None:
    event = views.event(
        1,
        type="payment_intent.succeeded",
        status="completed",
        reason="top-up 7 was credited",
        company_id=1,
        company_slug="acme-telefon",
        amount_cents=5000,
        currency="eur",
        received_at=views.NINE,
    )
    lines = narrator.lines([item(FeedKind.EVENT, event), item(FeedKind.BALANCE, views.balance(1, balance_cents=15000))])
    assert lines == [
        "09:00:00  payment_intent.succeeded  acme-telefon  50.00 EUR  completed: top-up 7 was credited"
        "  balance 150.00 EUR (good)"
    ]


def test_an_event_of_nobody_says_so(narrator: Narrator) -> None:
    event = views.event(1, status="ignored", reason=None, company_id=None, company_slug=None, amount_cents=None)
    (line,) = narrator.lines([item(FeedKind.EVENT, event)])
    assert "no company of ours  ignored" in line
    assert "balance" not in line


def test_an_event_is_told_when_something_was_done_with_it(narrator: Narrator) -> None:
    assert narrator.lines([item(FeedKind.EVENT, views.event(1, status="pending", retry_count=0))]) == []
    assert len(narrator.lines([item(FeedKind.EVENT, views.event(1, status="pending", retry_count=1))])) == 1
    assert len(narrator.lines([item(FeedKind.EVENT, views.event(1, status="held"))])) == 1


def test_a_reason_from_outside_cannot_steer_the_terminal(narrator: Narrator) -> None:
    event = views.event(1, status="failed", reason="\x1b[2J\nfalse line")
    (line,) = narrator.lines([item(FeedKind.EVENT, event)])
    assert "\x1b" not in line
    assert "\n" not in line


class Paused(io.StringIO):
    """A terminal after Ctrl+S: the first write waits until somebody goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def write(self, text: str) -> int:
        self.reached.set()
        assert self.go_on.wait(30)
        return super().write(text)


def test_a_paused_terminal_costs_lines_and_no_time() -> None:
    terminal = Paused()
    printer = LinePrinter(terminal)
    printer.print(["first"])
    assert terminal.reached.wait(30)
    printer.print(f"line {number}" for number in range(WAITING_MAX + 200))  # returns although nobody reads
    terminal.go_on.set()
    printer.close(timeout_s=30)
    printed = terminal.getvalue().splitlines()
    assert printed[0] == "first"
    assert len(printed) == 1 + WAITING_MAX


def test_what_was_left_out_is_counted_when_there_is_room_again() -> None:
    terminal = Paused()
    printer = LinePrinter(terminal)
    printer.print(["first"])
    assert terminal.reached.wait(30)
    printer.print("line" for _ in range(WAITING_MAX + 3))
    terminal.go_on.set()
    until(lambda: len(terminal.getvalue().splitlines()) == 1 + WAITING_MAX, what="room")
    printer.print(["last"])
    printer.close(timeout_s=30)
    assert terminal.getvalue().splitlines()[-2:] == ["(3 lines left out)", "last"]


def test_nobody_reads_any_more_and_the_server_goes_on() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    printer = LinePrinter(Gone())
    for _ in range(3):
        printer.print(["line"] * WAITING_MAX)
    printer.close(timeout_s=0.01)
