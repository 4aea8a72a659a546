"""The services on a test's database and fake gateway, and what tests ask the database about afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from billing.clock import CountedIds, ManualClock
from billing.db import Database
from billing.gateway import PaymentGateway
from billing.guard import AlwaysOn, TestModeGuard
from billing.ledger import balance_of
from billing.ledger_check import check
from billing.models import (
    AutoTopupDecision,
    Company,
    Job,
    JobStatus,
    LedgerEntry,
    PrepaidBalance,
    Topup,
    TopupOrigin,
    TopupStatus,
    WebhookAttempt,
    WebhookEvent,
)
from billing.policy import Policy
from billing.services.auto_topup import AutoTopupService
from billing.services.prepaid import PrepaidBillingService
from billing.services.topup import StripeTopupService
from billing.worker import Worker
from tests.support.billing import add_company


@dataclass
class Billing:
    """One running engine, without a server around it."""

    db: Database
    gateway: PaymentGateway
    clock: ManualClock
    ids: CountedIds
    topups: StripeTopupService
    auto_topups: AutoTopupService
    prepaid: PrepaidBillingService
    worker: Worker

    @classmethod
    def on(
        cls,
        db: Database,
        gateway: PaymentGateway,
        clock: ManualClock,
        *,
        ids: CountedIds | None = None,
        policy: Policy | None = None,
        guard: TestModeGuard | None = None,
    ) -> Billing:
        """Build the services. Building them again on the same database is what a restart does."""
        ids, policy, guard = ids or CountedIds(), policy or Policy(), guard or AlwaysOn()
        topups = StripeTopupService(db=db, gateway=gateway, clock=clock, ids=ids, policy=policy, guard=guard)
        auto_topups = AutoTopupService(db=db, gateway=gateway, clock=clock, ids=ids, policy=policy, guard=guard)
        prepaid = PrepaidBillingService(db=db, clock=clock, ids=ids, policy=policy, guard=guard)
        worker = Worker(
            db=db, clock=clock, topups=topups, auto_topups=auto_topups, prepaid=prepaid, policy=policy, guard=guard
        )
        return cls(db, gateway, clock, ids, topups, auto_topups, prepaid, worker)

    def restarted(self) -> Billing:
        """A new process on the same database and the same Stripe."""
        return Billing.on(self.db, self.gateway, self.clock, ids=self.ids)

    async def company(self, *, slug: str = "acme", balance_cents: int = 0, active: bool = True) -> int:
        return await self.db.write(
            add_company, now=self.clock.now(), slug=slug, balance_cents=balance_cents, active=active
        )

    async def pending_topup(
        self,
        company_id: int,
        *,
        amount_cents: int = 5_000,
        key: str = "key_1",
        origin: TopupOrigin = TopupOrigin.MANUAL,
        status: TopupStatus = TopupStatus.PROCESSING,
        session_id: str | None = None,
        intent_id: str | None = None,
    ) -> int:
        """A top-up that waits for its events."""

        def add(session: Session) -> int:
            now = self.clock.now()
            topup = Topup(
                company_id=company_id,
                amount_cents=amount_cents,
                idempotency_key=key,
                origin=origin,
                status=status,
                stripe_checkout_session_id=session_id,
                stripe_payment_intent_id=intent_id,
                created_at=now,
                updated_at=now,
            )
            session.add(topup)
            session.flush()
            assert topup.id is not None
            return topup.id

        return await self.db.write(add)

    async def balance(self, company_id: int) -> PrepaidBalance:
        return await self.db.write(balance_of, company_id)

    async def money(self, company_id: int) -> int:
        return (await self.balance(company_id)).balance_cents

    async def topup(self, topup_id: int) -> Topup:
        def look(session: Session) -> Topup:
            return session.get_one(Topup, topup_id, populate_existing=True)

        return await self.db.write(look)

    async def topups_of(self, company_id: int) -> Sequence[Topup]:
        async with self.db.read() as session:
            return (
                await session.exec(select(Topup).where(Topup.company_id == company_id).order_by(col(Topup.id)))
            ).all()

    async def decisions(self, company_id: int) -> Sequence[AutoTopupDecision]:
        async with self.db.read() as session:
            found = select(AutoTopupDecision).where(AutoTopupDecision.company_id == company_id)
            return (await session.exec(found.order_by(col(AutoTopupDecision.id)))).all()

    async def ledger(self, company_id: int) -> Sequence[LedgerEntry]:
        async with self.db.read() as session:
            found = select(LedgerEntry).where(LedgerEntry.company_id == company_id)
            return (await session.exec(found.order_by(col(LedgerEntry.id)))).all()

    async def booked(self, company_id: int) -> list[tuple[str, int, int]]:
        """The ledger in short: type, money, bonus."""
        return [(row.type.value, row.money_cents, row.bonus_cents) for row in await self.ledger(company_id)]

    async def events(self) -> Sequence[WebhookEvent]:
        async with self.db.read() as session:
            return (await session.exec(select(WebhookEvent).order_by(col(WebhookEvent.id)))).all()

    async def attempts(self) -> Sequence[WebhookAttempt]:
        async with self.db.read() as session:
            return (await session.exec(select(WebhookAttempt).order_by(col(WebhookAttempt.id)))).all()

    async def pending_jobs(self) -> list[str]:
        async with self.db.read() as session:
            found = select(Job.kind).where(Job.status == JobStatus.PENDING).order_by(col(Job.id))
            return list((await session.exec(found)).all())

    async def company_row(self, company_id: int) -> Company:
        async with self.db.read() as session:
            return await session.get_one(Company, company_id)

    async def breaches(self) -> list[object]:
        """What the proof of the ledger finds wrong: nothing, ever."""
        return list((await self.db.write(check)).breaches)
