"""From a row, or from an id, to the screen that shows it in full, and to the path that it lies on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from relay.api import (
    AuditView,
    CallView,
    CompanyView,
    DecisionView,
    DeliveryView,
    EventView,
    FailureView,
    ForwardView,
    InvoiceView,
    LedgerView,
    NoticeView,
    PerformedView,
    ShowCall,
    ShowInvoice,
    ShowTopup,
    TopupView,
    TraceNode,
)

if TYPE_CHECKING:
    from textual.screen import ModalScreen

    from devconsole.app import DevConsole

TRACED = (
    "evt_",
    "pi_",
    "cs_",
    "ch_",
    "re_",
    "du_",
    "pm_",
    "cus_",
    "company_",
    "topup_",
    "ledger_",
    "call_",
    "delivery_",
    "decision_",
    "notice_",
    "forward_",
)
"""What an id that has a path begins with."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Where to go next, named as in a trace: `topup_4`, `company_3`, `evt_…`."""

    id: str


@dataclass(frozen=True, slots=True)
class Why:
    """The path that this id lies on."""

    id: str


class Destinations:
    """Opens things. What has to be asked for first is asked for; a refusal is said."""

    def __init__(self, console: DevConsole) -> None:
        self._console = console

    async def open_row(self, row: Any) -> None:
        """Show a row of any list in full. Raises `RelayError`."""
        from devconsole.screens.modals import record_details as details
        from devconsole.screens.modals.topup_detail import TopupDetail

        match row:
            case EventView():
                self._console.open_event(row.event_id)
            case DeliveryView():
                self._console.open_delivery(row.id)
            case ForwardView():
                self._console.open_forward(row.id)
            case CompanyView():
                self._console.open_company(row.slug)
            case LedgerView(event_id=str(event)):
                self._console.open_event(event)
            case DecisionView(topup_id=int(topup)):
                await self.open_reference(f"topup_{topup}")
            case DecisionView():
                self.open_trace(f"decision_{row.id}")
            case LedgerView():
                self._show(details.LedgerDetail(row))
            case TopupView():
                self._show(TopupDetail(row))
            case CallView():
                self._show(details.CallDetail(row, self._console.snapshot.company(row.company_id)))
            case InvoiceView():
                self._show(details.InvoiceDetail(row))
            case NoticeView():
                self._show(details.NoticeDetail(row))
            case AuditView():
                self._show(details.AuditDetail(row))
            case PerformedView():
                self._show(details.PerformedDetail(row))
            case TraceNode():
                await self.open_reference(row.reference)

    async def open_reference(self, reference: str) -> None:
        """Show what an id names. Raises `RelayError`."""
        call = self._console.source.call
        kind, _, number = reference.partition("_")
        if kind == "company" and number.isdigit():
            company = self._console.snapshot.company(int(number))
            if company is not None:
                self._console.open_company(company.slug)
        elif kind == "topup" and number.isdigit():
            await self.open_row(await call(ShowTopup(topup=int(number))))
        elif kind == "call" and number.isdigit():
            await self.open_row(await call(ShowCall(call=int(number))))
        elif kind in ("delivery", "verification") and number.isdigit():
            self._console.open_delivery(int(number))
        elif kind == "forward" and number.isdigit():
            self._console.open_forward(int(number))
        elif kind == "evt":
            self._console.open_event(reference.partition("#")[0])
        elif reference.startswith("TOP-"):
            await self.open_row(await call(ShowInvoice(invoice=reference)))
        else:
            self.open_trace(reference)

    def open_trace(self, reference: str) -> None:
        """Show cause and effect of an id."""
        from devconsole.screens.trace import TraceScreen

        screen = self._console.screen
        if isinstance(screen, TraceScreen) and screen.reference == reference:
            return
        self._console.push_screen(TraceScreen(reference))

    def _show(self, detail: ModalScreen[Any]) -> None:
        self._console.push_screen(detail, self._go_on)

    def _go_on(self, way: object) -> None:
        """What somebody chose in a detail: a form to fill in, another thing to look at, or nothing more."""
        match way:
            case Reference():
                self._console.open_reference(way.id)
            case Why():
                self.open_trace(way.id)
            case None:
                pass
            case _:
                self._console.open_form(way)  # type: ignore[arg-type]


def traced(row: Any) -> str | None:
    """The id by which a row's path is asked for; None where it lies on none."""
    match row:
        case EventView():
            return row.event_id
        case CompanyView():
            return f"company_{row.id}"
        case ForwardView():
            return f"forward_{row.id}"
        case LedgerView():
            return f"ledger_{row.id}"
        case TopupView():
            return f"topup_{row.id}"
        case CallView():
            return f"call_{row.id}"
        case DecisionView():
            return f"decision_{row.id}"
        case DeliveryView():
            return f"delivery_{row.id}"
        case NoticeView():
            return f"notice_{row.id}"
        case InvoiceView():
            return f"topup_{row.topup_id}"
        case AuditView():
            return row.target if row.target.startswith(TRACED) else None
        case FailureView() | TraceNode():
            return row.reference.partition("#")[0] if row.reference.startswith(TRACED) else None
        case _:
            return None
