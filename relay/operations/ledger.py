"""The ledger, its proof and the reports."""

from __future__ import annotations

import time

from billing import digest, ledger_check, reports
from billing.models import LedgerType
from relay.api import (
    Breach,
    CheckLedger,
    DigestView,
    LedgerCheck,
    LedgerView,
    ListLedger,
    Page,
    Report,
    RunReport,
    ShowDigest,
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


@handles(CheckLedger)
async def check_ledger(backend: Backend, _request: CheckLedger) -> LedgerCheck:
    start = time.perf_counter()
    async with backend.db.read() as session:
        proof = await read_sync(session, ledger_check.check)
    return LedgerCheck(
        ok=proof.ok,
        rows=proof.rows,
        companies=proof.companies,
        duration_ms=round((time.perf_counter() - start) * 1000),
        breaches=tuple(Breach(rule=found.rule, detail=found.detail, ids=found.ids) for found in proof.breaches),
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
