"""Send an event of any known type to the webhook."""

from __future__ import annotations

from collections.abc import Sequence

from textual import getters
from textual.app import ComposeResult
from textual.content import Content

from devconsole.entry import AmountRange
from devconsole.screens.modals.form import Answer, Form
from devconsole.widgets.choice import Choice
from devconsole.widgets.field import Field, Objection
from devconsole.widgets.picker import Entry, Picker
from relay.api import CompanyView, EventTypeView, TriggerEvent

USUAL = "payment_intent.succeeded"
"""What is highlighted first: the event that most people come to see."""

NO_COMPANY = ""
AMOUNTS = AmountRange(least_cents=1, most_cents=10_000_000)


class OptionalAmountInput(Field[int | None]):
    """Decimal euros as cents; empty leaves the amount of the template."""


def _read_optional_amount(text: str) -> int | None:
    return AMOUNTS.read(text) if text.strip() else None


class TriggerEventForm(Form):
    """A searchable list of event types with what billing does on each."""

    AUTO_FOCUS = "#type Input"
    DEFAULT_CLASSES = "-wide"
    heading = "Trigger an event"
    submit_label = "Send"

    types = getters.query_one("#type", Picker)
    company = getters.query_one("#company", Choice)
    amount = getters.query_one("#amount", OptionalAmountInput)

    def __init__(
        self,
        event_types: Sequence[EventTypeView],
        companies: Sequence[CompanyView],
        *,
        company: str | None = None,
        type: str | None = None,
    ) -> None:
        super().__init__()
        self._event_types, self._companies = tuple(event_types), tuple(companies)
        self._preselected, self._type = company, type

    def compose_fields(self) -> ComposeResult:
        width = max((len(event_type.type) for event_type in self._event_types), default=0)
        yield Picker(
            "Event",
            [_entry(event_type, width) for event_type in self._event_types],
            highlighted=self._type or USUAL,
            placeholder="type to search: refund, checkout, dispute …",
            nothing="No event type matches; clear the search to see all of them.",
            id="type",
        )
        yield Choice(
            "Company",
            [("none: an event that belongs to nobody", NO_COMPANY), *((row.name, row.slug) for row in self._companies)],
            value=self._preselected or NO_COMPANY,
            id="company",
        )
        yield OptionalAmountInput(
            "Amount", _read_optional_amount, hint="EUR; empty: as in the template", short=True, id="amount"
        )

    def answer(self) -> Answer:
        if (event_type := self.types.key) is None:
            raise Objection("Choose an event type", at=self.types.search)
        return TriggerEvent(type=event_type, company=self.company.value or None, amount_cents=self.amount.read())


def _entry(event_type: EventTypeView, width: int) -> Entry:
    effect = f"kept and explained, not acted on: {event_type.effect}"
    if event_type.handled:
        effect = f"{event_type.effect} Tried again {event_type.retry}." if event_type.retry else event_type.effect
    return Entry(
        key=event_type.type,
        line=Content.assemble(f"{event_type.type:<{width}}", "  ", (event_type.effect, "$text-muted")),
        detail=f"{event_type.type}: {effect}",
        group="Acted on" if event_type.handled else "Kept, not acted on",
        words=event_type.object,
    )
