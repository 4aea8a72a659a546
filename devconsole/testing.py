"""devconsole in somebody's own tests: a server of the test's own, companies, a clock, cards, faults, expectations.

The pytest plugin hands one of these out as the fixture `devconsole`. Everything is synchronous, so that tests of any
kind can use it; the server runs on an event loop in a thread of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from devconsole.entry import read_span
from devconsole.scenario import suite
from devconsole.scenario.acts.checkout import PayCheckout
from devconsole.scenario.blame import trace_of
from devconsole.scenario.expectations import euros, mismatches
from devconsole.scenario.given import bring_about
from devconsole.scenario.inputs import cents_of
from devconsole.scenario.report import lines_of
from devconsole.scenario.scene import Scene
from devconsole.scenario.script import load
from devconsole.scenario.story import Expect, Given, GivenCompany
from devconsole.settings import SANDBOX_KEY
from devconsole.virtual.host import VirtualServer
from relay.api import (
    AddForwardTarget,
    AdvanceClock,
    CardView,
    CheckoutTopup,
    ClockView,
    CreateTopup,
    EventView,
    ForwardView,
    ListCards,
    ListEvents,
    ListLedger,
    ShowBalance,
    ShowClock,
    ShowForwardTarget,
    SimulateCall,
    SwitchFaultOn,
    SwitchFaultsOff,
    TopupView,
)
from relay.secrets import SANDBOX

WITHIN = "1h"
"""So much virtual time an event may take to come, unless the test says otherwise."""


class Clock:
    """The server's clock: it stands still until the test moves it."""

    def __init__(self, server: VirtualServer) -> None:
        self._server = server

    @property
    def now(self) -> datetime:
        return self._shown().now

    def advance(self, span: str | float) -> datetime:
        """Move it by `24h`, `15min` or seconds; all that falls due on the way is carried out. Returns the new time."""
        seconds = read_span(span) if isinstance(span, str) else span
        return self._moved(AdvanceClock(seconds=seconds))

    def until(self, moment: str | datetime, *, company: str | None = None) -> datetime:
        """Move it to a time, or to `next due`, `next day`, `next month`, `next auto top-up allowed` (of `company`)."""
        words = moment.isoformat() if isinstance(moment, datetime) else moment
        return self._moved(AdvanceClock(until=words, company=company))

    def settle(self) -> None:
        """Wait until all that is due by now has been done: webhooks delivered, handled and forwarded."""
        self.advance(0)

    @property
    def next_due(self) -> datetime | None:
        """When something will happen by itself."""
        return self._shown().next_due_at

    def _shown(self) -> ClockView:
        shown: ClockView = self._server.call(ShowClock())
        return shown

    def _moved(self, operation: AdvanceClock) -> datetime:
        moved: ClockView = self._server.call(operation)
        return moved.now


@dataclass(frozen=True)
class Company:
    """A company of the test. Amounts are text in euros: `50.00`."""

    slug: str
    _bench: Devconsole

    @property
    def balance(self) -> str:
        return euros(self.balance_cents)

    @property
    def balance_cents(self) -> int:
        return int(self._bench.call(ShowBalance(company=self.slug)).balance_cents)

    @property
    def ledger(self) -> list[str]:
        """Its rows, oldest first, as `topup 50.00`."""
        rows = self._bench.call(ListLedger(company=self.slug, limit=500)).rows
        return [f"{row.type} {euros(row.money_cents + row.bonus_cents + row.reserved_cents)}" for row in reversed(rows)]

    def top_up(self, amount: str, *, card: str | None = "visa") -> TopupView:
        """Charge a test card at once; all that follows has happened when it returns."""
        topup: TopupView = self._bench.call(CreateTopup(company=self.slug, amount_cents=cents_of(amount), card=card))
        return topup

    def checkout(self, amount: str) -> TopupView:
        """Open a Checkout page; `checkout_url` leads there, `Devconsole.pay` pays it without a browser."""
        topup: TopupView = self._bench.call(CheckoutTopup(company=self.slug, amount_cents=cents_of(amount)))
        return topup

    def call(self, seconds: int) -> None:
        """A call that has just ended."""
        self._bench.call(SimulateCall(company=self.slug, duration_s=seconds))


class Devconsole:
    """A running server on free ports, always on the sandbox, always on virtual time."""

    def __init__(self, server: VirtualServer) -> None:
        self._server = server
        self._scene = Scene(server, Path(), own=server)
        self.clock = Clock(server)
        self.stripe_key = SANDBOX_KEY
        """For an SDK that is pointed at `stripe_url`."""

    # Addresses ------------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The relay and its control API."""
        return self._server.running.record.relay_url

    @property
    def webhook_url(self) -> str:
        return self._server.running.record.webhook_url

    @property
    def stripe_url(self) -> str:
        """The sandbox: `StripeClient(bench.stripe_key, base_addresses={"api": bench.stripe_url})`."""
        return str(self._server.running.record.sandbox_url)

    @property
    def home(self) -> Path:
        """Its home directory: `devconsole --home` opens it afterwards."""
        return self._server.home.path

    def call(self, operation: Any) -> Any:
        """Any operation of `relay.api`. Raises `OperationRefused`."""
        return self._server.call(operation)

    # Who and what there is -------------------------------------------------------------------------------------------

    def company(self, slug: str = "acme", **given: Any) -> Company:
        """Create a company. `given` is what a scenario may give one: balance, bonus, card, rate, limits, auto_topup."""
        company = msgspec.convert({"slug": slug, **given}, GivenCompany, strict=False)
        bring_about(Given(companies=(company,)), self._scene)
        return Company(slug, self)

    @cached_property
    def cards(self) -> Mapping[str, CardView]:
        """The test cards by name."""
        return {card.name: card for card in self.call(ListCards()).rows}

    def pay(self, topup: TopupView, *, card: str = "visa", authenticate: str | None = None) -> dict[str, Any]:
        """Pay a Checkout page with a test card; the answer has `status`, `code` and `decline_code`."""
        act = msgspec.convert({"topup": topup.id, "card": card, "authenticate": authenticate}, PayCheckout)
        answer: dict[str, Any] = act.play(self._scene)
        self.clock.settle()
        return answer

    @contextlib.contextmanager
    def fault(self, name: str, **how: Any) -> Iterator[None]:
        """Let requests to Stripe, or webhooks, run into a fault (`devconsole faults list`) while the block runs."""
        self.call(SwitchFaultOn(fault=name, **how))
        try:
            yield
        finally:
            self.call(SwitchFaultsOff(fault=name))

    # The app that is tested ------------------------------------------------------------------------------------------

    @property
    def webhook_secret(self) -> str:
        """What the sandbox signs webhooks with: the app's STRIPE_WEBHOOK_SECRET."""
        return self._server.home.read_secrets()[SANDBOX]

    def forward_to(self, url: str, *, event_types: Sequence[str] = ("*",)) -> None:
        """Send the app a copy of each webhook from now on, with Stripe's own signature."""
        self.call(AddForwardTarget(url=url, event_types=tuple(event_types), sign=False))

    def forwards(self, event_type: str | None = None) -> list[ForwardView]:
        """What was sent on, oldest first, with the app's HTTP answers."""
        rows = self.call(ShowForwardTarget(target="1", limit=500)).forwards
        return [row for row in reversed(rows) if event_type in (None, row.event_type)]

    # Waiting and judging ---------------------------------------------------------------------------------------------

    def events(self, event_type: str | None = None, *, company: str | None = None) -> list[EventView]:
        """What has arrived, oldest first."""
        return list(reversed(self.call(ListEvents(type=event_type, company=company, limit=1000)).rows))

    def wait_for_event(self, event_type: str, *, company: str | None = None, within: str = WITHIN) -> EventView:
        """The first event of this type, once it has come. Time is moved no longer than needed, `within` at most."""
        self.clock.settle()
        ends = self.clock.now.timestamp() + read_span(within)
        while not (found := self.events(event_type, company=company)):
            due = self.clock.next_due
            if due is None or due.timestamp() > ends:
                there = ", ".join(event.type for event in self.events()) or "none"
                raise AssertionError(f"no {event_type} came within {within}; there are: {there}")
            self.clock.until(due)
        return found[0]

    def expect(self, **expected: Any) -> None:
        """Assert what a scenario may expect: `expect(balances={"acme": "60.00"}, never={"events": [...]})`.

        Raises `AssertionError` with expected beside actual, and the trace of the event to blame.
        """
        self.clock.settle()
        found = mismatches(msgspec.convert(expected, Expect, strict=False), self._scene)
        if found:
            lines = (str(each) for each in found)
            raise AssertionError("\n".join((*lines, *trace_of(found, self._scene))))

    def expect_ledger_adds_up(self) -> None:
        """Assert that every balance is the sum of its rows, and that nothing is booked twice or left dangling."""
        self.expect(ledger_check=True)


def play_scenario(path: Path | str, host: Any, **values: str) -> None:
    """Play a scenario file, each row of its table, on servers of their own. Raises `AssertionError` that tells why."""
    for script in load(Path(path), values):
        result = suite.play(script, host, suite.Playing(), lambda *_step: None)
        if not result.passed:
            raise AssertionError("\n".join(lines_of(result)))
