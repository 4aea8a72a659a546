"""From a key to a form: each action opens the form with what is selected and what it offers to choose from.

Forms are imported when they are first opened; none of them is needed to paint the first screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from textual.screen import ModalScreen

from devconsole.entry import TOPUP_RANGE, AmountRange
from relay.api import (
    CallView,
    CardView,
    CheckLedger,
    CompanyView,
    DeliveryView,
    EventTypeView,
    EventView,
    FailureView,
    ListCards,
    ListEventTypes,
    Operation,
    ReconcileLedger,
    RehearseEvents,
    ReloadCode,
    ReplayEvents,
    ShowClock,
    ShowDigest,
    ShowEvent,
    ShowSandbox,
    ShowTrace,
    TopupView,
)

if TYPE_CHECKING:
    from devconsole.app import DevConsole

Row = TypeVar("Row")
Form = ModalScreen[Operation[Any] | None]


class Actions:
    """What the keys do. Every method opens a form, performs an operation, or says why there is nothing to do."""

    def __init__(self, console: DevConsole) -> None:
        self._console = console
        self._cards: tuple[CardView, ...] = ()
        self._event_types: tuple[EventTypeView, ...] = ()
        self._left: str | None = None
        """The event that the next one is compared with."""

    # What an action is about.

    def selected(self, kind: type[Row]) -> Row | None:
        """The row of this kind that is selected in the focused list, or that the screen is about."""
        screen = self._console.screen
        for holder in (screen.focused, screen):
            row = getattr(holder, "selected", None)
            if isinstance(row, kind):
                return row
        return None

    def selected_company(self) -> str | None:
        """The slug of the company that is selected, or that the selected row belongs to."""
        screen = self._console.screen
        for holder in (screen.focused, screen):
            row = getattr(holder, "selected", None)
            slug = row.slug if isinstance(row, CompanyView) else getattr(row, "company_slug", None)
            if slug is not None:
                return str(slug)
        return None

    @property
    def _companies(self) -> tuple[CompanyView, ...]:
        return self._console.snapshot.companies

    @property
    def _topup_range(self) -> AmountRange:
        """What the server takes; until it is known, what it takes when nothing else is set."""
        status = self._console.snapshot.status
        if status is None:
            return TOPUP_RANGE
        return AmountRange(least_cents=status.topup_min_cents, most_cents=status.topup_max_cents)

    # Money in and out.

    def simulate_call(self) -> None:
        from devconsole.screens.modals.simulate_call import SimulateCallForm

        self._open(SimulateCallForm(self._companies, company=self.selected_company()))

    async def top_up(self) -> None:
        from devconsole.screens.modals.topup import TopupForm

        card = self.selected(CardView)
        cards = await self.cards()
        company = self.selected_company()
        look = self._console.source.call
        chosen = card.name if card else None
        self._open(
            TopupForm(self._companies, cards, company=company, card=chosen, amounts=self._topup_range, look=look)
        )

    def checkout(self) -> None:
        from devconsole.screens.modals.topup import CheckoutForm

        look, amounts = self._console.source.call, self._topup_range
        form = CheckoutForm(self._companies, company=self.selected_company(), amounts=amounts, look=look)
        self._console.open_form(form, self._open_page)

    def _open_page(self, topup: TopupView) -> None:
        if topup.checkout_url is not None:
            self._console.open_url(topup.checkout_url)

    def drain(self) -> None:
        from devconsole.screens.modals.drain import DrainForm

        self._open(DrainForm(self._companies, company=self.selected_company()))

    async def auto_topup(self) -> None:
        from devconsole.screens.modals.auto_topup import AutoTopupForm

        cards = await self.cards()
        now = self._console.clock.now()
        self._open(AutoTopupForm(self._companies, cards, now=now, company=self.selected_company()))

    def check_auto_topup(self) -> None:
        from devconsole.screens.modals.auto_topup import CheckAutoTopupForm

        now = self._console.clock.now()
        self._open(CheckAutoTopupForm(self._companies, now=now, company=self.selected_company()))

    def create_company(self) -> None:
        from devconsole.screens.modals.create_company import CreateCompanyForm

        self._open(CreateCompanyForm(self._companies))

    # Calls and payments that exist: the selected one, otherwise the newest that it can be done to.

    def end_call(self) -> None:
        from devconsole.screens.modals.end_call import EndCallForm

        call = self.pick(CallView, self._console.snapshot.calls, lambda call: call.status == "in_progress")
        company = self._console.snapshot.company(call.company_id) if call else None
        if call is None or company is None:
            self.nothing("No call is in progress. Press c to start one.")
        else:
            self._open(EndCallForm(call, company))

    def refund_call(self) -> None:
        from devconsole.screens.modals.refunds import RefundCallForm

        call = self.pick(CallView, self._console.snapshot.calls, call_is_refundable)
        if call is None:
            self.nothing("No charged call is left to give money back for. Press c to simulate one.")
        else:
            self._open(RefundCallForm(call))

    def refund_payment(self) -> None:
        from devconsole.screens.modals.refunds import RefundPaymentForm

        topup = self.pick(TopupView, self._console.snapshot.topups, payment_is_refundable)
        if topup is None:
            self.nothing("No payment is left to send back. Press t to top up.")
        else:
            self._open(RefundPaymentForm(topup))

    def cancel_topup(self) -> None:
        from devconsole.screens.modals.confirm import CancelTopupForm

        topup = self.pick(TopupView, self._console.snapshot.topups, lambda topup: topup.status in OPEN_TOPUPS)
        if topup is None:
            self.nothing("No top-up is open.")
        else:
            self._open(CancelTopupForm(topup))

    # Events.

    async def trigger(self) -> None:
        from devconsole.screens.modals.trigger_event import TriggerEventForm

        if not self._event_types:
            self._event_types = (await self._console.source.call(ListEventTypes())).rows
        self._open(TriggerEventForm(self._event_types, self._companies, company=self.selected_company()))

    def replay(self) -> None:
        event, failure = self.selected(EventView), self.selected(FailureView)
        if event is not None:
            self._console.perform(ReplayEvents(events=(event.event_id,)))
        elif failure is not None and failure.replayable:
            self._console.perform(ReplayEvents(events=(failure.reference,)))
        elif failure is not None:
            self.nothing(failure.remedy or "Only events can be replayed.")
        else:
            self.nothing("Select an event first.")

    def explain_signature(self) -> None:
        from devconsole.screens.modals.explain_signature import ExplainSignatureForm

        self._open(ExplainSignatureForm())

    def replay_failed(self) -> None:
        from devconsole.screens.modals.confirm import ReplayFailedForm

        status = self._console.snapshot.status
        if status is None or not status.failures:
            self.nothing("Nothing has failed.")
        else:
            self._open(ReplayFailedForm(status.failures))

    def rehearse(self) -> None:
        event = self._selected_event("Select an event first.")
        if event is not None:
            self._console.perform(RehearseEvents(events=(event,)), self._console.open_if_rehearsed)

    async def edit_event(self) -> None:
        from devconsole.screens.modals.edit_event import EditEventForm

        event = self._selected_event("Select an event first.")
        if event is not None:
            detail = await self._console.source.call(ShowEvent(event=event))
            self._console.open_form(EditEventForm(detail), self._console.open_if_rehearsed)

    def mark_event(self) -> None:
        from devconsole.screens.modals.mark_event import MarkEventForm

        if (event := self.selected(EventView)) is None:
            self.nothing("Select an event first.")
        else:
            self._open(MarkEventForm(event))

    def compare(self) -> None:
        """The first event is remembered until there is a second; the same one twice stands for its attempts."""
        event = self._selected_trial() or self._selected_event("Select an event first.")
        if event is None:
            return
        left, self._left = self._left, None
        if left is None:
            self._left = event
            again = "" if event.startswith("delivery_") else ", or again here for its attempts"
            self._console.notify(f"{event}: press = on the other{again}.", title="Compare")
        else:
            self._console.clear_notifications()
            self._console.open_comparison(left, event if event != left else None)

    def trace(self) -> None:
        from devconsole.screens.modals.trace_id import TraceForm

        self._console.push_screen(TraceForm(), self._trace_asked)

    def _trace_asked(self, asked: Operation[Any] | None) -> None:
        if isinstance(asked, ShowTrace):
            self._console.destinations.open_trace(asked.id)

    def _selected_trial(self) -> str | None:
        """The delivery or attempt that is selected below an event, or a delivery in a list or on its own screen."""
        from devconsole.effects import Trial

        if (delivery := self.selected(DeliveryView)) is not None:
            return f"delivery_{delivery.id}"
        screen = self._console.screen
        trial, event = getattr(screen.focused, "selected", None), getattr(screen, "selected", None)
        if not isinstance(trial, Trial) or not isinstance(event, EventView):
            return None
        return trial.id if trial.id.startswith("delivery_") else f"{event.event_id}#{trial.id.partition('_')[2]}"

    def _selected_event(self, otherwise: str) -> str | None:
        event, failure = self.selected(EventView), self.selected(FailureView)
        if event is not None:
            return event.event_id
        if failure is not None and failure.replayable:
            return failure.reference
        self.nothing(otherwise)
        return None

    # The server.

    def reload_code(self) -> None:
        self._console.perform(ReloadCode())

    def doctor(self) -> None:
        from devconsole.screens.doctor import DoctorScreen

        self._console.push_screen(DoctorScreen())

    def check_ledger(self) -> None:
        self._console.perform(CheckLedger())

    async def reconcile(self) -> None:
        from devconsole.screens.modals.reconcile import ReconcileForm

        found = await self._console.source.call(ReconcileLedger())
        self._open(ReconcileForm(found.comparison))

    async def tend_sandbox(self) -> None:
        from devconsole.screens.modals.sandbox import SandboxForm

        self._open(SandboxForm(await self._console.source.call(ShowSandbox())))

    async def move_clock(self) -> None:
        from devconsole.screens.modals.clock import ClockForm

        clock = await self._console.source.call(ShowClock())
        if clock.virtual:
            self._open(ClockForm(clock, self._companies, company=self.selected_company()))
        else:
            self.nothing("This server runs on the clock of the machine; `devconsole server --virtual-clock` does not.")

    def show_digest(self) -> None:
        self._console.perform(ShowDigest(), lambda answer: self._console.copy_to_clipboard(answer.digest))

    def test_mode(self) -> None:
        from devconsole.screens.modals.confirm import TestModeForm

        if (status := self._console.snapshot.status) is not None:
            self._open(TestModeForm(status.test_mode))

    async def cards(self) -> tuple[CardView, ...]:
        """The test cards; asked for once."""
        if not self._cards:
            self._cards = (await self._console.source.call(ListCards())).rows
        return self._cards

    def pick(self, kind: type[Row], newest_first: tuple[Row, ...], fits: Any) -> Row | None:
        selected = self.selected(kind)
        if selected is not None and fits(selected):
            return selected
        return next((row for row in newest_first if fits(row)), None)

    def _open(self, form: Form) -> None:
        self._console.open_form(form)

    def nothing(self, why: str) -> None:
        self._console.notify(why, title="Nothing to do", severity="warning", markup=False)


OPEN_TOPUPS = ("pending", "processing", "requires_action")
"""A Checkout is processing from the moment its page exists."""


def call_is_refundable(call: CallView) -> bool:
    return call.charge_status == "charged" and (call.amount_cents or 0) > call.refunded_cents


def payment_is_refundable(topup: TopupView) -> bool:
    return topup.status == "succeeded" and topup.amount_cents > topup.refunded_cents
