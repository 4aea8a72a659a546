"""A company's balance together with what is needed to judge it: flags, threshold and the rate of the moment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, or_, select
from sqlmodel import Session

from billing.dialect import table_of
from billing.errors import UnknownCompany
from billing.models import BillingRate, Company, PrepaidBalance
from billing.money import seconds_covered
from billing.policy import Policy
from billing.prepared import Prepared
from billing.rates import Rate, default_rate
from billing.rules.balance_level import BalanceLevel, balance_level


@dataclass(frozen=True, slots=True)
class Account:
    """One company's money at one moment. Read-only; bookings go through the ledger."""

    company_id: int
    slug: str
    name: str
    prepaid_billing_enabled: bool
    """Of the company, and of the policy for all."""
    balance_cents: int
    bonus_cents: int
    reserved_cents: int
    low_balance_threshold_cents: int
    auto_topup_enabled: bool
    rate: Rate

    @property
    def effective_total_cents(self) -> int:
        """What calls may still use: balance + bonus - reserved."""
        return self.balance_cents + self.bonus_cents - self.reserved_cents

    @property
    def withdrawable_cents(self) -> int:
        """Money that could be paid out; never bonus."""
        return max(0, self.balance_cents - self.reserved_cents)

    @property
    def one_minute_cents(self) -> int:
        """The price of a call of one minute: the least that must be there before a call is admitted."""
        return self.rate.price_cents(60)

    @property
    def level(self) -> BalanceLevel:
        return balance_level(
            effective_total_cents=self.effective_total_cents,
            threshold_cents=self.low_balance_threshold_cents,
            one_minute_cents=self.one_minute_cents,
        )

    @property
    def remaining_s(self) -> int | None:
        """Seconds of calling that the effective total pays for; None when calls are free."""
        return seconds_covered(cents=self.effective_total_cents, rate_e4_per_minute=self.rate.rate_e4_per_minute)


def account_of(session: Session, company_id: int, *, policy: Policy, now: datetime) -> Account:
    """The account of one company as it is in this transaction. Raises `UnknownCompany`."""
    session.flush()
    row = _ONE.one(session, {"b_company_id": company_id, "b_now": now})
    if row is None:
        raise UnknownCompany(company_id)
    return _account(row, policy)


def accounts(
    session: Session, *, policy: Policy, now: datetime, company_ids: Collection[int] | None = None
) -> Sequence[Account]:
    """The accounts of these companies, or of all, by name."""
    session.flush()
    if company_ids is None:
        return [_account(row, policy) for row in session.execute(_ALL, {"b_now": now})]
    found = session.execute(_SOME, {"b_company_ids": list(company_ids), "b_now": now})
    return [_account(row, policy) for row in found]


def _account(row: Row[Any], policy: Policy) -> Account:
    has_rate = row.rate_per_minute is not None
    return Account(
        company_id=row.id,
        slug=row.slug,
        name=row.name,
        prepaid_billing_enabled=row.prepaid_billing_enabled and policy.prepaid_billing_enabled,
        balance_cents=row.balance,
        bonus_cents=row.bonus_balance,
        reserved_cents=row.reserved_balance,
        low_balance_threshold_cents=row.low_balance_threshold,
        auto_topup_enabled=row.auto_topup_enabled,
        rate=Rate(row.rate_per_minute, row.billing_increment, row.minimum_charge) if has_rate else default_rate(policy),
    )


_COMPANIES: Final = table_of(Company)
_BALANCES: Final = table_of(PrepaidBalance)
_RATES: Final = table_of(BillingRate)
_CANDIDATES: Final = _RATES.alias("candidates")

_NOW: Final = bindparam("b_now", type_=_RATES.c.valid_from.type)
_CURRENT_RATE: Final = (
    select(_CANDIDATES.c.id)
    .where(
        _CANDIDATES.c.company_id == _COMPANIES.c.id,
        _CANDIDATES.c.is_active,
        or_(_CANDIDATES.c.valid_from.is_(None), _CANDIDATES.c.valid_from <= _NOW),
        or_(_CANDIDATES.c.valid_until.is_(None), _CANDIDATES.c.valid_until >= _NOW),
    )
    .order_by(_CANDIDATES.c.valid_from.desc().nulls_last(), _CANDIDATES.c.id.desc())
    .limit(1)
    .correlate(_COMPANIES)
    .scalar_subquery()
)
"""The active rate with the latest beginning; one without a beginning has been valid since ever."""

_EVERY: Final[Select[Any]] = (
    select(
        _COMPANIES.c.id,
        _COMPANIES.c.slug,
        _COMPANIES.c.name,
        _COMPANIES.c.prepaid_billing_enabled,
        _BALANCES.c.balance,
        _BALANCES.c.bonus_balance,
        _BALANCES.c.reserved_balance,
        _BALANCES.c.low_balance_threshold,
        _BALANCES.c.auto_topup_enabled,
        _RATES.c.rate_per_minute,
        _RATES.c.billing_increment,
        _RATES.c.minimum_charge,
    )
    .join_from(_COMPANIES, _BALANCES, _BALANCES.c.company_id == _COMPANIES.c.id)
    .outerjoin(_RATES, _RATES.c.id == _CURRENT_RATE)
    .where(_COMPANIES.c.deleted_at.is_(None))
)
_ONE: Final = Prepared(_EVERY.where(_COMPANIES.c.id == bindparam("b_company_id")))
_ALL: Final = _EVERY.order_by(_COMPANIES.c.name, _COMPANIES.c.id)
_SOME: Final = _ALL.where(_COMPANIES.c.id.in_(bindparam("b_company_ids", expanding=True)))
