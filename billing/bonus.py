"""Booking of top-up bonuses: granted in the transaction of the credit, taken back when the payment is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, bindparam, func, not_, or_, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from billing.dialect import constant, table_of
from billing.ledger import balance_of, post
from billing.models import BonusRule, LedgerEntry, LedgerType
from billing.prepared import Prepared
from billing.rules.bonus import BonusDecision, bonus_for

REFERENCE_TYPE = "topup_bonus"


def is_first_topup(session: Session, company_id: int) -> bool:
    """Whether no top-up has been credited yet. To be asked before the credit in question is booked."""
    credited = select(LedgerEntry.id).where(
        LedgerEntry.company_id == company_id, col(LedgerEntry.type) == constant(LedgerType.TOPUP)
    )
    return session.exec(credited.limit(1)).first() is None


def rules_of(session: Session, company_id: int) -> Sequence[BonusRule]:
    """The rules that can concern this company: its own and those for all."""
    mine = or_(col(BonusRule.company_id).is_(None), col(BonusRule.company_id) == company_id)
    return session.exec(select(BonusRule).where(mine, col(BonusRule.is_active))).all()


def may_earn_bonus(session: Session, *, company_id: int, amount_cents: int) -> bool:
    """Whether any rule covers this amount at all: the cheap question that most top-ups end with."""
    return _COVERING.one(session, {"b_company_id": company_id, "b_amount": amount_cents}) is not None


def preview_bonus(session: Session, *, company_id: int, amount_cents: int, now: datetime) -> BonusDecision:
    """What `credit_bonus` would grant if this amount were credited now."""
    return bonus_for(
        rules_of(session, company_id),
        amount_cents=amount_cents,
        is_first_topup=is_first_topup(session, company_id),
        now=now,
    )


def credit_bonus(
    session: Session,
    *,
    topup_id: int,
    company_id: int,
    amount_cents: int,
    is_first: bool,
    webhook_event_id: int | None,
    now: datetime,
) -> BonusDecision:
    """Grant the bonus of a credited top-up, at most once, and count it in the statistics of its rule.

    `amount_cents` is what was really received; `is_first` is the answer of `is_first_topup` before the credit.
    """
    decision = bonus_for(rules_of(session, company_id), amount_cents=amount_cents, is_first_topup=is_first, now=now)
    if decision.rule_id is None:
        return decision
    posting = post(
        session,
        company_id=company_id,
        type=LedgerType.BONUS,
        bonus_cents=decision.bonus_cents,
        posting_key=f"topup_bonus:{topup_id}",
        description=f"Bonus for top-up {topup_id}: {decision.rule_name}",
        reference_type=REFERENCE_TYPE,
        reference_id=topup_id,
        webhook_event_id=webhook_event_id,
        now=now,
    )
    if posting.is_new:
        session.execute(
            update(BonusRule)
            .where(col(BonusRule.id) == decision.rule_id)
            .values(
                times_used=BonusRule.times_used + 1,
                total_bonus_given_cents=BonusRule.total_bonus_given_cents + decision.bonus_cents,
                updated_at=now,
            )
        )
    return decision


def claw_back_bonus(
    session: Session, *, topup_id: int, company_id: int, webhook_event_id: int | None, now: datetime
) -> int:
    """Take back what is left of a top-up's bonus after the payment was refunded in full; returns the cents taken.

    Bonus is used oldest first, so what is left of this one is the present bonus minus everything granted after it.
    """
    granted = session.exec(
        select(LedgerEntry.id).where(LedgerEntry.posting_key == f"topup_bonus:{topup_id}")
    ).one_or_none()
    if granted is None:
        return 0
    mine = col(LedgerEntry.reference_id) == str(topup_id)
    steps, net_cents = _bookings(session, company_id, mine)
    _, later_cents = _bookings(session, company_id, and_(not_(mine), col(LedgerEntry.id) > granted))
    left_cents = min(net_cents, balance_of(session, company_id).bonus_cents - max(0, later_cents))
    if left_cents <= 0:
        return 0
    posting = post(
        session,
        company_id=company_id,
        type=LedgerType.BONUS,
        bonus_cents=-left_cents,
        # A refund may fail and be made again; each time is a step of its own.
        posting_key=f"topup_bonus_clawback:{topup_id}:{steps}",
        description=f"Unused bonus of the refunded top-up {topup_id}",
        reference_type=REFERENCE_TYPE,
        reference_id=topup_id,
        webhook_event_id=webhook_event_id,
        now=now,
    )
    assert posting.is_new
    return left_cents


def _bookings(session: Session, company_id: int, which: ColumnElement[bool]) -> tuple[int, int]:
    """How many rows about top-up bonuses there are, and what they grant in sum."""
    rows, cents = session.exec(
        select(func.count(), func.coalesce(func.sum(LedgerEntry.bonus_cents), 0)).where(
            LedgerEntry.company_id == company_id, LedgerEntry.reference_type == REFERENCE_TYPE, which
        )
    ).one()
    return rows, cents


_RULES: Final = table_of(BonusRule)
_COVERING: Final = Prepared(
    select_columns(_RULES.c.id)
    .where(
        _RULES.c.is_active,
        _RULES.c.company_id.is_(None) | (_RULES.c.company_id == bindparam("b_company_id")),
        _RULES.c.min_amount <= bindparam("b_amount"),
        _RULES.c.max_amount.is_(None) | (_RULES.c.max_amount >= bindparam("b_amount")),
    )
    .limit(1)
)
