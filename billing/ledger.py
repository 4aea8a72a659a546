"""The only writer of ledger rows and of the three balance columns.

A row is an order of its own: `posting_key` says what it is the one and only booking of, and a second attempt to book
the same does nothing. Nothing here commits; callers put what belongs together into one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, bindparam, select, update
from sqlmodel import Session, col
from sqlmodel import select as select_model

from billing.changes import Kind, announce
from billing.dialect import insert_unless_present, table_of
from billing.errors import UnknownCompany
from billing.models import Company, LedgerEntry, LedgerType, PrepaidBalance
from billing.prepared import Prepared


@dataclass(frozen=True, slots=True)
class Posting:
    """What `post` did: the row, whether this call wrote it, and the three balances right after it."""

    id: int
    is_new: bool
    balance_after_cents: int
    bonus_after_cents: int
    reserved_after_cents: int


def post(
    session: Session,
    *,
    company_id: int,
    type: LedgerType,
    posting_key: str,
    description: str,
    now: datetime,
    money_cents: int = 0,
    bonus_cents: int = 0,
    reserved_cents: int = 0,
    reference_type: str | None = None,
    reference_id: str | int | None = None,
    webhook_event_id: int | None = None,
    created_by: str | None = None,
) -> Posting:
    """Book signed changes of money, bonus and reserved, once per `posting_key`.

    Whoever posts has checked that the company may; only money may become negative (a refund or dispute of what was
    already used). Raises `UnknownCompany` when there is no such company.
    """
    assert money_cents or bonus_cents or reserved_cents, f"{posting_key} moves nothing"
    values = {
        "b_company_id": company_id,
        "b_type": type,
        "b_money": money_cents,
        "b_bonus": bonus_cents,
        "b_reserved": reserved_cents,
        "b_affects_bonus": bonus_cents != 0,
        "b_description": description,
        "b_reference_type": reference_type,
        "b_reference_id": None if reference_id is None else str(reference_id),
        "b_posting_key": posting_key,
        "b_webhook_event_id": webhook_event_id,
        "b_created_by": created_by,
        "b_now": now,
    }
    # Core statements do not flush by themselves, and the row may refer to one that is still pending.
    session.flush()
    written = _APPEND.one(session, values)
    if written is None:
        booked = _booked(session, posting_key)
        if booked is not None:
            return booked
        open_balance(session, company_id=company_id, now=now)
        written = _APPEND.one(session, values)
    posting = Posting(written.id, True, written.balance_after, written.bonus_after, written.reserved_after)
    assert posting.bonus_after_cents >= 0, f"{posting_key} overdraws the bonus of company {company_id}"
    assert posting.reserved_after_cents >= 0, f"{posting_key} releases more than is reserved for company {company_id}"
    moved = _MOVE.change(
        session,
        {
            "b_company_id": company_id,
            "b_balance_before": posting.balance_after_cents - money_cents,
            "b_balance_after": posting.balance_after_cents,
            "b_bonus_after": posting.bonus_after_cents,
            "b_reserved_after": posting.reserved_after_cents,
            "b_now": now,
        },
    )
    assert moved == 1, f"the balance of company {company_id} is not what the row of {posting_key} says"
    announce(session, Kind.LEDGER, posting.id)
    announce(session, Kind.BALANCE, company_id)
    return posting


def open_balance(session: Session, *, company_id: int, now: datetime, low_balance_threshold_cents: int = 2_000) -> None:
    """Give a company its balance row with zeros; does nothing when it has one. Raises `UnknownCompany`."""
    if session.execute(select(_COMPANIES.c.id).where(_COMPANIES.c.id == company_id)).one_or_none() is None:
        raise UnknownCompany(company_id)
    session.execute(
        insert_unless_present(_BALANCES, "company_id").values(
            company_id=company_id,
            low_balance_threshold=low_balance_threshold_cents,
            auto_topup_enabled=False,
            created_at=now,
            updated_at=now,
        )
    )


def balance_of(session: Session, company_id: int) -> PrepaidBalance:
    """The balance row as it is in this transaction. Raises `UnknownCompany`: every company is created with one."""
    balance = session.exec(
        _BALANCE_OF,
        params={"b_company_id": company_id},
        # `post` writes beside the unit of work, so what the session remembers may be old.
        execution_options={"populate_existing": True},
    ).one_or_none()
    if balance is None:
        raise UnknownCompany(company_id)
    return balance


def _booked(session: Session, posting_key: str) -> Posting | None:
    row = _FIND.one(session, {"b_posting_key": posting_key})
    return None if row is None else Posting(row.id, False, row.balance_after, row.bonus_after, row.reserved_after)


_LEDGER: Final[Table] = table_of(LedgerEntry)
_BALANCES: Final[Table] = table_of(PrepaidBalance)
_COMPANIES: Final[Table] = table_of(Company)

_BALANCE_OF: Final = select_model(PrepaidBalance).where(col(PrepaidBalance.company_id) == bindparam("b_company_id"))
_AFTER = (_LEDGER.c.id, _LEDGER.c.balance_after, _LEDGER.c.bonus_after, _LEDGER.c.reserved_after)


def _typed(name: str, column: str) -> Any:
    return bindparam(name, type_=_LEDGER.c[column].type)


_ROW = {
    "company_id": _BALANCES.c.company_id,
    "type": _typed("b_type", "type"),
    "amount": _typed("b_money", "amount"),
    "bonus_amount": _typed("b_bonus", "bonus_amount"),
    "reserved_amount": _typed("b_reserved", "reserved_amount"),
    "balance_before": _BALANCES.c.balance,
    "balance_after": _BALANCES.c.balance + _typed("b_money", "amount"),
    "bonus_after": _BALANCES.c.bonus_balance + _typed("b_bonus", "bonus_amount"),
    "reserved_after": _BALANCES.c.reserved_balance + _typed("b_reserved", "reserved_amount"),
    "affects_bonus": _typed("b_affects_bonus", "affects_bonus"),
    "description": _typed("b_description", "description"),
    "reference_type": _typed("b_reference_type", "reference_type"),
    "reference_id": _typed("b_reference_id", "reference_id"),
    "posting_key": _typed("b_posting_key", "posting_key"),
    "webhook_event_id": _typed("b_webhook_event_id", "webhook_event_id"),
    "created_by": _typed("b_created_by", "created_by"),
    "created_at": _typed("b_now", "created_at"),
}
"""Reading the balances and writing the row is one statement, so that the chain of before and after cannot tear."""

_APPEND: Final = Prepared(
    insert_unless_present(_LEDGER, "posting_key")
    .from_select(
        list(_ROW),
        select(*_ROW.values()).where(_BALANCES.c.company_id == bindparam("b_company_id")),
        include_defaults=False,
    )
    .returning(*_AFTER)
)
_FIND: Final = Prepared(select(*_AFTER).where(_LEDGER.c.posting_key == bindparam("b_posting_key")))
_MOVE: Final = Prepared(
    update(_BALANCES)
    .where(_BALANCES.c.company_id == bindparam("b_company_id"), _BALANCES.c.balance == bindparam("b_balance_before"))
    .values(
        balance=bindparam("b_balance_after"),
        bonus_balance=bindparam("b_bonus_after"),
        reserved_balance=bindparam("b_reserved_after"),
        updated_at=bindparam("b_now"),
    )
)
