"""Changes of a balance by a person: a ledger row and an audit entry with actor and reason, never an overwrite."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from billing import audit, jobs
from billing.accounts import Account, account_of
from billing.audit import Action
from billing.errors import InsufficientCredit, InvalidAmount
from billing.ledger import Posting, balance_of, post
from billing.models import LedgerType, PrepaidBalance
from billing.money_text import money
from billing.policy import Policy
from billing.rules.buckets import split_spending


def adjust(
    session: Session,
    *,
    adjustment_id: str,
    company_id: int,
    money_cents: int,
    bonus_cents: int,
    actor: str,
    reason: str,
    policy: Policy,
    now: datetime,
) -> Posting:
    """Book a signed change of money and bonus, once per `adjustment_id`.

    A debit may take what is not held for calls in progress, and makes no debt. Raises `InvalidAmount`,
    `InvalidReason`, `InsufficientCredit`, `UnknownCompany`.
    """
    audit.check_reason("an adjustment", actor=actor, reason=reason)
    if not money_cents and not bonus_cents:
        raise InvalidAmount("the adjustment moves nothing", remedy="Give an amount for money or bonus.")
    account = account_of(session, company_id, policy=policy, now=now)
    _check_debit(account, money_cents=money_cents, bonus_cents=bonus_cents)
    posting = post(
        session,
        company_id=company_id,
        type=LedgerType.ADJUSTMENT,
        money_cents=money_cents,
        bonus_cents=bonus_cents,
        posting_key=f"adjustment:{adjustment_id}",
        description=reason,
        reference_type="admin_adjustment",
        reference_id=adjustment_id,
        created_by=actor,
        now=now,
    )
    if posting.is_new:
        _note(session, account, posting, action=Action.BALANCE_ADJUSTED, actor=actor, reason=reason, now=now)
    if money_cents + bonus_cents > 0:
        jobs.enqueue_retry_unpaid(session, company_id=company_id, ledger_id=posting.id, now=now)
    return posting


def withdraw(
    session: Session,
    *,
    withdrawal_id: str,
    company_id: int,
    amount_cents: int,
    actor: str,
    reason: str,
    policy: Policy,
    now: datetime,
) -> Posting:
    """Pay money out, once per `withdrawal_id`: never bonus, never what calls in progress hold, never into debt.

    Raises `InvalidAmount`, `InvalidReason`, `InsufficientCredit`, `UnknownCompany`.
    """
    audit.check_reason("a withdrawal", actor=actor, reason=reason)
    if amount_cents <= 0:
        raise InvalidAmount(f"{money(amount_cents)} cannot be withdrawn", remedy="Give at least one cent.")
    account = account_of(session, company_id, policy=policy, now=now)
    # Running calls may be paid by bonus in the end, but whether they are is not known yet.
    if amount_cents > account.withdrawable_cents:
        raise _not_covered("withdrawable money", left_cents=account.withdrawable_cents, wanted_cents=amount_cents)
    posting = post(
        session,
        company_id=company_id,
        type=LedgerType.WITHDRAWAL,
        money_cents=-amount_cents,
        posting_key=f"withdrawal:{withdrawal_id}",
        description=reason,
        reference_type="withdrawal",
        reference_id=withdrawal_id,
        created_by=actor,
        now=now,
    )
    if posting.is_new:
        _note(session, account, posting, action=Action.BALANCE_WITHDRAWN, actor=actor, reason=reason, now=now)
    return posting


def drain(
    session: Session,
    *,
    adjustment_id: str,
    company_id: int,
    to_cents: int | None,
    actor: str,
    reason: str,
    policy: Policy,
    now: datetime,
) -> PrepaidBalance:
    """Lower the effective total to `to_cents`, bonus first; None = one cent below the low-balance threshold.

    A balance that is there already, or lower, stays as it is.
    """
    account = account_of(session, company_id, policy=policy, now=now)
    target_cents = max(0, account.low_balance_threshold_cents - 1) if to_cents is None else to_cents
    if target_cents < 0:
        raise InvalidAmount(f"{money(target_cents)} is negative", remedy="A balance can be drained down to zero.")
    surplus_cents = account.effective_total_cents - target_cents
    if surplus_cents > 0:
        split = split_spending(surplus_cents, bonus_available_cents=account.bonus_cents)
        adjust(
            session,
            adjustment_id=adjustment_id,
            company_id=company_id,
            money_cents=-split.money_cents,
            bonus_cents=-split.bonus_cents,
            actor=actor,
            reason=reason,
            policy=policy,
            now=now,
        )
    return balance_of(session, company_id)


def _note(
    session: Session, account: Account, posting: Posting, *, action: Action, actor: str, reason: str, now: datetime
) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        company_id=account.company_id,
        target=f"company_{account.company_id}",
        reason=reason,
        before={"balance_cents": account.balance_cents, "bonus_cents": account.bonus_cents},
        after={
            "balance_cents": posting.balance_after_cents,
            "bonus_cents": posting.bonus_after_cents,
            "ledger_id": posting.id,
        },
        now=now,
    )


def _check_debit(account: Account, *, money_cents: int, bonus_cents: int) -> None:
    """Neither pot may become negative by a debit, nor may both together fall below what calls in progress hold."""
    if bonus_cents < 0 and account.bonus_cents + bonus_cents < 0:
        raise _not_covered("bonus", left_cents=account.bonus_cents, wanted_cents=-bonus_cents)
    if money_cents < 0 and account.balance_cents + money_cents < 0:
        raise _not_covered("money", left_cents=account.balance_cents, wanted_cents=-money_cents)
    change_cents = money_cents + bonus_cents
    if change_cents < 0 and account.effective_total_cents + change_cents < 0:
        raise _not_covered("unreserved credit", left_cents=account.effective_total_cents, wanted_cents=-change_cents)


def _not_covered(what: str, *, left_cents: int, wanted_cents: int) -> InsufficientCredit:
    return InsufficientCredit(
        f"there is {money(left_cents)} of {what}, {money(wanted_cents)} cannot be taken",
        effective_total_cents=left_cents,
        needed_cents=wanted_cents,
    )
