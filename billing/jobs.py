"""Work that must follow a commit: written in the same transaction as its cause, run later by the worker."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlmodel import Session

from billing.dialect import insert_unless_present, table_of
from billing.models import Job, JobStatus

_JOBS: Final = table_of(Job)
_ENQUEUE: Final = insert_unless_present(_JOBS, "key", where=text("status = 'pending'")).returning(_JOBS.c.id)


def enqueue(session: Session, *, kind: str, key: str, payload: Mapping[str, Any], run_at: datetime) -> bool:
    """Ask for one piece of work. False: a job with this `key` is pending already, and will do.

    A job that has been claimed but not finished is still pending, so work that must see what this transaction writes
    is finished only in a transaction of its own.
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
    return session.execute(_ENQUEUE, row).one_or_none() is not None


def enqueue_retry_unpaid(session: Session, *, company_id: int, now: datetime) -> bool:
    """After every credit: calls that could not be paid are tried again, oldest first."""
    return enqueue(
        session, kind="retry_unpaid", key=f"retry_unpaid:{company_id}", payload={"company_id": company_id}, run_at=now
    )


def enqueue_auto_topup_check(
    session: Session, *, company_id: int, triggered_by: str, call_id: int | None, now: datetime
) -> bool:
    """After every charge and every unpaid call: is an automatic top-up due? `triggered_by` is a `DecisionTrigger`."""
    return enqueue(
        session,
        kind="auto_topup_check",
        key=f"auto_topup_check:{company_id}",
        payload={"company_id": company_id, "triggered_by": triggered_by, "call_id": call_id},
        run_at=now,
    )
