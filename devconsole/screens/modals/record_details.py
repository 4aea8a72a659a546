"""Ledger rows, calls, audit entries, notices and performed operations in full, and what they belong to."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from devconsole import looks
from devconsole.actions import call_is_refundable
from devconsole.destinations import Reference, Why, traced
from devconsole.format import amount, duration, euros, fact, latency, moment, rate, signed_euros, words
from devconsole.looks import Tone, printable, toned
from devconsole.screens.modals.detail import Detail, Fact, Lead
from devconsole.screens.modals.end_call import EndCallForm
from devconsole.screens.modals.invoice_detail import InvoiceDetail
from devconsole.screens.modals.non_billable import NonBillableForm, call_is_billable
from devconsole.screens.modals.refunds import RefundCallForm
from devconsole.widgets.record_tables import did, took_us
from relay.api import AuditView, CallView, CompanyView, LedgerView, NoticeView, PerformedView

__all__ = ["AuditDetail", "CallDetail", "InvoiceDetail", "LedgerDetail", "NoticeDetail", "PerformedDetail"]

TOPUP_REFERENCES = ("topup", "auto_topup", "topup_bonus", "refund")


class LedgerDetail(Detail):
    """What moved in each of the three pockets, and why."""

    def __init__(self, row: LedgerView) -> None:
        pockets = (
            ("Money", row.money_cents, row.balance_after_cents),
            ("Bonus", row.bonus_cents, row.bonus_after_cents),
            ("Reserved", row.reserved_cents, row.reserved_after_cents),
        )
        facts: list[Fact] = [
            ("Company", row.company_slug, Tone.PLAIN),
            ("Type", words(row.type), Tone.STRONG),
            ("What", row.description, Tone.PLAIN),
            *(
                (name, f"{signed_euros(moved)}   {amount(after - moved)} → {amount(after)}", Tone.STRONG)
                for name, moved, after in pockets
                if moved
            ),
            ("By", row.created_by, Tone.PLAIN),
            ("Event", row.event_id or "none: no webhook caused this row", Tone.MUTED),
            ("Booked", moment(row.created_at), Tone.MUTED),
        ]
        leads = [Lead("w", "Why", Why(f"ledger_{row.id}"))]
        if (origin := _origin(row)) is not None:
            leads.insert(0, Lead("o", f"Open {words(origin.id)}", origin))
        super().__init__(f"Ledger row {row.id}", facts, leads)


def _origin(row: LedgerView) -> Reference | None:
    """What the row was booked for."""
    kind = "topup" if row.reference_type in TOPUP_REFERENCES else row.reference_type
    known = kind in ("topup", "call") and (row.reference_id or "").isdigit()
    return Reference(f"{kind}_{row.reference_id}") if known else None


class CallDetail(Detail):
    """What a call cost, who paid it, and what can be done about it."""

    def __init__(self, call: CallView, company: CompanyView | None) -> None:
        look = looks.call(call)
        facts: list[Fact] = [
            ("Company", call.company_slug, Tone.PLAIN),
            ("From", call.from_number, Tone.PLAIN),
            ("To", call.to_number, Tone.PLAIN),
            ("Status", str(look), look.tone),
            ("Duration", duration(call.duration_s) if call.duration_s is not None else None, Tone.PLAIN),
            ("Price", f"{euros(call.amount_cents)} at {rate(call.rate_e4_per_minute)}", Tone.STRONG),
            ("From the bonus", euros(call.paid_by_bonus_cents) if call.paid_by_bonus_cents else None, Tone.PLAIN),
            ("Given back", euros(call.refunded_cents) if call.refunded_cents else None, Tone.WARN),
            ("Started", moment(call.started_at), Tone.MUTED),
            ("Ended", moment(call.ended_at) if call.ended_at else None, Tone.MUTED),
            ("Call id", call.call_id, Tone.MUTED),
        ]
        leads = []
        if call.status == "in_progress" and company is not None:
            leads.append(Lead("e", "End it", EndCallForm(call, company)))
        if call_is_refundable(call):
            leads.append(Lead("u", "Refund", RefundCallForm(call)))
        if call_is_billable(call):
            leads.append(Lead("f", "Not billable", NonBillableForm(call)))
        leads.append(Lead("w", "Why", Why(f"call_{call.id}")))
        super().__init__(f"Call {call.id}", facts, leads)


class NoticeDetail(Detail):
    """The text as the company reads it."""

    def __init__(self, notice: NoticeView) -> None:
        look = looks.NOTICE_LOOKS.get(notice.status, looks.Look("?", notice.status, Tone.WARN))
        facts: list[Fact] = [
            ("To", notice.recipient or notice.company_slug, Tone.PLAIN),
            ("By", words(notice.channel), Tone.PLAIN),
            ("Kind", words(notice.kind) + (f", {notice.level}" if notice.level else ""), Tone.PLAIN),
            ("Status", str(look), look.tone),
            ("Written", moment(notice.sent_at or notice.created_at), Tone.MUTED),
        ]
        super().__init__(f"Notice {notice.id}", facts, [_company_lead(notice.company_id)])
        self._subject = notice.subject or ""
        self._body = notice.body or "Not written yet: it is rendered after the money has moved."

    def compose_more(self) -> ComposeResult:
        lines = "\n".join(printable(line) for line in self._body.strip().splitlines())
        subject = Content.assemble(toned(self._subject, Tone.STRONG), "\n\n") if self._subject else Content("")
        yield Static(subject + lines, id="letter")


class AuditDetail(Detail):
    """Who did it, why, and each field before and after."""

    def __init__(self, entry: AuditView) -> None:
        changed: list[Fact] = [
            (words(name.removesuffix("_cents")).capitalize(), _change(name, entry.before, entry.after), Tone.STRONG)
            for name in dict.fromkeys((*entry.before, *entry.after))
        ]
        facts: list[Fact] = [
            ("Who", entry.actor, Tone.STRONG),
            ("Did", did(entry), Tone.PLAIN),
            ("To", words(entry.target), Tone.PLAIN),
            ("Company", entry.company_slug, Tone.PLAIN),
            ("Why", entry.reason or "no reason was asked for", Tone.PLAIN),
            ("When", moment(entry.created_at), Tone.MUTED),
            *changed,
        ]
        leads = [Lead("o", f"Open {words(entry.target)}", Reference(entry.target))]
        if (id_ := traced(entry)) is not None:
            leads.append(Lead("w", "Why", Why(id_)))
        super().__init__(f"Audit entry {entry.id}", facts, leads)


class PerformedDetail(Detail):
    """What was asked and what it named; from there to what it made."""

    def __init__(self, row: PerformedView) -> None:
        look = looks.performed(row)
        facts: list[Fact] = [
            ("Operation", row.name, Tone.STRONG),
            ("Outcome", str(look), look.tone),
            ("Began", moment(row.at), Tone.MUTED),
            ("Took", latency(took_us(row)), Tone.MUTED),
            *(
                (words(name.removesuffix("_cents")).capitalize(), fact(name, value), Tone.PLAIN)
                for name, value in row.input.items()
                if value not in (None, "", [], ())
            ),
            *((f"→ {words(name)}", str(value), Tone.ACCENT) for name, value in row.ids.items()),
        ]
        super().__init__(row.name, facts, list(_made(row)))


def _made(row: PerformedView) -> list[Lead]:
    """What the answer named, as far as there is something to look at."""
    noun = {"topups": "topup", "calls": "call", "companies": "company"}.get(row.name.partition(".")[0])
    found: dict[str, Any] = {}
    for name, value in row.ids.items():
        kind = noun if name == "id" else name.removesuffix("_id")
        if kind in ("topup", "call", "company") and str(value).isdigit():
            found[kind] = value
        elif kind == "event" and str(value).startswith("evt_"):
            found["event"] = value
    keys = {"topup": "t", "call": "c", "company": "o", "event": "e"}
    return [
        Lead(
            keys[kind],
            f"Open {kind.replace('topup', 'top-up')}",
            Reference(str(value) if kind == "event" else f"{kind}_{value}"),
        )
        for kind, value in found.items()
    ]


def _company_lead(company_id: int) -> Lead:
    return Lead("o", "Open company", Reference(f"company_{company_id}"))


def _change(name: str, before: dict[str, Any], after: dict[str, Any]) -> str:
    was, became = fact(name, before.get(name)), fact(name, after.get(name))
    return became if was == became else f"{was} → {became}"
