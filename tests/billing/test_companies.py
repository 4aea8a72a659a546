"""Companies: how they are called, found, created and seeded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from billing.accounts import account_of, accounts
from billing.clock import ManualClock
from billing.companies import find_company, slug_from
from billing.db import Database
from billing.errors import InvalidAmount, InvalidSlug, SlugTaken, UnknownCompany
from billing.ledger_check import check
from billing.models import BonusRule, Call, CallCharge, ChargeStatus, Company, LedgerEntry
from billing.policy import Policy
from billing.rates import Rate
from billing.rules.balance_level import BalanceLevel
from billing.rules.bonus import bonus_for
from billing.seed import SeedCall, SeedCompany, seed
from billing.services.prepaid import PrepaidBillingService
from tests.support.billing import Money, add_company, money_of, rows


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Acme Telefon GmbH", "acme-telefon-gmbh"),
        ("Müller & Söhne, Straßenbau", "mueller-soehne-strassenbau"),
        ("Café Crème", "cafe-creme"),
        ("  --  ", "company"),
        ("日本", "company"),
        ("1&1", "company-1-1"),
        ("42", "company-42"),
        ("x" * 100, "x" * 60),
    ],
)
def test_slugs_are_made_of_names(name: str, slug: str) -> None:
    assert slug_from(name) == slug


async def test_a_company_starts_with_a_balance_and_its_opening_is_booked(
    database: Database, prepaid: PrepaidBillingService
) -> None:
    company = await prepaid.create_company(
        name="Acme", email="a@acme.example", opening_balance_cents=5_000, actor="ada"
    )
    assert (company.slug, company.prepaid_billing_enabled) == ("acme", True)
    assert await money_of(database, company.id or 0) == Money(5_000)
    (entry,) = await rows(database, LedgerEntry)
    assert (entry.type.value, entry.created_by) == ("adjustment", "ada")
    empty = await prepaid.create_company(name="Acme", prepaid_billing_enabled=False, low_balance_threshold_cents=500)
    assert (empty.slug, empty.prepaid_billing_enabled) == ("acme-2", False)
    assert await money_of(database, empty.id or 0) == Money(0)
    assert len(await rows(database, LedgerEntry)) == 1


@pytest.mark.parametrize("slug", ["", "Acme", "-acme", "acme-", "a--b", "123", "a b", "ä", "x" * 61])
async def test_impossible_slugs_are_refused(prepaid: PrepaidBillingService, slug: str) -> None:
    with pytest.raises(InvalidSlug):
        await prepaid.create_company(name="Acme", slug=slug)


async def test_a_slug_is_given_once(database: Database, prepaid: PrepaidBillingService) -> None:
    await prepaid.create_company(name="Acme", slug="acme")
    with pytest.raises(SlugTaken):
        await prepaid.create_company(name="Other", slug="acme")
    with pytest.raises(InvalidAmount):
        await prepaid.create_company(name="Debtor", opening_balance_cents=-1)
    assert len(await rows(database, Company)) == 1


async def test_a_company_is_found_by_id_and_by_slug(database: Database, clock: ManualClock) -> None:
    company = await database.write(add_company, now=clock.now(), slug="acme")
    for reference in (company, str(company), "acme"):
        assert (await database.write(find_company, reference)).id == company
    for reference in ("99", "Acme", "", "9" * 30, "²"):
        with pytest.raises(UnknownCompany):
            await database.write(find_company, reference)


async def test_an_account_says_how_a_company_stands(database: Database, clock: ManualClock) -> None:
    company = await database.write(add_company, now=clock.now(), balance_cents=30, bonus_cents=100)
    account = await database.write(account_of, company, policy=Policy(), now=clock.now())
    assert (account.effective_total_cents, account.withdrawable_cents) == (130, 30)
    assert (account.level, account.one_minute_cents, account.remaining_s) == (BalanceLevel.CRITICAL, 42, 185)
    await database.write(add_company, now=clock.now(), slug="another")
    everybody = await database.write(accounts, policy=Policy(), now=clock.now())
    assert [each.slug for each in everybody] == ["acme", "another"]
    assert everybody[0] == account


SEEDED = (
    SeedCompany(
        slug="kaffeehaus",
        name="Kaffeehaus",
        opening_balance_cents=546,
        rate=Rate(4_200, 1, 0),
        past_calls=(
            SeedCall(duration_s=300, ended_ago=timedelta(minutes=180)),
            SeedCall(duration_s=95, ended_ago=timedelta(minutes=5), to_number="+491713920014"),
            SeedCall(duration_s=480, ended_ago=timedelta(minutes=74)),
        ),
    ),
    SeedCompany(slug="acme", name="Acme", opening_balance_cents=10_000, opening_bonus_cents=100),
)


async def test_seeded_companies_have_the_past_they_were_given(database: Database, clock: ManualClock) -> None:
    ids = await database.write(seed, SEEDED, policy=Policy(), now=clock.now())
    charges = await rows(database, CallCharge, company_id=ids[0])
    assert [(charge.amount_cents, charge.status) for charge in charges] == [
        (210, ChargeStatus.CHARGED),
        (336, ChargeStatus.CHARGED),
        (67, ChargeStatus.UNPAID),
    ]
    calls = await rows(database, Call)
    assert [clock.now() - call.ended_at for call in calls if call.ended_at] == [
        timedelta(minutes=180),
        timedelta(minutes=74),
        timedelta(minutes=5),
    ]
    entries = await rows(database, LedgerEntry, company_id=ids[0])
    assert [entry.created_at for entry in entries] == sorted(entry.created_at for entry in entries)
    assert await money_of(database, ids[0]) == Money(0)
    assert await money_of(database, ids[1]) == Money(10_000, 100)
    assert (await database.write(check)).breaches == ()


async def test_seeding_again_adds_nothing(database: Database, clock: ManualClock) -> None:
    await database.write(seed, SEEDED, policy=Policy(), now=clock.now())
    assert await database.write(seed, SEEDED, policy=Policy(), now=clock.now()) == []
    assert len(await rows(database, Company)) == 2
    assert len(await rows(database, BonusRule)) == 6


async def test_the_seeded_ladder_grants_what_is_advertised(database: Database, clock: ManualClock) -> None:
    await database.write(seed, (), policy=Policy(), now=clock.now())
    ladder = await rows(database, BonusRule)

    def bonus_of(euros: int) -> int:
        return bonus_for(ladder, amount_cents=euros * 100, is_first_topup=False, now=clock.now()).bonus_cents // 100

    granted = {euros: bonus_of(euros) for euros in (249, 250, 499, 500, 1_000, 1_999, 2_000, 3_000, 5_000, 10_000)}
    assert granted == {
        249: 0,
        250: 25,
        499: 49,
        500: 75,
        1_000: 200,
        1_999: 399,
        2_000: 600,
        3_000: 1_200,
        5_000: 2_500,
        10_000: 5_000,
    }


async def test_a_deleted_company_is_not_found(database: Database, clock: ManualClock) -> None:
    company = await database.write(add_company, now=clock.now())

    def delete(session: Session) -> None:
        session.get_one(Company, company).deleted_at = clock.now()

    await database.write(delete)
    with pytest.raises(UnknownCompany):
        await database.write(find_company, "acme")
    with pytest.raises(UnknownCompany):
        await database.write(account_of, company, policy=Policy(), now=clock.now())
