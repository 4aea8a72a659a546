"""One request to the webhook in full, also one that was turned away at the door."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from devconsole import looks
from devconsole.format import latency, moment, size
from devconsole.looks import Tone, toned
from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.document import Document, headers_text
from devconsole.widgets.pane import Pane
from relay.api import DeliveryDetail, DeliveryView, ShowDelivery
from relay.errors import OperationRefused, RelayError


class DeliveryScreen(LiveScreen):
    """Verdict, reason and remedy on top; below what was sent."""

    CSS_PATH = "delivery.tcss"
    AUTO_FOCUS = "JsonView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="delivery.back"),
        Binding("v", "view", "View", id="delivery.view", tooltip="Switch between body, headers and answer"),
    ]
    mode_name = "failures"

    head = getters.query_one("#delivery-head", Static)
    pane = getters.query_one("#document", Pane)
    document = getters.query_one(Document)

    def __init__(self, delivery: int) -> None:
        super().__init__()
        self._delivery = delivery

    def compose_body(self) -> ComposeResult:
        yield Static("Loading ...", id="delivery-head", markup=False)
        yield Pane("Body", Document(id="document-body"), id="document")

    def paint(self, update: Update) -> None:
        if update.reloaded:
            self._load_delivery()

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
        self.head.update(heading(detail.delivery))
        self.document.fill(
            {"Body": detail.body, "Headers": headers_text(detail.headers), "Answer": detail.response_body}
        )

    def action_back(self) -> None:
        self.dismiss()

    def action_view(self) -> None:
        self.document.turn()
        self.pane.rename(self.document.title)
        self.document.view.focus()


def heading(delivery: DeliveryView) -> Content:
    """Verdict and reason, what to do, and how it came."""
    look = looks.verdict(delivery.verdict)
    lines = [Content.assemble(toned(f"{look}  ", look.tone), toned(delivery.reason, Tone.STRONG))]
    if delivery.remedy:
        lines.append(Content.assemble(toned(delivery.remedy, Tone.PLAIN)))
    way = (
        f"received {moment(delivery.received_at)} from {delivery.source}",
        size(delivery.body_bytes),
        f"answered {delivery.http_status} in {latency(delivery.latency_us)}",
    )
    lines.append(Content.assemble(toned(" · ".join(way), Tone.MUTED)))
    return Content("\n").join(lines)
