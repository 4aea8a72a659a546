"""Bringing about what is given, before the first step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from billing.models import BonusRule, Company
from billing.rates import Rate, set_rate
from devconsole.scenario.inputs import StepInvalid, cents_of
from devconsole.scenario.scene import Scene
from devconsole.scenario.story import Given, GivenBonusRule, GivenCompany, GivenRate, GivenSettings
from relay.api import AddForwardTarget, AdjustBalance, CreateCompany, SetAutoTopup, SetLimits
from relay.errors import OperationRefused


class NotGiven(StepInvalid):
    """A company that there cannot be as it is given."""

    def __init__(self, company: str, why: str) -> None:
        super().__init__(f"{company} cannot be given: {why}")
        self.company = company


def options_of(settings: GivenSettings) -> dict[str, Any]:
    """As settings of the server; defaults are left out."""
    given = {name: getattr(settings, name) for name in settings.__struct_fields__}
    return {name: value for name, value in given.items() if value is not None}


def start_of(given: Given) -> datetime | None:
    """When the story begins, if it says so. Raises `StepInvalid`."""
    if given.start is None:
        return None
    try:
        moment = datetime.fromisoformat(given.start)
    except ValueError:
        raise StepInvalid(f"{given.start!r} is no time; write it as 2030-01-31T22:00:00Z") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def needs_own_server(given: Given) -> str | None:
    """What of it no operation brings about, None when all can be had on any server."""
    if given.bonus_rules:
        return "bonus rules"
    if any(company.rate is not None for company in given.companies):
        return "rates"
    if given.settings != GivenSettings():
        return "settings"
    return "a start time" if given.start is not None else None


def bring_about(given: Given, scene: Scene) -> None:
    """Companies with all that belongs to them, bonus rules, forward targets. Raises `RelayError` and `NotGiven`."""
    for company in given.companies:
        try:
            _company(scene, company)
        except OperationRefused as refusal:
            raise NotGiven(
                company.slug, " ".join(filter(None, (refusal.problem.message, refusal.problem.remedy)))
            ) from refusal
    if given.bonus_rules or any(company.rate is not None for company in given.companies):
        assert scene.own is not None
        scene.own.write(_book, given, names=scene.names)
    for url in given.forward_to:
        scene.call(AddForwardTarget(url=url, sign=False))


def _company(scene: Scene, company: GivenCompany) -> None:
    slug = scene.named(company.slug)
    scene.call(
        CreateCompany(
            company_name=company.name or company.slug,
            slug=slug,
            email=company.email,
            opening_balance_cents=cents_of(company.balance),
            prepaid_billing_enabled=company.prepaid,
        )
    )
    if cents_of(company.bonus):
        scene.call(AdjustBalance(company=slug, bonus_cents=cents_of(company.bonus), reason="given"))
    if (auto := company.auto_topup) is not None:
        scene.call(
            SetAutoTopup(
                company=slug,
                enabled=True,
                threshold_cents=cents_of(auto.threshold),
                amount_cents=cents_of(auto.amount),
                daily_limit=auto.daily_limit,
                monthly_limit_cents=_cents(auto.monthly_limit),
                card=auto.card,
            )
        )
    elif company.card is not None:
        scene.call(SetAutoTopup(company=slug, card=company.card))
    if (limits := company.limits) is not None:
        scene.call(
            SetLimits(
                company=slug,
                daily_limit_cents=_cents(limits.daily),
                weekly_limit_cents=_cents(limits.weekly),
                monthly_limit_cents=_cents(limits.monthly),
                hard_limit=limits.hard,
            )
        )


def _book(session: Session, given: Given, *, names: Mapping[str, str], now: datetime) -> None:
    ids = {company.slug: company.id for company in session.exec(select(Company))}
    for company in given.companies:
        company_id = ids[names.get(company.slug, company.slug)]
        if company.rate is not None and company_id is not None:
            set_rate(session, company_id=company_id, rate=_rate(company.rate), valid_from=None, now=now)
    if given.bonus_rules:
        session.execute(delete(BonusRule).where(col(BonusRule.company_id).is_(None)))
    for rule in given.bonus_rules:
        company_id = None if rule.company is None else ids[names.get(rule.company, rule.company)]
        session.add(_bonus_rule(rule, company_id, now))


def _rate(rate: GivenRate) -> Rate:
    return Rate(int(Decimal(rate.per_minute) * 10_000), rate.increment, cents_of(rate.minimum))


def _bonus_rule(rule: GivenBonusRule, company_id: int | None, now: datetime) -> BonusRule:
    return BonusRule(
        company_id=company_id,
        name=f"{rule.percent} % from {rule.from_} EUR",
        min_cents=cents_of(rule.from_),
        max_cents=_cents(rule.to),
        bonus_basis_points=int(Decimal(rule.percent) * 100),
        max_bonus_cents=_cents(rule.most),
        is_first_time_only=rule.first_time_only,
        priority=rule.priority,
        created_at=now,
        updated_at=now,
    )


def _cents(amount: str | None) -> int | None:
    return None if amount is None else cents_of(amount)
