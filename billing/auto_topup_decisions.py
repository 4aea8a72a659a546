"""Deciding on an automatic top-up within one transaction: read everything, ask the rules, keep the answer, open it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, insert, inspect, select
from sqlmodel import Session

from billing.auto_topup_state import successes_today
from billing.changes import Kind, announce
from billing.companies import find_company
from billing.dialect import constant, table_of
from billing.ledger import balance_of
from billing.models import (
    AutoTopupDecision,
    Company,
    DecisionTrigger,
    LedgerEntry,
    LedgerType,
    PrepaidBalance,
    Topup,
    TopupOrigin,
)
from billing.periods import month_start
from billing.policy import Policy
from billing.prepared import Prepared
from billing.rules.auto_topup import AutoTopupState, Decision, may_auto_topup
from billing.topup_requests import OPEN, Plan, open_topup


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision as it was kept, and the top-up that it opened, if any."""

    decision: AutoTopupDecision
    topup: Topup | None


def decide(
    session: Session,
    company_id: int,
    *,
    triggered_by: DecisionTrigger,
    call_id: int | None,
    idempotency_key: str,
    policy: Policy,
    now: datetime,
) -> Decided:
    """Answer "is one due now?", and open the top-up when it is. Raises `UnknownCompany`.

    Checks that come together are answered one after the other, and the second sees the top-up that the first opened.
    """
    company, balance = find_company(session, company_id), balance_of(session, company_id)
    state = state_of(session, company, balance, policy=policy, now=now)
    answer = may_auto_topup(state, now)
    topup = None
    if answer.allowed:
        topup = _open(session, company, balance, idempotency_key=idempotency_key, now=now)
    decision = _keep(
        session, answer, state, company_id, triggered_by=triggered_by, call_id=call_id, topup=topup, now=now
    )
    return Decided(decision, topup)


def state_of(
    session: Session, company: Company, balance: PrepaidBalance, *, policy: Policy, now: datetime
) -> AutoTopupState:
    """Everything that the rules ask about a company."""
    return AutoTopupState(
        is_switched_on=policy.auto_topup_enabled,
        is_enabled=balance.auto_topup_enabled,
        disabled_reason=balance.auto_topup_disabled_reason,
        payment_method=balance.stripe_payment_method_id,
        threshold_cents=balance.auto_topup_threshold_cents,
        amount_cents=balance.auto_topup_amount_cents,
        company_is_active=company.is_active,
        prepaid_billing_enabled=company.prepaid_billing_enabled and policy.prepaid_billing_enabled,
        effective_total_cents=balance.balance_cents + balance.bonus_cents - balance.reserved_cents,
        open_topup_id=_open_auto_topup(session, balance.company_id),
        last_success_at=balance.last_auto_topup_at,
        cooldown=policy.auto_topup_cooldown,
        failures=balance.auto_topup_failure_count,
        retry_at=balance.auto_topup_retry_at,
        successes_today=successes_today(
            last_at=balance.last_auto_topup_at,
            count=balance.auto_topup_daily_count,
            now=now,
            timezone=company.timezone,
        ),
        daily_limit=balance.auto_topup_daily_limit,
        month_used_cents=_month_used(session, balance.company_id, since=month_start(now, company.timezone)),
        monthly_limit_cents=balance.auto_topup_monthly_limit_cents,
    )


def _open(session: Session, company: Company, balance: PrepaidBalance, *, idempotency_key: str, now: datetime) -> Topup:
    assert company.id is not None and balance.auto_topup_amount_cents is not None, "the rules saw them"
    assert company.stripe_customer_id is not None, "a saved method belongs to a customer"
    return open_topup(
        session,
        company_id=company.id,
        amount_cents=balance.auto_topup_amount_cents,
        origin=TopupOrigin.AUTO,
        idempotency_key=idempotency_key,
        plan=Plan(
            customer_id=company.stripe_customer_id,
            description=f"Automatic top-up for {company.name}",
            payment_method=balance.stripe_payment_method_id,
            off_session=True,
        ),
        payment_method_label=balance.payment_method_label,
        now=now,
    )


def _keep(
    session: Session,
    answer: Decision,
    state: AutoTopupState,
    company_id: int,
    *,
    triggered_by: DecisionTrigger,
    call_id: int | None,
    topup: Topup | None,
    now: datetime,
) -> AutoTopupDecision:
    decision = AutoTopupDecision(
        company_id=company_id,
        decided_at=now,
        allowed=answer.allowed,
        reason=answer.reason.value,
        explanation=answer.explanation,
        triggered_by=triggered_by,
        call_id=call_id,
        topup_id=topup.id if topup is not None else None,
        effective_total_cents=state.effective_total_cents,
        threshold_cents=state.threshold_cents,
        amount_cents=state.amount_cents,
    )
    # Beside the unit of work: there is one for every call, and few of them open a top-up.
    written = _KEEP.one(session, {f"b_{name}": getattr(decision, field) for name, field in _KEPT.items()})
    decision.id = written.id
    announce(session, Kind.DECISION, written.id)
    return decision


def _open_auto_topup(session: Session, company_id: int) -> int | None:
    found = _OPEN_AUTO.one(session, {"b_company_id": company_id})
    return None if found is None else found.id


def _month_used(session: Session, company_id: int, *, since: datetime) -> int:
    used: int = _MONTH_USED.one(session, {"b_company_id": company_id, "b_since": since}).used
    return used


_LEDGER: Final = table_of(LedgerEntry)
_TOPUPS: Final = table_of(Topup)
_DECISIONS: Final = table_of(AutoTopupDecision)
_MONTH_USED: Final = Prepared(
    select(func.coalesce(func.sum(_LEDGER.c.amount), 0).label("used")).where(
        _LEDGER.c.company_id == bindparam("b_company_id"),
        _LEDGER.c.created_at >= bindparam("b_since", type_=_LEDGER.c.created_at.type),
        _LEDGER.c.type == constant(LedgerType.TOPUP),
        _LEDGER.c.reference_type == "auto_topup",
    )
)
_OPEN_AUTO: Final = Prepared(
    select(_TOPUPS.c.id).where(
        _TOPUPS.c.company_id == bindparam("b_company_id"),
        _TOPUPS.c.origin == constant(TopupOrigin.AUTO),
        # As in the index `one_open_auto_topup`, which otherwise would not be used.
        _TOPUPS.c.status.in_([constant(status) for status in OPEN]),
    )
)
_KEPT: Final = {each.columns[0].name: each.key for each in inspect(AutoTopupDecision).column_attrs if each.key != "id"}
"""The columns of a decision, and what they are called in Python."""
_KEEP: Final = Prepared(
    insert(_DECISIONS)
    .values({name: bindparam(f"b_{name}", type_=_DECISIONS.c[name].type) for name in _KEPT})
    .returning(_DECISIONS.c.id)
)
