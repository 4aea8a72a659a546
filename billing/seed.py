"""The first rows of a new database: companies with a past, and the bonus ladder that everybody is promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from billing.calls import simulate_call
from billing.companies import book_opening_balance, create_company
from billing.models import BonusRule, Company
from billing.policy import Policy
from billing.rates import Rate, set_rate

ACTOR: Final = "seed"

BONUS_LADDER: Final = (
    (25_000, 10),
    (50_000, 15),
    (100_000, 20),
    (200_000, 30),
    (300_000, 40),
    (500_000, 50),
)
"""From so many cents on, so many percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedCall:
    """A call that ended before the start."""

    duration_s: int
    ended_ago: timedelta
    to_number: str | None = None
    from_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedCompany:
    """A company of the first start. Its balances are those before its `past_calls`, which are charged one by one."""

    slug: str
    name: str
    email: str | None = None
    opening_balance_cents: int = 0
    opening_bonus_cents: int = 0
    low_balance_threshold_cents: int = 2_000
    rate: Rate | None = None
    """None: the default rate."""
    prepaid_billing_enabled: bool = True
    past_calls: tuple[SeedCall, ...] = ()


def seed(session: Session, companies: Sequence[SeedCompany], *, policy: Policy, now: datetime) -> Sequence[int]:
    """Add the companies whose slug is not there yet, and the bonus ladder once; returns the ids of the new ones."""
    _seed_bonus_ladder(session, now=now)
    known = set(session.exec(select(Company.slug)))
    return [
        _seed_company(session, company, policy=policy, now=now) for company in companies if company.slug not in known
    ]


def _seed_company(session: Session, wanted: SeedCompany, *, policy: Policy, now: datetime) -> int:
    calls = sorted(wanted.past_calls, key=lambda call: call.ended_ago, reverse=True)
    born = min((now - call.ended_ago - timedelta(seconds=call.duration_s) for call in calls), default=now)
    company = create_company(
        session,
        name=wanted.name,
        slug=wanted.slug,
        email=wanted.email,
        prepaid_billing_enabled=wanted.prepaid_billing_enabled,
        low_balance_threshold_cents=wanted.low_balance_threshold_cents,
        now=born,
    )
    assert company.id is not None
    if wanted.rate is not None:
        set_rate(session, company_id=company.id, rate=wanted.rate, valid_from=None, now=born)
    if wanted.opening_balance_cents or wanted.opening_bonus_cents:
        book_opening_balance(
            session,
            company,
            money_cents=wanted.opening_balance_cents,
            bonus_cents=wanted.opening_bonus_cents,
            actor=ACTOR,
            now=born,
        )
    for number, call in enumerate(calls, start=1):
        simulate_call(
            session,
            company_id=company.id,
            provider_call_id=f"call_{wanted.slug}_{number}",
            duration_s=call.duration_s,
            from_number=call.from_number,
            to_number=call.to_number,
            policy=policy,
            now=now - call.ended_ago,
        )
    return company.id


def _seed_bonus_ladder(session: Session, *, now: datetime) -> None:
    if session.exec(select(BonusRule.id).where(col(BonusRule.company_id).is_(None)).limit(1)).first() is not None:
        return
    ends = [start for start, _ in BONUS_LADDER[1:]]
    for (start_cents, percent), end_cents in zip(BONUS_LADDER, [*ends, None], strict=True):
        session.add(
            BonusRule(
                name=f"{percent} % from {start_cents // 100} EUR",
                min_cents=start_cents,
                max_cents=None if end_cents is None else end_cents - 1,
                bonus_basis_points=percent * 100,
                created_at=now,
                updated_at=now,
            )
        )
    session.flush()
