"""Notices: one per level and day, one per step and period, one per payment that ended; never in the way of money."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from billing.models import Company, Notice, NoticeChannel, NoticeKind, NoticeStatus
from billing.notice_texts import ENGLISH, GERMAN, language_of, render
from billing.rules.balance_level import BalanceLevel
from billing.rules.low_balance import is_warning_due
from billing.spending import LimitsChange, limits_of
from tests.support.billing import rows
from tests.support.gateway import LATER_DECLINING, FakeGateway
from tests.support.services import Billing

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
DAY = timedelta(hours=24)
CARD = "pm_card_visa"
DECLINED = "pm_card_chargeDeclinedInsufficientFunds"


@pytest.fixture
async def running(billing: Billing) -> AsyncIterator[Billing]:
    """With its worker at work."""
    await billing.worker.start()
    yield billing
    await billing.worker.stop()
    assert await billing.breaches() == []


async def told(billing: Billing, channel: NoticeChannel = NoticeChannel.IN_APP) -> list[tuple[str, str | None]]:
    """Kind and level of the notices on a channel so far, oldest first."""
    await billing.worker.idle()
    return [(notice.kind.value, notice.level) for notice in await rows(billing.db, Notice, channel=channel)]


@pytest.mark.parametrize(
    ("level", "last_ago", "has_recovered", "due"),
    [
        (BalanceLevel.GOOD, None, False, False),
        (BalanceLevel.GOOD, 2 * DAY, True, False),
        (BalanceLevel.LOW, None, False, True),
        (BalanceLevel.LOW, timedelta(hours=23, minutes=59), False, False),
        (BalanceLevel.LOW, DAY, False, True),
        (BalanceLevel.LOW, timedelta(minutes=1), True, True),
        (BalanceLevel.EXHAUSTED, timedelta(minutes=1), False, False),
    ],
)
def test_a_level_is_told_once_a_day_unless_the_balance_recovered(
    level: BalanceLevel, last_ago: timedelta | None, has_recovered: bool, due: bool
) -> None:
    last_at = None if last_ago is None else NOW - last_ago
    assert is_warning_due(level, last_at=last_at, has_recovered=has_recovered, gap=DAY, now=NOW) is due


async def test_each_level_on_the_way_down_is_told_once(running: Billing) -> None:
    company = await running.company(balance_cents=2_500)
    assert await told(running) == []
    for duration_s in (720, 60, 60):  # 504 cents, then 42 twice: low, and it stays so
        await running.prepaid.simulate_call(company, duration_s=duration_s)
        assert await told(running) == [("low_balance", "low")]
    await running.prepaid.drain(company, to_cents=1_000, actor="ada", reason="test")
    await told(running)
    await running.prepaid.drain(company, to_cents=20, actor="ada", reason="test")
    await told(running)
    await running.prepaid.drain(company, to_cents=0, actor="ada", reason="test")
    assert [level for _, level in await told(running)] == ["low", "critical", "blocked", "exhausted"]
    balance = await running.balance(company)
    assert balance.last_warning_sent_at == running.clock.now()


async def test_after_a_day_it_is_told_again_and_not_earlier(running: Billing) -> None:
    company = await running.company(balance_cents=1_500)
    await told(running)
    for hours in (23, 1):
        running.clock.advance(timedelta(hours=hours))
        await running.prepaid.simulate_call(company, duration_s=1)
        await told(running)
    assert await told(running) == [("low_balance", "low")] * 2
    first, second = await rows(running.db, Notice, channel=NoticeChannel.IN_APP)
    assert second.created_at - first.created_at == DAY


async def test_a_recovery_arms_the_warning_again_even_one_that_nobody_saw(running: Billing) -> None:
    company = await running.company(balance_cents=1_500)
    await told(running)

    await running.prepaid.adjust(company, money_cents=400, actor="ada", reason="still below the threshold")
    assert await told(running) == [("low_balance", "low")]
    # Up and down again within one moment of the clock, before anybody looks.
    await running.prepaid.adjust(company, money_cents=100, actor="ada", reason="exactly the threshold is good")
    await running.prepaid.adjust(company, money_cents=-100, actor="ada", reason="and down again")
    assert await told(running) == [("low_balance", "low")] * 2


async def test_nothing_to_run_out_of_is_nothing_to_warn_of(running: Billing) -> None:
    await running.company()
    assert await told(running) == []


async def test_a_mail_goes_to_the_billing_contact_and_none_to_those_who_want_no_alerts(running: Billing) -> None:
    def change(session: Session, company_id: int, **values: object) -> None:
        company = session.get_one(Company, company_id)
        for name, value in values.items():
            setattr(company, name, value)

    quiet = await running.company(slug="quiet", balance_cents=3_000)
    mailed = await running.company(slug="mailed", balance_cents=3_000)
    silent = await running.company(slug="silent", balance_cents=3_000)
    await running.db.write(change, quiet, email=None)
    await running.db.write(change, mailed, billing_contact_email="accounts@mailed.example", country="GB")
    await running.db.write(change, silent, alerts_enabled=False)
    for company in (quiet, mailed, silent):
        await running.prepaid.drain(company, to_cents=1_999, actor="ada", reason="test")
    await running.worker.idle()
    by_company = {
        company: {notice.channel.value: notice for notice in await rows(running.db, Notice, company_id=company)}
        for company in (quiet, mailed, silent)
    }
    assert {company: sorted(found) for company, found in by_company.items()} == {
        quiet: ["in_app"],
        mailed: ["in_app", "mail"],
        silent: [],
    }
    mail = by_company[mailed]["mail"]
    assert (mail.recipient, mail.language, mail.status) == ("accounts@mailed.example", "en", NoticeStatus.SENT)
    assert mail.subject == "Mailed: your balance is low"
    assert mail.body is not None and "19.99 EUR left" in mail.body
    german = by_company[quiet]["in_app"]
    assert german.body is not None and "noch 19,99 EUR zur Verfügung" in german.body


async def test_a_step_of_a_spending_limit_is_told_once_per_period(running: Billing) -> None:
    company = await running.company(balance_cents=50_000)
    await running.prepaid.set_limits(company, LimitsChange(daily_cents=100, weekly_cents=400), actor="ada")
    for _ in range(3):  # 42, 84, 126 cents
        await running.prepaid.simulate_call(company, duration_s=60)
        await told(running)
    assert await told(running) == [("spending_limit", "daily 80"), ("spending_limit", "daily 100")]
    # Raising a limit and reaching the same step again is no news in the same day.
    await running.prepaid.set_limits(company, LimitsChange(daily_cents=1_000), actor="ada")
    await running.prepaid.set_limits(company, LimitsChange(daily_cents=126), actor="ada")
    assert len(await told(running)) == 2
    running.clock.advance(timedelta(days=1))
    await running.prepaid.simulate_call(company, duration_s=120)
    assert (await told(running))[2:] == [("spending_limit", "daily 50"), ("spending_limit", "weekly 50")]
    limits = await running.db.write(limits_of, company, now=running.clock.now())
    assert limits.last_alert_sent_at == running.clock.now()


async def test_no_steps_are_told_to_those_who_switched_it_off(running: Billing) -> None:
    company = await running.company(balance_cents=50_000)
    await running.prepaid.set_limits(company, LimitsChange(daily_cents=10, send_alerts=False), actor="ada")
    await running.prepaid.simulate_call(company, duration_s=60)
    assert await told(running) == []


async def test_a_declined_payment_is_told_with_its_reason(running: Billing) -> None:
    company = await running.company(balance_cents=5_000)
    topup = await running.topups.charge(company, amount_cents=2_500, payment_method=DECLINED)
    assert await told(running) == [("payment_failed", None)]
    (notice,) = await rows(running.db, Notice, channel=NoticeChannel.IN_APP)
    assert notice.subject == "Acme: Zahlung über 25,00 EUR fehlgeschlagen"
    assert notice.body is not None and f"Aufladung {topup.id}" in notice.body
    assert "Die Karte ist nicht gedeckt" in notice.body
    await running.topups.charge(company, amount_cents=2_500, payment_method=CARD)
    assert len(await told(running)) == 1


async def test_automatic_topups_are_told_whether_they_succeed_fail_or_are_switched_off(
    running: Billing, gateway: FakeGateway
) -> None:
    company = await running.company(balance_cents=5_000)
    settings = {"enabled": True, "threshold_cents": 1_000, "amount_cents": 5_000}
    await running.auto_topups.configure(company, payment_method=CARD, **settings)
    await running.prepaid.drain(company, to_cents=1_000, actor="ada", reason="test")
    await running.auto_topups.check(company, triggered_by="manual", call_id=None)
    assert ("auto_topup_succeeded", None) in await told(running)

    await running.auto_topups.configure(company, payment_method=LATER_DECLINING)
    await running.prepaid.drain(company, to_cents=1_000, actor="ada", reason="test")
    running.clock.advance(timedelta(hours=26))
    for _ in range(3):
        await running.auto_topups.check(company, triggered_by="manual", call_id=None)
        await told(running)
        running.clock.advance(timedelta(hours=2))
    kinds = [kind for kind, _ in await told(running) if kind != "low_balance"]
    assert kinds == ["auto_topup_succeeded", *["auto_topup_failed"] * 3, "auto_topup_disabled"]


async def test_what_was_not_told_before_a_crash_is_told_after_the_next_start(billing: Billing) -> None:
    company = await billing.company(balance_cents=1_500)
    await billing.topups.charge(company, amount_cents=2_500, payment_method=DECLINED)
    await billing.prepaid.drain(company, to_cents=10, actor="ada", reason="test")
    assert await rows(billing.db, Notice) == []
    for _ in range(2):  # a second start tells nothing twice
        restarted = billing.restarted()
        await restarted.worker.start()
        assert await told(restarted) == [("low_balance", "blocked"), ("payment_failed", None)]
        await restarted.worker.stop()


async def test_a_queued_notice_is_sent_after_the_next_start(billing: Billing, database_path: Path) -> None:
    company = await billing.company(balance_cents=5_000)
    await billing.db.write(_queue_one, company)
    await billing.worker.start()
    await billing.worker.idle()
    await billing.worker.stop()
    (notice,) = await rows(billing.db, Notice)
    assert (notice.status, notice.subject) == (NoticeStatus.SENT, "Acme: automatische Aufladung abgeschaltet")


def _queue_one(session: Session, company_id: int) -> None:
    session.add(
        Notice(
            company_id=company_id,
            kind=NoticeKind.AUTO_TOPUP_DISABLED,
            channel=NoticeChannel.IN_APP,
            cause="once",
            language=GERMAN,
            facts={"company": "Acme", "failures": 3, "total_cents": 5},
            status=NoticeStatus.QUEUED,
            created_at=NOW,
        )
    )


async def test_money_moves_when_notices_cannot_be_written(running: Billing, database_path: Path) -> None:
    """The table refuses every notice; calls, credits and declines do not notice."""
    with closing(sqlite3.connect(database_path)) as connection:
        connection.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON billing_notices BEGIN SELECT RAISE(ABORT, 'no notices'); END"
        )
        connection.commit()
    company = await running.company(balance_cents=2_010)
    await running.prepaid.simulate_call(company, duration_s=60)
    with pytest.raises(IntegrityError, match="no notices"):
        await running.worker.idle()
    topup = await running.topups.charge(company, amount_cents=2_500, payment_method=CARD)
    declined = await running.topups.charge(company, amount_cents=2_500, payment_method=DECLINED)
    assert (topup.status, declined.status) == ("succeeded", "failed")
    assert await running.money(company) == 2_010 - 42 + 2_500


@pytest.mark.parametrize("language", [GERMAN, ENGLISH])
@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_is_rendered_in_every_language(kind: NoticeKind, language: str) -> None:
    facts: dict[str, str | int | None] = {
        "company": "Müller {& Söhne}",
        "level": "critical",
        "effective_total_cents": 123_456,
        "threshold_cents": 2_000,
        "suggested_cents": 10_000,
        "period": "weekly",
        "step": 80,
        "spent_cents": 800,
        "limit_cents": 1_000,
        "effect": "refused",
        "topup": 12,
        "amount_cents": 5_000,
        "bonus_cents": 0,
        "total_cents": -5,
        "card": None,
        "failure": None,
        "failures": 3,
    }
    text = render(kind, language, facts)
    assert text.subject.startswith("Müller {& Söhne}: ")
    assert "\n" not in text.subject
    assert "None" not in text.body
    assert ("Guten Tag" in text.body) is (language == GERMAN)


def test_amounts_are_written_as_the_reader_writes_them() -> None:
    facts: dict[str, str | int | None] = {
        "company": "Acme",
        "level": "low",
        "effective_total_cents": 123_456,
        "threshold_cents": 200_000,
        "suggested_cents": 10_000,
    }
    assert "1.234,56 EUR" in render(NoticeKind.LOW_BALANCE, GERMAN, facts).body
    assert "1,234.56 EUR" in render(NoticeKind.LOW_BALANCE, ENGLISH, facts).body


@pytest.mark.parametrize(("country", "language"), [("DE", "de"), ("at", "de"), ("CH", "de"), ("FR", "en"), ("", "en")])
def test_the_country_decides_the_language(country: str, language: str) -> None:
    assert language_of(country) == language
