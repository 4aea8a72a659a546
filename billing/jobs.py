"""Work that must follow a commit: written in the same transaction as its cause, run later by the worker."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, select, text
from sqlmodel import Session

from billing.dialect import constant, insert_unless_present, table_of
from billing.models import CallCharge, ChargeStatus, DecisionTrigger, Job, JobStatus
from billing.prepared import Prepared

_JOBS: Final = table_of(Job)
_CHARGES: Final = table_of(CallCharge)
_UNPAID: Final = Prepared(
    select(_CHARGES.c.id)
    .where(_CHARGES.c.company_id == bindparam("b_company_id"), _CHARGES.c.status == constant(ChargeStatus.UNPAID))
    .limit(1)
)
_ENQUEUE: Final = insert_unless_present(_JOBS, "key", where=text("status = 'pending'")).returning(_JOBS.c.id)


def enqueue(session: Session, *, kind: str, key: str, payload: Mapping[str, Any], run_at: datetime) -> bool:
    """Ask for one piece of work. False: a job with this `key` is pending already, and will do.

    A job that runs is still pending. So the key of work that must see what this transaction writes names its cause.
    """
    row = {
        "kind": kind,
        "key": key,
        "payload": dict(payload),
        "status": JobStatus.PENDING,
        "run_at": run_at,
        "attempts": 0,
        "created_at": run_at,
    }
    return session.connection().execute(_ENQUEUE, row).one_or_none() is not None


def enqueue_retry_unpaid(session: Session, *, company_id: int, ledger_id: int, now: datetime) -> bool:
    """After every credit: calls that could not be paid are tried again, oldest first.

    `ledger_id` is the row that raised what is available. It is part of the key: a job for an earlier credit may
    have looked already. False also when no call waits: one that cannot be paid later looks at the balance itself.
    """
    if _UNPAID.one(session, {"b_company_id": company_id}) is None:
        return False
    key = f"retry_unpaid:{company_id}:{ledger_id}"
    return enqueue(session, kind="retry_unpaid", key=key, payload={"company_id": company_id}, run_at=now)


def enqueue_auto_topup_check(
    session: Session, *, company_id: int, triggered_by: DecisionTrigger, call_id: int, now: datetime
) -> bool:
    """After every charge and every unpaid call: is an automatic top-up due? One job per call: each gets an answer."""
    payload = {"company_id": company_id, "triggered_by": triggered_by.value, "call_id": call_id}
    key = f"auto_topup_check:call:{call_id}:{triggered_by.value}"
    return enqueue(session, kind="auto_topup_check", key=key, payload=payload, run_at=now)
