"""The sample companies of a first start on the sandbox: booked by billing, their cards saved through the services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sqlmodel import Session, select

from billing.models import Company
from billing.policy import Policy
from billing.rates import default_rate
from billing.seed import SeedCall, SeedCompany, seed
from fixtures.cards import card_named
from fixtures.companies import SAMPLE_COMPANIES, SampleCompany
from relay.backend import Backend


async def seed_companies(backend: Backend, *, wants_samples: bool) -> None:
    """Add the bonus ladder that everybody is promised, and the samples to a database without any company.

    Companies are added in one transaction; their automatic top-ups follow, which need Stripe.
    """
    new = await backend.db.write(_book, backend, SAMPLE_COMPANIES if wants_samples else ())
    for sample in SAMPLE_COMPANIES:
        company_id, settings = new.get(sample.slug), sample.auto_topup
        if company_id is not None and settings is not None:
            await backend.auto_topups.configure(
                company_id,
                enabled=True,
                threshold_cents=settings.threshold_cents,
                amount_cents=settings.amount_cents,
                payment_method=card_named(settings.card).payment_method,
            )


def _book(session: Session, backend: Backend, samples: Sequence[SampleCompany]) -> dict[str, int]:
    """Ids of the companies that were added, by slug."""
    policy = backend.policy
    is_empty = session.exec(select(Company.id).limit(1)).first() is None
    wanted = [_seed_company(sample, policy) for sample in samples] if is_empty else []
    new_ids = set(seed(session, wanted, policy=policy, now=backend.clock.now()))
    if not new_ids:
        return {}
    rows = session.exec(select(Company.slug, Company.id)).all()
    return {slug: company_id for slug, company_id in rows if company_id is not None and company_id in new_ids}


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
