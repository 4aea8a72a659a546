"""The intention to charge: a committed row that holds everything the Stripe call needs, so that it can be repeated."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlmodel import Session, select

from billing.changes import Kind, announce
from billing.companies import find_company
from billing.errors import CompanyInactive, InvalidAmount, KeyUsedOtherwise, UnknownTopup
from billing.gateway import ChargeRequest, CheckoutRequest
from billing.jobs import enqueue
from billing.models import Company, Topup, TopupOrigin, TopupStatus
from billing.money_text import money
from billing.policy import Policy

OPEN: Final = (TopupStatus.PENDING, TopupStatus.PROCESSING, TopupStatus.REQUIRES_ACTION)
"""A payment may still come of it."""
SETTLE_JOB: Final = "settle_topup"
FIRST_LOOK: Final = timedelta(seconds=60)
"""After this time a top-up without outcome is looked at: the process may have died, or a webhook got lost."""
CHECKOUT_SLACK: Final = timedelta(minutes=1)
"""Stripe counts the least life of a page from when the request arrives, we from when the row is written."""
KEY_LIFETIME: Final = timedelta(hours=23)
"""Stripe keeps idempotency keys for a day at least. An older intention is looked up, never repeated blindly."""
_PLAN: Final = "plan"


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What Stripe is asked for, kept in `Topup.meta`. A Checkout has a `success_url`, a charge a `payment_method`."""

    customer_id: str
    description: str
    locale: str = "auto"
    success_url: str | None = None
    cancel_url: str | None = None
    payment_method: str | None = None
    off_session: bool = False
    return_url: str | None = None

    @property
    def is_checkout(self) -> bool:
        return self.success_url is not None


def check_amount(amount_cents: int, policy: Policy) -> None:
    """Raises `InvalidAmount`, naming the limits."""
    low, high = policy.topup_min_cents, policy.topup_max_cents
    if not low <= amount_cents <= high:
        raise InvalidAmount(
            f"a top-up of {money(amount_cents)} is not possible",
            remedy=f"Choose an amount from {money(low)} to {money(high)}.",
        )


def require_active(session: Session, company_id: int) -> Company:
    """The company, if it may pay. Raises `UnknownCompany`, `CompanyInactive`."""
    company = find_company(session, company_id)
    if not company.is_active:
        raise CompanyInactive(company_id)
    return company


def open_topup(
    session: Session,
    *,
    company_id: int,
    amount_cents: int,
    origin: TopupOrigin,
    idempotency_key: str,
    plan: Plan,
    now: datetime,
    expires_at: datetime | None = None,
    initiated_by: str | None = None,
    payment_method_label: str | None = None,
) -> Topup:
    """Write the intention, and the job that finishes it should this process not. Raises `CompanyInactive`."""
    company = require_active(session, company_id)
    topup = Topup(
        company_id=company_id,
        amount_cents=amount_cents,
        currency=company.currency,
        origin=origin,
        idempotency_key=idempotency_key,
        meta={_PLAN: msgspec.to_builtins(plan)},
        expires_at=expires_at,
        initiated_by=initiated_by,
        payment_method_label=payment_method_label,
        created_at=now,
        updated_at=now,
    )
    session.add(topup)
    session.flush()
    assert topup.id is not None
    key, payload = f"{SETTLE_JOB}:{topup.id}", {"topup_id": topup.id}
    enqueue(session, kind=SETTLE_JOB, key=key, payload=payload, run_at=now + FIRST_LOOK)
    announce(session, Kind.TOPUP, topup.id)
    return topup


def requested_before(session: Session, idempotency_key: str, *, amount_cents: int, plan: Plan) -> Topup | None:
    """The top-up that this very request has opened before. Raises `KeyUsedOtherwise` when it was another one's."""
    topup = session.exec(select(Topup).where(Topup.idempotency_key == idempotency_key)).one_or_none()
    if topup is None:
        return None
    before = plan_of(topup)
    if topup.amount_cents != amount_cents or before is None or before.is_checkout != plan.is_checkout:
        raise KeyUsedOtherwise(f"top-up {topup.id} over {money(topup.amount_cents)}")
    return topup


def key_of(company: Company, request_key: str, *, what: str = "topup") -> str:
    """What the caller's key is to Stripe: one of this installation and company, whatever others call theirs."""
    name = f"{company.id}/{company.created_at.isoformat()}/{request_key}"
    return f"{what}_{hashlib.sha256(name.encode()).hexdigest()[:40]}"


def topup_of(session: Session, topup_id: int) -> Topup:
    """The row as it is in this transaction. Raises `UnknownTopup`."""
    topup = session.get(Topup, topup_id, populate_existing=True)
    if topup is None:
        raise UnknownTopup(topup_id)
    return topup


def plan_of(topup: Topup) -> Plan | None:
    """What was asked for; None for a payment that was begun at Stripe."""
    return msgspec.convert(topup.meta[_PLAN], Plan) if _PLAN in topup.meta else None


def checkout_request(topup: Topup, plan: Plan) -> CheckoutRequest:
    assert topup.id is not None and plan.success_url and plan.cancel_url and topup.expires_at
    return CheckoutRequest(
        topup_id=topup.id,
        company_id=topup.company_id,
        amount_cents=topup.amount_cents,
        currency=topup.currency,
        customer_id=plan.customer_id,
        description=plan.description,
        success_url=plan.success_url,
        cancel_url=plan.cancel_url,
        expires_at=topup.expires_at,
        locale=plan.locale,
        idempotency_key=topup.idempotency_key,
    )


def charge_request(topup: Topup, plan: Plan) -> ChargeRequest:
    assert topup.id is not None and plan.payment_method
    return ChargeRequest(
        topup_id=topup.id,
        company_id=topup.company_id,
        amount_cents=topup.amount_cents,
        currency=topup.currency,
        customer_id=plan.customer_id,
        payment_method=plan.payment_method,
        description=plan.description,
        off_session=plan.off_session,
        origin=topup.origin.value,
        idempotency_key=topup.idempotency_key,
        return_url=plan.return_url,
    )
