"""Many tellings of payment stories in one database, each with a company and a top-up of its own.

Round by round every telling hears the next thing, and what was heard is processed before the next round begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import zip_longest
from random import Random
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from billing.clock import ManualClock
from billing.db import Database
from billing.inbox import process, requeue, store
from billing.ledger_check import check
from billing.models import BonusRule, EventStatus, LedgerEntry, PrepaidBalance, Topup, WebhookEvent
from tests.support.billing import add_company
from tests.support.events import Story, arrival
from tests.support.proof_steps import POLICY, Said
from tests.support.proof_stories import PaymentStory, story_for

TOGETHER = 500
"""Events in one transaction."""


@dataclass(frozen=True)
class Telling:
    """One order of a story: indexes into what is said, some of them more than once."""

    story: PaymentStory
    order: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.story.name}: {' '.join(map(str, self.order))}"


@dataclass(frozen=True)
class Told:
    """A telling, and what it was told about."""

    telling: Telling
    about: Story
    said: Sequence[Said]


def in_this_order(story: PaymentStory, order: Sequence[int], random: Random) -> Telling:
    """The order, with each thing said once more somewhere after its first time."""
    repeated = list(order)
    for what in order:
        repeated.insert(random.randint(repeated.index(what) + 1, len(repeated)), what)
    return Telling(story, tuple(repeated))


async def ends_of(database: Database, tellings: Sequence[Telling], *, random: Random) -> list[Mapping[str, Any]]:
    """Tell all, replay everything in another order, prove the ledger, and return how each has ended."""
    clock = ManualClock()
    told = await database.write(_prepare, tellings, clock)
    for heard in zip_longest(*(each.telling.order for each in told)):
        clock.advance(timedelta(seconds=2))
        said = [each.said[what] for each, what in zip(told, heard, strict=True) if what is not None]
        await _hear(database, said, clock)
    before = [await database.write(_end, each) for each in told]
    await _replay_everything(database, clock, random)
    after = [await database.write(_end, each) for each in told]
    assert after == before, "a replay changed something"
    assert (await database.write(check)).breaches == ()
    assert await database.write(_unfinished) == []
    return after


def _prepare(session: Session, tellings: Sequence[Telling], clock: ManualClock) -> list[Told]:
    now = clock.now()
    session.add(BonusRule(name="10 %", min_cents=1_000, bonus_basis_points=1_000, created_at=now, updated_at=now))
    told = []
    for number, telling in enumerate(tellings, 1):
        company_id = add_company(session, now=now, slug=f"company-{number}")
        topup = Topup(
            company_id=company_id,
            amount_cents=5_000,
            origin=telling.story.origin,
            idempotency_key=f"topup_{number}",
            created_at=now,
            updated_at=now,
        )
        session.add(topup)
        session.flush()
        about = story_for(company_id, topup.id or 0, name=f"{number:06d}")
        told.append(Told(telling, about, telling.story.told(about)))
    return told


async def _hear(database: Database, said: Sequence[Said], clock: ManualClock) -> None:
    now = clock.now()
    for answer in said:
        if not isinstance(answer, bytes):
            await database.write(answer, now)
    events = [arrival(event, now=now) for event in said if isinstance(event, bytes)]
    for start in range(0, len(events), TOGETHER):
        await database.write(store, events[start : start + TOGETHER])
    await _process(database, clock)


async def _process(database: Database, clock: ManualClock) -> None:
    while (await database.write(process, now=clock.now(), limit=TOGETHER, policy=POLICY)).count:
        pass


async def _replay_everything(database: Database, clock: ManualClock, random: Random) -> None:
    def ids(session: Session) -> list[int]:
        return [row_id for row_id in session.exec(select(WebhookEvent.id)).all() if row_id is not None]

    row_ids = await database.write(ids)
    random.shuffle(row_ids)
    half = len(row_ids) // 2
    for some in (row_ids[:half], row_ids[half:]):
        clock.advance(timedelta(seconds=2))
        await database.write(requeue, some, now=clock.now())
        await _process(database, clock)


def _unfinished(session: Session) -> list[tuple[str, str | None]]:
    """Events that found nothing, failed, or contradict: there must be none."""
    done = (EventStatus.COMPLETED, EventStatus.IGNORED)
    rows = session.exec(select(WebhookEvent).where(col(WebhookEvent.status).not_in(done)).limit(5)).all()
    return [(row.event_type, row.reason) for row in rows]


def _end(session: Session, told: Told) -> Mapping[str, Any]:
    """Balances, states and ledger sums, without the number of the telling."""
    company_id, topup_id = told.about.company_id, told.about.topup_id or 0
    balance = session.exec(select(PrepaidBalance).where(PrepaidBalance.company_id == company_id)).one()
    topup = session.get_one(Topup, topup_id, populate_existing=True)
    session.refresh(balance)
    found: dict[str, Any] = {
        "status": topup.status.value,
        "money": balance.balance_cents,
        "bonus": balance.bonus_cents,
        "reserved": balance.reserved_cents,
        "saved_method": _anonymous(balance.stripe_payment_method_id, told),
        "saved_label": balance.payment_method_label,
        "failures": balance.auto_topup_failure_count,
        "automatic_today": balance.auto_topup_daily_count,
        "intent": _anonymous(topup.stripe_payment_intent_id, told),
        "session": _anonymous(topup.stripe_checkout_session_id, told),
        "charge": _anonymous(topup.stripe_charge_id, told),
        "method": _anonymous(topup.stripe_payment_method_id, told),
        "label": topup.payment_method_label,
        "failure_code": topup.failure_code,
        "decline_code": topup.decline_code,
        "granted": topup.bonus_cents,
        "refunded": topup.refunded_cents,
        "refund_status": topup.refund_status.value,
        "dispute_status": topup.dispute_status,
    }
    found["ledger"] = _sums(session, company_id)
    found["refunds"] = _rows(session, "refund_id, amount, status", "payment_refunds", told)
    found["disputes"] = _rows(
        session,
        "dispute_id, amount, status, booked_amount, funds_withdrawn, funds_reinstated",
        "payment_disputes",
        told,
    )
    return found


def _sums(session: Session, company_id: int) -> dict[str, tuple[int, int]]:
    sums: dict[str, tuple[int, int]] = {}
    for row in session.exec(select(LedgerEntry).where(LedgerEntry.company_id == company_id)).all():
        money, bonus = sums.get(row.type.value, (0, 0))
        sums[row.type.value] = (money + row.money_cents, bonus + row.bonus_cents)
    return {type_: sum_ for type_, sum_ in sums.items() if sum_ != (0, 0)}


def _rows(session: Session, columns: str, table: str, told: Told) -> list[tuple[Any, ...]]:
    found = session.connection().execute(
        text(f"SELECT {columns} FROM {table} WHERE topup_id = :topup ORDER BY 1"), {"topup": told.about.topup_id}
    )
    return [tuple(_anonymous(value, told) for value in row) for row in found]


def _anonymous(value: Any, told: Told) -> Any:
    return value.replace(told.about.name, "*") if isinstance(value, str) else value


def differences(ends: Sequence[Mapping[str, Any]], tellings: Sequence[Telling]) -> list[str]:
    """What is not as the story says, or not as in its first telling; at most five, each with its order."""
    found: list[str] = []
    first: dict[str, Mapping[str, Any]] = {}
    for end, telling in zip(ends, tellings, strict=True):
        expected = {**first.setdefault(telling.story.name, end), **telling.story.ends}
        wrong = {name: (end[name], value) for name, value in expected.items() if end[name] != value}
        if wrong and len(found) < 5:
            found.append(f"{telling}: {wrong}")
    return found
