"""The sample companies of a first start on the sandbox: booked by billing, their cards saved through the services."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sqlmodel import Session, col, select

from billing.errors import BillingError
from billing.models import Company, PrepaidBalance
from billing.policy import Policy
from billing.rates import default_rate
from billing.seed import SeedCall, SeedCompany, seed
from fixtures.cards import card_named
from fixtures.companies import SAMPLE_COMPANIES, SampleAutoTopup, SampleCompany
from relay.backend import Backend

log = logging.getLogger(__name__)


async def seed_companies(backend: Backend, *, wants_samples: bool) -> None:
    """Add the bonus ladder that everybody is promised, and the samples to a database without any company.

    Companies are added in one transaction. Their automatic top-ups need Stripe and test mode, so they follow; those
    that a crash or a missing lock kept from being set up are set up by a later start.
    """
    await backend.db.write(_book, backend, SAMPLE_COMPANIES if wants_samples else ())
    if not wants_samples or not backend.test_mode.is_on:
        return
    for company_id, settings in await backend.db.write(_not_set_up):
        try:
            await backend.auto_topups.configure(
                company_id,
                enabled=True,
                threshold_cents=settings.threshold_cents,
                amount_cents=settings.amount_cents,
                payment_method=card_named(settings.card).payment_method,
            )
        except BillingError as error:
            # A sample without its card is no reason not to start.
            log.warning("sample_not_set_up", extra={"company_id": company_id, "code": error.code, "why": error.message})


def _book(session: Session, backend: Backend, samples: Sequence[SampleCompany]) -> None:
    policy = backend.policy
    is_empty = session.exec(select(Company.id).limit(1)).first() is None
    wanted = [_seed_company(sample, policy) for sample in samples] if is_empty else []
    seed(session, wanted, policy=policy, now=backend.clock.now())


def _not_set_up(session: Session) -> list[tuple[int, SampleAutoTopup]]:
    """The samples whose automatic top-up was never set: once set, a threshold can be changed but not taken away."""
    never_set = session.exec(
        select(Company)
        .join(PrepaidBalance, col(PrepaidBalance.company_id) == col(Company.id))
        .where(col(PrepaidBalance.auto_topup_threshold_cents).is_(None))
    ).all()
    ids = {(company.slug, company.name): company.id for company in never_set}
    return [
        (company_id, sample.auto_topup)
        for sample in SAMPLE_COMPANIES
        if sample.auto_topup is not None and (company_id := ids.get((sample.slug, sample.name))) is not None
    ]


def _seed_company(sample: SampleCompany, policy: Policy) -> SeedCompany:
    return SeedCompany(
        slug=sample.slug,
        name=sample.name,
        email=sample.email,
        opening_balance_cents=sample.opening_balance_cents,
        low_balance_threshold_cents=sample.low_balance_threshold_cents,
        rate=replace(default_rate(policy), rate_e4_per_minute=sample.rate_e4_per_minute),
        prepaid_billing_enabled=sample.prepaid_enabled,
        past_calls=tuple(
            SeedCall(
                duration_s=call.duration_s,
                ended_ago=timedelta(minutes=call.ended_minutes_ago),
                to_number=call.to_number,
            )
            for call in sample.past_calls
        ),
    )
