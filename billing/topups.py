"""Moving a top-up's state and crediting it: the one way, for webhook events and for Stripe's direct answers alike.

Nothing here talks to Stripe, and nothing commits. Each function may be repeated: a top-up is credited by the ledger
key `topup:<id>`, and its status only moves along `LEGAL_MOVES`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from billing import auto_topup_state, invoices
from billing.bonus import credit_bonus, is_first_topup, may_earn_bonus
from billing.inbox_replay import payments_appeared
from billing.jobs import enqueue_retry_unpaid
from billing.ledger import post
from billing.models import LEGAL_MOVES, LedgerType, TopupOrigin, TopupStatus
from billing.money_text import euros, money
from billing.payment_refunds import book_what_went_back
from billing.policy import Policy
from billing.saved_methods import name_method, remember_method
from billing.settlement import Cancelled, Declined, NeedsAction, Paid, PaymentOutcome, Processing, Settlement
from billing.topup_rows import PaymentIds, TopupRow, change, new_ids

DEFAULT_POLICY = Policy()


def settle(
    session: Session,
    topup: TopupRow,
    outcome: PaymentOutcome,
    *,
    webhook_event_id: int | None,
    now: datetime,
    policy: Policy = DEFAULT_POLICY,
) -> Settlement:
    """Bring a top-up to what Stripe says of its payment, and book what follows. Idempotent; safe in any order.

    The caller has checked with `mismatch` that a payment is the one that was asked for.
    """
    match outcome:
        case Paid():
            return _credit(session, topup, outcome, webhook_event_id=webhook_event_id, now=now, policy=policy)
        case Declined():
            return _decline(session, topup, outcome, now=now, policy=policy)
        case NeedsAction(next_action_url=url):
            columns: dict[str, Any] = {"checkout_url": url} if url else {}
            return _move(session, topup, TopupStatus.REQUIRES_ACTION, outcome.ids, now=now, **columns)
        case Processing():
            return _move(session, topup, TopupStatus.PROCESSING, outcome.ids, now=now)
        case Cancelled(why=why):
            settled = _move(session, topup, TopupStatus.CANCELLED, outcome.ids, now=now)
            return replace(settled, reason=f"{settled.reason}: {why}") if settled.changed else settled


def mismatch(topup: TopupRow, *, amount_cents: int | None, currency: str | None) -> str | None:
    """Why a payment of this amount and currency is not the one that the top-up asked for; None when it is."""
    if amount_cents is None or currency is None:
        return (
            f"it names no amount or no currency, top-up {topup.id} asks for {money(topup.amount_cents, topup.currency)}"
        )
    if amount_cents == topup.amount_cents and currency.upper() == topup.currency.upper():
        return None
    return (
        f"it is about {money(amount_cents, currency)}, but top-up {topup.id} asks for "
        f"{money(topup.amount_cents, topup.currency)}"
    )


def link(session: Session, topup: TopupRow, ids: PaymentIds, *, now: datetime) -> bool:
    """Note what Stripe calls the payment; events that waited for it are tried again. False: all was known."""
    columns = new_ids(topup, ids)
    if columns:
        change(session, topup, now=now, **columns)
        if topup.status is TopupStatus.SUCCEEDED:
            remember_method(session, topup, ids, now=now)
        if "payment_method_label" in columns:
            name_method(session, topup, ids)
        _wake_events(session, topup, columns, now)
    return bool(columns)


def _credit(
    session: Session, topup: TopupRow, paid: Paid, *, webhook_event_id: int | None, now: datetime, policy: Policy
) -> Settlement:
    assert mismatch(topup, amount_cents=paid.received_cents, currency=paid.currency) is None
    if topup.status is TopupStatus.SUCCEEDED:
        link(session, topup, paid.ids, now=now)
        return Settlement(topup, False, f"top-up {topup.id} had been credited before")
    earns = may_earn_bonus(session, company_id=topup.company_id, amount_cents=paid.received_cents)
    # Asked before the credit: afterwards it never is the first.
    is_first = earns and is_first_topup(session, topup.company_id)
    is_auto = topup.origin is TopupOrigin.AUTO
    posting = post(
        session,
        company_id=topup.company_id,
        type=LedgerType.TOPUP,
        money_cents=paid.received_cents,
        posting_key=f"topup:{topup.id}",
        description=f"{'Automatic top-up' if is_auto else 'Top-up'} {topup.id}",
        reference_type="auto_topup" if is_auto else "topup",
        reference_id=topup.id,
        webhook_event_id=webhook_event_id,
        now=now,
    )
    bonus_cents = 0
    if earns:
        bonus_cents = credit_bonus(
            session,
            topup_id=topup.id,
            company_id=topup.company_id,
            amount_cents=paid.received_cents,
            is_first=is_first,
            webhook_event_id=webhook_event_id,
            now=now,
        ).bonus_cents
    columns = new_ids(topup, paid.ids)
    change(
        session,
        topup,
        now=now,
        status=TopupStatus.SUCCEEDED,
        paid_at=now,
        bonus_amount=bonus_cents,
        failure_code=None,
        decline_code=None,
        failure_message=None,
        **columns,
    )
    credited = replace(topup, status=TopupStatus.SUCCEEDED, bonus_cents=bonus_cents)
    invoices.issue(session, credited, gross_cents=paid.received_cents, policy=policy, now=now)
    if is_auto:
        auto_topup_state.succeeded(session, credited, now=now)
    remember_method(session, credited, paid.ids, now=now)
    enqueue_retry_unpaid(session, company_id=topup.company_id, ledger_id=posting.id, now=now)
    _wake_events(session, topup, columns, now)
    reason = (
        f"credited {money(paid.received_cents, topup.currency)} to {topup.company_slug}; "
        f"balance {euros(posting.balance_after_cents - paid.received_cents)} → {euros(posting.balance_after_cents)}"
    )
    if bonus_cents:
        reason += f"; bonus {money(bonus_cents, topup.currency)}"
    went_back = book_what_went_back(session, credited, webhook_event_id=webhook_event_id, now=now)
    return Settlement(credited, True, f"{reason}; {went_back}" if went_back else reason)


def _decline(session: Session, topup: TopupRow, declined: Declined, *, now: datetime, policy: Policy) -> Settlement:
    said = ", ".join(filter(None, (declined.failure_code, declined.decline_code))) or "no reason given"
    rank = [int(declined.at.timestamp()), declined.decline_code or "", declined.failure_code or ""]
    known = (topup.stripe_response or {}).get("declined")
    facts: dict[str, Any] = {}
    if known is None or rank > known:
        facts = {
            "failure_code": declined.failure_code,
            "decline_code": declined.decline_code,
            "failure_message": declined.message,
            "stripe_response": {**(topup.stripe_response or {}), "declined": rank},
        }
    if topup.status is TopupStatus.FAILED:
        if not facts:
            return Settlement(topup, False, f"top-up {topup.id} was known to be declined")
        change(session, topup, now=now, **facts)
        return Settlement(topup, True, f"top-up {topup.id} was declined again: {said}")
    settled = _move(session, topup, TopupStatus.FAILED, declined.ids, now=now, **facts)
    if settled.changed and topup.origin is TopupOrigin.AUTO:
        note = auto_topup_state.failed(session, settled.topup, now=now, policy=policy)
        return replace(settled, reason=f"top-up {topup.id} was declined: {said}; {note}")
    return replace(settled, reason=f"top-up {topup.id} was declined: {said}") if settled.changed else settled


def _move(
    session: Session, topup: TopupRow, target: TopupStatus, ids: PaymentIds, *, now: datetime, **columns: Any
) -> Settlement:
    """Move the status if that is legal; an illegal move is told, not made. What Stripe calls it is noted anyway."""
    if target is topup.status or target not in LEGAL_MOVES[topup.status]:
        link(session, topup, ids, now=now)
        if target is topup.status:
            return Settlement(topup, False, f"top-up {topup.id} was {target} before")
        return Settlement(topup, False, f"top-up {topup.id} is {topup.status} and stays so; {target} came too late")
    found = new_ids(topup, ids)
    change(session, topup, now=now, status=target, **found, **columns)
    _wake_events(session, topup, found, now)
    return Settlement(replace(topup, status=target), True, f"top-up {topup.id} is {target}")


def _wake_events(session: Session, topup: TopupRow, columns: dict[str, Any], now: datetime) -> None:
    keys = [columns[name] for name in _PAYMENT_COLUMNS if name in columns]
    if keys:
        payments_appeared(session, [*keys, f"topup:{topup.id}"], now=now)


_PAYMENT_COLUMNS = ("stripe_payment_intent_id", "stripe_checkout_session_id", "stripe_charge_id")
