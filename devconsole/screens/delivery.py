"""One request to the webhook in full, also one that was turned away at the door."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from devconsole import looks
from devconsole.bodies import hex_lines
from devconsole.format import latency, moment, size, words
from devconsole.looks import Tone, toned
from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.document import Document, headers_text
from devconsole.widgets.pane import Pane
from relay.api import DeliveryDetail, DeliveryView, ReplayEvents, ResendDelivery, ShowDelivery
from relay.errors import OperationRefused, RelayError

EVIDENCE_SHOWN = 4
"""Lines of evidence above the body; `deliveries show` has them all."""


class DeliveryScreen(LiveScreen):
    """Verdict, reason and remedy on top; below what was sent."""

    CSS_PATH = "delivery.tcss"
    AUTO_FOCUS = "JsonView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="delivery.back"),
        Binding("v", "view", "View", id="delivery.view", tooltip="Body, headers, answer, raw bytes"),
        Binding("r", "resend", "Send again", id="delivery.resend", tooltip="The same bytes, freshly signed"),
        Binding("f", "first", "First", id="delivery.first", tooltip="The delivery that a duplicate repeats"),
        Binding("equals_sign", "compare", "Compare", id="delivery.compare", tooltip="A duplicate with its first"),
    ]
    mode_name = "failures"

    head = getters.query_one("#delivery-head", Static)
    pane = getters.query_one("#document", Pane)
    document = getters.query_one(Document)

    def __init__(self, delivery: int) -> None:
        super().__init__()
        self._delivery = delivery
        self._detail: DeliveryDetail | None = None

    @property
    def selected(self) -> DeliveryView | None:
        """What a trace is about."""
        return self._detail.delivery if self._detail is not None else None

    def compose_body(self) -> ComposeResult:
        yield Static("Loading ...", id="delivery-head", markup=False)
        yield Pane("Body", Document(id="document-body"), id="document")

    def paint(self, update: Update) -> None:
        if update.reloaded:
            # After the first layout: an answer that overtakes it would be painted, but not given its room.
            self.call_after_refresh(self._load_delivery)

    @work(exclusive=True, group="delivery.load")
    async def _load_delivery(self) -> None:
        try:
            detail = await self.console.source.call(ShowDelivery(delivery=self._delivery))
        except OperationRefused as error:
            self.head.update(Content(error.problem.message))
        except RelayError:
            return  # the notice says that the connection is lost; after it returned everything is loaded again
        else:
            self._show_delivery(detail)

    def _show_delivery(self, detail: DeliveryDetail) -> None:
        self._detail = detail
        self.refresh_bindings()
        self.head.update(heading(detail))
        self.document.fill(
            {
                "Body": detail.body,
                "Headers": headers_text(detail.headers),
                "Answer": detail.response_body,
                "Raw bytes": hex_lines(detail.raw),
            }
        )

    def action_back(self) -> None:
        self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("first", "compare"):
            return self._detail is not None and self._detail.first_delivery is not None
        return super().check_action(action, parameters)

    def action_first(self) -> None:
        if self._detail is not None and self._detail.first_delivery is not None:
            self.console.open_delivery(self._detail.first_delivery)

    def action_compare(self) -> None:
        if self._detail is not None and (first := self._detail.first_delivery) is not None:
            self.console.open_comparison(f"delivery_{first}", f"delivery_{self._delivery}")

    def action_resend(self) -> None:
        """A rejected delivery under a right signature; one that was taken is replayed with its event."""
        if self._detail is None:
            return
        delivery = self._detail.delivery
        if delivery.verdict != "rejected" and delivery.event_id is not None:
            self.console.perform(ReplayEvents(events=(delivery.event_id,)))
        else:
            self.console.perform(ResendDelivery(delivery=delivery.id))

    def action_view(self) -> None:
        self.document.turn()
        self.pane.rename(self.document.title)
        self.document.view.focus()


def heading(detail: DeliveryDetail) -> Content:
    """Verdict and reason with what proves it, what to do, and how it came."""
    delivery = detail.delivery
    look = looks.delivery(delivery)
    lines = [[toned(f"{look}  ", look.tone), toned(delivery.reason, Tone.STRONG)]]
    if (explanation := detail.explanation) is not None:
        sure = "certain" if explanation.certain else "likely"
        lines.append([toned(f"{words(explanation.cause)}, {sure}", Tone.ACCENT)])
        lines += [[toned(f"· {line}", Tone.MUTED)] for line in explanation.evidence[:EVIDENCE_SHOWN]]
    if delivery.remedy:
        lines.append([toned(delivery.remedy, Tone.PLAIN)])
    if detail.resendable:
        lines.append([toned("A known secret vouches for these bytes: r sends them again, freshly signed.", Tone.GOOD)])
    if detail.first_delivery is not None:
        lines.append([toned(f"The first was delivery {detail.first_delivery}: f opens it, = compares.", Tone.PLAIN)])
    way = (
        f"received {moment(delivery.received_at)} from {delivery.source}",
        size(delivery.body_bytes),
        f"answered {delivery.http_status} in {latency(delivery.latency_us)}",
    )
    lines.append([toned(" · ".join(way), Tone.MUTED)])
    return Content("\n").join(Content.assemble(*line) for line in lines)
