"""The audit trail: who did what to whom and why, with what was before and after, in the transaction of the act."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import insert
from sqlmodel import Session

from billing.changes import Kind, announce
from billing.dialect import table_of
from billing.errors import InvalidReason
from billing.models import AuditEntry

Fact = str | int | bool | None | list[int]

REASON_MAX: Final = 500
_AUDIT: Final = table_of(AuditEntry)


class Action(StrEnum):
    """What people do that moves money or changes what may be moved."""

    BALANCE_ADJUSTED = "balance.adjusted"
    BALANCE_WITHDRAWN = "balance.withdrawn"
    CALL_REFUNDED = "call.refunded"
    CALL_NOT_BILLABLE = "call.marked_non_billable"
    PAYMENT_REFUND_REQUESTED = "payment.refund_requested"
    PAYMENT_RECONCILED = "payment.reconciled"
    LIMITS_CHANGED = "limits.changed"
    AUTO_TOPUP_CHANGED = "auto_topup.changed"


def record(
    session: Session,
    *,
    actor: str,
    action: Action,
    company_id: int | None,
    target: str,
    reason: str | None,
    before: Mapping[str, Fact],
    after: Mapping[str, Fact],
    now: datetime,
) -> None:
    """Add one entry. `before` and `after` name only what the act is about, in the same keys."""
    written = session.connection().execute(
        insert(_AUDIT),
        {
            "company_id": company_id,
            "actor": actor,
            "action": action.value,
            "target": target,
            "reason": reason,
            "before": dict(before),
            "after": dict(after),
            "created_at": now,
        },
    )
    assert written.inserted_primary_key is not None, "one row was written"
    announce(session, Kind.AUDIT, written.inserted_primary_key[0])


def check_reason(what: str, *, actor: str, reason: str) -> None:
    """Whoever moves money by hand says who and why. Raises `InvalidReason`; `what` begins its sentence."""
    if not actor.strip():
        raise InvalidReason(f"{what} needs to know who makes it", remedy="Name the actor.")
    if not reason.strip():
        raise InvalidReason(f"{what} needs a reason", remedy="Say why in a few words.")
    if len(reason) > REASON_MAX:
        raise InvalidReason(f"the reason has more than {REASON_MAX} characters", remedy="Say it in fewer words.")
