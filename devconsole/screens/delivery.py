"""One request to the webhook in full, also one that was turned away at the door."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from devconsole import looks
from devconsole.bodies import hex_lines
from devconsole.format import latency, moment, size, words
from devconsole.looks import Tone, toned
from devconsole.screens.request import RequestScreen
from devconsole.widgets.document import headers_text
from relay.api import DeliveryDetail, DeliveryView, ReplayEvents, ResendDelivery, ShowDelivery

EVIDENCE_SHOWN = 4
"""Lines of evidence above the body; `deliveries show` has them all."""


class DeliveryScreen(RequestScreen):
    """Verdict, reason and remedy on top; below what was sent."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "resend", "Send again", id="delivery.resend", tooltip="The same bytes, freshly signed"),
        Binding("f", "first", "First", id="delivery.first", tooltip="The delivery that a duplicate repeats"),
        Binding("equals_sign", "compare", "Compare", id="delivery.compare", tooltip="A duplicate with its first"),
    ]
    mode_name = "failures"

    def __init__(self, delivery: int) -> None:
        super().__init__()
        self._delivery = delivery
        self._detail: DeliveryDetail | None = None

    @property
    def selected(self) -> DeliveryView | None:
        """What a trace is about."""
        return self._detail.delivery if self._detail is not None else None

    def asked(self) -> ShowDelivery:
        return ShowDelivery(delivery=self._delivery)

    def show_answer(self, answer: DeliveryDetail) -> None:
        self._detail = answer
        self.refresh_bindings()
        documents = {
            "Body": answer.body,
            "Headers": headers_text(answer.headers),
            "Answer": answer.response_body,
            "Raw bytes": hex_lines(answer.raw),
        }
        self.fill(heading(answer), documents)

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
