"""The ledger, its proof and the reports."""

from __future__ import annotations

import time
from datetime import timedelta

from billing import digest, ledger_check, reports
from billing.errors import GatewayUnavailable, Refused
from billing.models import LedgerType
from billing.reconciliation import Difference
from billing.services.reconciler import Comparison
from relay.api import (
    Breach,
    CheckLedger,
    DifferenceView,
    DigestView,
    LedgerCheck,
    LedgerView,
    ListLedger,
    Page,
    ReconcileLedger,
    Reconciliation,
    Report,
    RunReport,
    ShowDigest,
    StripeComparison,
)
from relay.backend import Backend
from relay.operations.registry import handles
from relay.views import ledger
from relay.views.query import chosen, company_id_of, count, read_sync


@handles(ListLedger)
async def list_ledger(backend: Backend, request: ListLedger) -> Page[LedgerView]:
    conditions = []
    async with backend.db.read() as session:
        if request.company is not None:
            conditions.append(ledger.LEDGER.c.company_id == await company_id_of(session, request.company))
        if request.type is not None:
            conditions.append(ledger.LEDGER.c.type == chosen(LedgerType, request.type, what="ledger type"))
        rows = await ledger.ledger_rows(session, *conditions, limit=request.limit)
        total = await count(session, ledger.LEDGER_ROWS.where(*conditions))
    return Page(rows=tuple(rows), total=total)


COMPARED_DAYS = timedelta(days=30)
COMPARED_MAX = 500
"""So many of Stripe's payments a ledger check looks at: five of Stripe's pages."""
STRIPE_PATIENCE = timedelta(seconds=10)


@handles(CheckLedger)
async def check_ledger(backend: Backend, request: CheckLedger) -> LedgerCheck:
    start = time.perf_counter()
    async with backend.db.read() as session:
        proof = await read_sync(session, ledger_check.check)
    duration_s = time.perf_counter() - start
    stripe = await _stripe(backend) if request.stripe else StripeComparison(asked=False, reason="it was left out")
    return LedgerCheck(
        ok=proof.ok and stripe.agrees is not False,
        rows=proof.rows,
        companies=proof.companies,
        duration_ms=round(duration_s * 1000),
        breaches=tuple(Breach(rule=found.rule, detail=found.detail, ids=found.ids) for found in proof.breaches),
        stripe=stripe,
    )


@handles(ReconcileLedger)
async def reconcile_ledger(backend: Backend, request: ReconcileLedger) -> Reconciliation:
    since = backend.clock.now() - timedelta(days=request.days)
    found = await backend.reconciler.compare(since=since)
    mended: list[str] = []
    if request.mend and any(difference.kind.mends for difference in found.differences):
        mended = await backend.reconciler.mend(found, actor=request.actor)
        found = await backend.reconciler.compare(since=since)
    return Reconciliation(comparison=_comparison(found), mended=tuple(mended))


async def _stripe(backend: Backend) -> StripeComparison:
    """What Stripe says; that it cannot be asked is an answer, too."""
    since = backend.clock.now() - COMPARED_DAYS
    try:
        return _comparison(await backend.reconciler.compare(since=since, limit=COMPARED_MAX, within=STRIPE_PATIENCE))
    except (GatewayUnavailable, Refused) as error:
        return StripeComparison(asked=False, reason=error.message)


def _comparison(found: Comparison) -> StripeComparison:
    return StripeComparison(
        asked=True,
        agrees=found.agrees,
        since=found.since,
        payments=found.payments,
        complete=found.is_complete,
        differences=tuple(map(_difference, found.differences)),
    )


def _difference(found: Difference) -> DifferenceView:
    return DifferenceView(
        kind=found.kind.value,
        payment_intent_id=found.intent_id,
        topup_id=found.topup_id,
        company_slug=found.company_slug,
        amount_cents=found.cents,
        detail=found.detail,
        breaks=found.kind.breaks,
        mendable=found.kind.mends,
    )


@handles(ShowDigest)
async def show_digest(backend: Backend, _request: ShowDigest) -> DigestView:
    async with backend.db.read() as session:
        found = await read_sync(session, digest.digest)
    return DigestView(digest=found.everything, ledger_digest=found.ledger, events_digest=found.events)


@handles(RunReport)
async def run_report(backend: Backend, request: RunReport) -> Report:
    now, policy = backend.clock.now(), backend.policy
    async with backend.db.read() as session:
        report = await read_sync(
            session,
            lambda reader: reports.run_report(reader, request.report, days=request.days, policy=policy, now=now),
        )
    return Report(name=report.name, title=report.title, columns=report.columns, rows=report.rows)
