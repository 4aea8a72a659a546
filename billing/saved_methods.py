"""The payment method that a company has saved for automatic top-ups."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, exists, select, update
from sqlmodel import Session, col
from sqlmodel import select as select_model

from billing.changes import Kind, announce
from billing.dialect import table_of
from billing.models import PrepaidBalance, TopupOrigin, WebhookEvent
from billing.topup_rows import PaymentIds, TopupRow

DETACHED = "payment_method.detached"
DESCRIBING = ("payment_method.attached", "payment_method.updated")
"""Events that say what a method looks like."""
CUSTOMER_KEY = "stripe_customer_key"
"""Where `Company.meta` keeps the idempotency key of its customer's creation."""


def remember_method(session: Session, topup: TopupRow, ids: PaymentIds, *, now: datetime) -> None:
    """Keep the card of a paid Checkout for automatic top-ups, when the company has none yet.

    Checkout asks the customer for that; a card that Stripe says was taken off since is not brought back.
    """
    method_id = ids.payment_method_id or topup.payment_method_id
    is_checkout = bool(topup.session_id or ids.session_id)
    if method_id is None or not is_checkout or topup.origin is not TopupOrigin.MANUAL:
        return
    kept = session.connection().execute(
        _KEEP,
        {
            "b_company": topup.company_id,
            "b_method": method_id,
            "b_label": ids.payment_method_label or topup.payment_method_label,
            "b_now": now,
        },
    )
    if kept.rowcount:
        announce(session, Kind.BALANCE, topup.company_id)


def name_method(session: Session, topup: TopupRow, ids: PaymentIds) -> None:
    """Show people what the saved method is, once a charge has told."""
    if ids.payment_method_id and ids.payment_method_label:
        session.connection().execute(
            _NAME,
            {"b_company": topup.company_id, "b_method": ids.payment_method_id, "b_label": ids.payment_method_label},
        )


def relabel_method(session: Session, method_id: str, *, label: str, now: datetime) -> list[int]:
    """The method is called `label` now; returns the companies that have saved it and knew it by another name."""
    relabelled = session.connection().execute(_RELABEL, {"b_method": method_id, "b_label": label, "b_now": now})
    companies = list(relabelled.scalars())
    for company_id in companies:
        announce(session, Kind.BALANCE, company_id)
    return companies


def is_latest_word(session: Session, method_id: str, said_at: datetime) -> bool:
    """Whether no younger event of Stripe's says what the method looks like: events come in any order."""
    younger = select(_EVENTS.c.id).where(
        _EVENTS.c.object_id == method_id, _EVENTS.c.event_type.in_(DESCRIBING), _EVENTS.c.stripe_created_at > said_at
    )
    return session.connection().execute(younger.limit(1)).first() is None


def forget_method(session: Session, method_id: str, *, now: datetime) -> list[int]:
    """A method that was taken off can no longer be charged; returns the companies that had saved it."""
    balances = session.exec(
        select_model(PrepaidBalance).where(col(PrepaidBalance.stripe_payment_method_id) == method_id)
    ).all()
    for balance in balances:
        balance.stripe_payment_method_id = None
        balance.payment_method_label = None
        balance.updated_at = now
        announce(session, Kind.BALANCE, balance.company_id)
    session.flush()
    return [balance.company_id for balance in balances]


_BALANCES = table_of(PrepaidBalance)
_EVENTS = table_of(WebhookEvent)
_taken_off = exists(
    select(_EVENTS.c.id).where(_EVENTS.c.object_id == bindparam("b_method"), _EVENTS.c.event_type == DETACHED)
)
_KEEP = (
    update(_BALANCES)
    .where(
        _BALANCES.c.company_id == bindparam("b_company"),
        _BALANCES.c.stripe_payment_method_id.is_(None),
        ~_taken_off,
    )
    .values(
        stripe_payment_method_id=bindparam("b_method"),
        payment_method_label=bindparam("b_label"),
        updated_at=bindparam("b_now"),
    )
)
_NAME = (
    update(_BALANCES)
    .where(
        _BALANCES.c.company_id == bindparam("b_company"),
        _BALANCES.c.stripe_payment_method_id == bindparam("b_method"),
        _BALANCES.c.payment_method_label.is_(None),
    )
    .values(payment_method_label=bindparam("b_label"))
)
_RELABEL = (
    update(_BALANCES)
    .where(
        _BALANCES.c.stripe_payment_method_id == bindparam("b_method"),
        _BALANCES.c.payment_method_label.is_distinct_from(bindparam("b_label")),
    )
    .values(payment_method_label=bindparam("b_label"), updated_at=bindparam("b_now"))
    .returning(_BALANCES.c.company_id)
)
