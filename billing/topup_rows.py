"""Reading and changing top-up rows by Core statements: this is the path that every payment event takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import bindparam, literal_column, select, update
from sqlmodel import Session

from billing.changes import Kind, announce
from billing.dialect import table_of
from billing.models import Company, RefundStatus, Topup, TopupOrigin, TopupStatus
from billing.prepared import Prepared


@dataclass(frozen=True, slots=True)
class TopupRow:
    """A top-up as it is in this transaction, with what is needed of its company."""

    id: int
    company_id: int
    amount_cents: int
    currency: str
    status: TopupStatus
    origin: TopupOrigin
    idempotency_key: str
    intent_id: str | None
    session_id: str | None
    charge_id: str | None
    payment_method_id: str | None
    payment_method_label: str | None
    stripe_response: dict[str, Any] | None
    bonus_cents: int
    refunded_cents: int
    refund_status: RefundStatus
    refund_snapshots: list[list[int]]
    company_slug: str
    company_timezone: str
    company_country: str
    company_is_small_business: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentIds:
    """What Stripe calls a payment; each may be unknown still."""

    intent_id: str | None = None
    session_id: str | None = None
    charge_id: str | None = None
    payment_method_id: str | None = None
    payment_method_label: str | None = None

    @property
    def correlation_id(self) -> str | None:
        return self.intent_id or self.charge_id or self.session_id


def find(session: Session, *, topup_id: int | None, ids: PaymentIds) -> list[TopupRow]:
    """Every top-up that has this id or one of these payment ids: one, none, or several that contradict each other."""
    values = {"b_id": topup_id, "b_intent": ids.intent_id, "b_session": ids.session_id, "b_charge": ids.charge_id}
    return [TopupRow(*row) for row in _FIND.all(session, values)]


def topup_row(session: Session, topup_id: int) -> TopupRow | None:
    """One top-up by its id."""
    rows = find(session, topup_id=topup_id, ids=PaymentIds())
    return rows[0] if rows else None


def change(session: Session, topup: TopupRow, *, now: datetime, **columns: Any) -> None:
    """Set columns, by their SQL names, and announce it."""
    values = {f"b_{name}": value for name, value in columns.items()}
    _update(tuple(columns)).change(session, {**values, "b_id": topup.id, "b_updated_at": now})
    announce(session, Kind.TOPUP, topup.id)


@cache
def _update(columns: tuple[str, ...]) -> Prepared:
    """One statement per set of columns: building it costs more than running it."""
    values = {name: bindparam(f"b_{name}", type_=_TOPUPS.c[name].type) for name in (*columns, "updated_at")}
    return Prepared(update(_TOPUPS).where(_TOPUPS.c.id == bindparam("b_id")).values(values))


def new_ids(topup: TopupRow, ids: PaymentIds) -> dict[str, Any]:
    """The columns that `ids` add to what the row knows. What is known stays: a row belongs to one payment."""
    found: dict[str, Any] = {}
    if ids.intent_id and not topup.intent_id:
        found["stripe_payment_intent_id"] = ids.intent_id
    if ids.session_id and not topup.session_id:
        found["stripe_checkout_session_id"] = ids.session_id
    if ids.charge_id and not topup.charge_id:
        found["stripe_charge_id"] = ids.charge_id
    if ids.payment_method_id and not topup.payment_method_id:
        found["stripe_payment_method_id"] = ids.payment_method_id
    if ids.payment_method_label and not topup.payment_method_label:
        found["payment_method_label"] = ids.payment_method_label
    return found


_TOPUPS: Final = table_of(Topup)
_COMPANIES: Final = table_of(Company)
_FIND: Final = Prepared(
    select(
        _TOPUPS.c.id,
        _TOPUPS.c.company_id,
        _TOPUPS.c.amount,
        _TOPUPS.c.currency,
        _TOPUPS.c.status,
        _TOPUPS.c.origin,
        _TOPUPS.c.idempotency_key,
        _TOPUPS.c.stripe_payment_intent_id,
        _TOPUPS.c.stripe_checkout_session_id,
        _TOPUPS.c.stripe_charge_id,
        _TOPUPS.c.stripe_payment_method_id,
        _TOPUPS.c.payment_method_label,
        _TOPUPS.c.stripe_response,
        _TOPUPS.c.bonus_amount,
        _TOPUPS.c.refunded_amount,
        _TOPUPS.c.refund_status,
        _TOPUPS.c.refund_snapshots,
        _COMPANIES.c.slug,
        _COMPANIES.c.timezone,
        _COMPANIES.c.country,
        _COMPANIES.c.is_small_business,
    )
    # The sum keeps SQLite from beginning with the company where there are few, and reading all of its top-ups.
    .join_from(_TOPUPS, _COMPANIES, _TOPUPS.c.company_id + literal_column("0") == _COMPANIES.c.id)
    # A null parameter equals nothing, and each branch has its index.
    .where(
        (_TOPUPS.c.id == bindparam("b_id"))
        | (_TOPUPS.c.stripe_payment_intent_id == bindparam("b_intent"))
        | (_TOPUPS.c.stripe_checkout_session_id == bindparam("b_session"))
        | (_TOPUPS.c.stripe_charge_id == bindparam("b_charge"))
    )
)
