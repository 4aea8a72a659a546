"""The ledger, its proof, and the path from any id to any other."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from relay.api.operation import Operation, Page, Role, View


class LedgerView(View, frozen=True, kw_only=True):
    id: int
    company_id: int
    company_slug: str
    type: str
    money_cents: int
    bonus_cents: int
    reserved_cents: int
    balance_before_cents: int
    balance_after_cents: int
    bonus_after_cents: int
    reserved_after_cents: int
    description: str
    reference_type: str | None
    reference_id: str | None
    event_id: str | None
    """The Stripe event that caused it."""
    created_by: str | None
    created_at: datetime


class ListLedger(Operation[Page[LedgerView]], frozen=True, kw_only=True):
    """List ledger rows, newest first."""

    name = "ledger.list"
    role = Role.SUPPORT
    company: str | None = None
    type: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50


class Breach(View, frozen=True, kw_only=True):
    rule: str
    detail: str
    ids: tuple[str, ...]


class DifferenceView(View, frozen=True, kw_only=True):
    """One payment that Stripe and we do not agree on."""

    kind: str
    """not_credited, unknown_here, unknown_at_stripe, not_paid_at_stripe, amount_differs, refund_differs,
    dispute_unknown, dispute_differs, dispute_unknown_at_stripe"""
    payment_intent_id: str
    topup_id: int | None
    company_slug: str | None
    amount_cents: int
    """What it is about."""
    detail: str
    breaks: bool
    """Whether our books are wrong by it; money of others on the same account breaks nothing."""
    mendable: bool
    """Whether reading the payment from Stripe again, and booking what it says, mends it."""


class StripeComparison(View, frozen=True, kw_only=True):
    """What Stripe's record of the payments says of ours."""

    asked: bool
    reason: str | None = None
    """Why Stripe was not asked, or gave no answer."""
    agrees: bool | None = None
    since: datetime | None = None
    payments: int = 0
    """So many of Stripe's payments were compared, the newest."""
    complete: bool = False
    """False: there were more than could be looked at."""
    differences: tuple[DifferenceView, ...] = ()


class LedgerCheck(View, frozen=True, kw_only=True):
    ok: bool
    """No rule is broken, and Stripe does not contradict."""
    rows: int
    companies: int
    duration_ms: int
    breaches: tuple[Breach, ...]
    stripe: StripeComparison


class CheckLedger(Operation[LedgerCheck], frozen=True, kw_only=True):
    """Prove that every balance is the sum of its rows, that nothing is booked twice, and that Stripe says the same."""

    name = "ledger.check"
    role = Role.SUPPORT
    stripe: bool = True
    """Whether Stripe is asked, too."""


class Reconciliation(View, frozen=True, kw_only=True):
    comparison: StripeComparison
    """As it is when all is done."""
    mended: tuple[str, ...]
    """What was booked, a sentence for each payment."""


class ReconcileLedger(Operation[Reconciliation], frozen=True, kw_only=True):
    """List the payments that Stripe has and we do not, the reverse, and what differs; book what was lost if asked."""

    name = "ledger.reconcile"
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 30
    mend: bool = False
    """Read what differs from Stripe once more, and book it as its webhook would have."""
    actor: str = "developer"


class DigestView(View, frozen=True, kw_only=True):
    """SHA-256 in hexadecimal: the same events, rows and states in the same order have the same digest."""

    digest: str
    """Of everything: ledger, events, companies, top-ups, charges, decisions, notices."""
    ledger_digest: str
    events_digest: str
    """Of the events' bytes, and what became of them."""


class ShowDigest(Operation[DigestView], frozen=True, kw_only=True):
    """Show one number for all that happened, to compare two runs by."""

    name = "ledger.digest"
    role = Role.SUPPORT


class TraceNode(View, frozen=True, kw_only=True):
    """One step of a path. `depth` 0 is where the story starts; children follow their parent."""

    depth: int
    kind: str
    """company, call, decision, topup, event, delivery, verification, forward, attempt, ledger, notice"""
    reference: str
    title: str
    detail: str
    at: datetime
    status: str | None
    since_start_us: int = 0
    """From the earliest step of the story."""
    took_us: int | None = None
    """Where it lasts: a call, an answer, an attempt."""
    party: str | None = None
    """Who is on the other side: what sent a delivery, where a forward or a notice went."""


class Trace(View, frozen=True, kw_only=True):
    of: str
    nodes: tuple[TraceNode, ...]


class ShowTrace(Operation[Trace], frozen=True, kw_only=True):
    """From any id (evt_, pi_, cs_, ch_, re_, pm_, cus_, req_, topup_N, ledger_N, call_N, ...): cause and effect."""

    name = "trace.show"
    role = Role.SUPPORT
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class Report(View, frozen=True, kw_only=True):
    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | None, ...], ...]


class RunReport(Operation[Report], frozen=True, kw_only=True):
    """Run a report, such as failed-payments, low-balance, daily-revenue or monthly-summary."""

    name = "reports.run"
    role = Role.SUPPORT
    report: str
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] | None = None
