"""One company's life on a real file: an engine, a Stripe in memory, and the model that both are compared with."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine, invariant
from sqlmodel import Session, col, select

from billing.clock import CountedIds, ManualClock
from billing.db import Database
from billing.errors import BillingError
from billing.guard import AlwaysOn
from billing.inbox import requeue
from billing.ledger_check import check
from billing.models import CallCharge, ChargeStatus, EventStatus, PrepaidBalance, Topup, WebhookEvent
from billing.policy import Policy
from billing.services.call_refund import CallRefundService
from tests.support.billing import add_company
from tests.support.events import receive
from tests.support.proof_model import Model
from tests.support.proof_telling import TellingGateway
from tests.support.services import Billing

T = TypeVar("T")
COOLDOWN = timedelta(minutes=60)


class Life(RuleBasedStateMachine):
    """One company. After each step all work that is due is done, and the balances are compared."""

    template: Path
    """A prepared file without rows."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.database = Path(shutil.copy(self.template, self.directory / "billing.db"))
        self.runner = asyncio.Runner()
        self.model, self.outbox, self.clock, self.ids = Model(), [], ManualClock(), CountedIds()
        self.gateway = TellingGateway(self.model, self.outbox, self.clock)
        self.running: list[int] = []
        self.calls: list[int] = []
        self.disputed: dict[int, int] = {}
        self.run(self._open())
        self.company = self.run(self.billing.db.write(add_company, now=self.clock.now()))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def teardown(self) -> None:
        self.run(self._close())
        self.runner.close()
        shutil.rmtree(self.directory)

    async def _open(self) -> None:
        self.billing = Billing.on(Database(self.database), self.gateway, self.clock, ids=self.ids)
        self.call_refunds = CallRefundService(db=self.billing.db, clock=self.clock, policy=Policy(), guard=AlwaysOn())
        await self.billing.worker.start()

    async def _close(self) -> None:
        await self.billing.worker.stop()
        await self.billing.db.close()

    async def _try(self, asked: Coroutine[Any, Any, T]) -> T | None:
        """What a person asks for; None when it is refused or Stripe cannot be asked. Then all due work is done."""
        found = None
        with suppress(BillingError):
            found = await asked
        await self.billing.worker.idle()
        return found

    def attempt(self, asked: Coroutine[Any, Any, T]) -> T | None:
        return self.run(self._try(asked))

    async def receive(self, body: bytes) -> None:
        await self.billing.db.write(receive, [body], now=self.clock.now())
        await self.billing.worker.idle()

    async def replay(self) -> None:
        """Every event again, the newest first."""

        def all_events(session: Session) -> None:
            row_ids = [row_id for row_id in session.exec(select(WebhookEvent.id)).all() if row_id is not None]
            requeue(session, row_ids[::-1], now=self.clock.now())

        await self.billing.db.write(all_events)
        await self.billing.worker.idle()

    async def restart(self) -> None:
        await self._close()
        await self._open()
        await self.billing.worker.idle()

    # What must hold ---------------------------------------------------------------------------------------------

    @invariant()
    def the_card_is_not_charged_twice_within_the_hour(self) -> None:
        for one, next_one in pairwise(self.gateway.automatic):
            assert next_one - one >= COOLDOWN, (one, next_one)

    @invariant()
    def the_engine_agrees_with_the_model(self) -> None:
        self.run(self.billing.db.write(self._compare))

    def _compare(self, session: Session) -> None:
        balance = session.exec(select(PrepaidBalance).where(PrepaidBalance.company_id == self.company)).one()
        ours = (balance.balance_cents, balance.bonus_cents, balance.reserved_cents)
        assert ours == (self.model.money, self.model.bonus, sum(self.model.held.values()))
        charges = session.exec(select(CallCharge).order_by(col(CallCharge.id))).all()
        unpaid = [(each.call_id, each.amount_cents) for each in charges if each.status is ChargeStatus.UNPAID]
        assert unpaid == self.model.unpaid
        for topup in session.exec(select(Topup)).all():
            status = topup.status.value if topup.status.value in ("succeeded", "failed", "cancelled") else "open"
            never_asked = topup.stripe_payment_intent_id is None and topup.stripe_checkout_session_id is None
            told = self.model.topups.get(topup.id or 0, "open")
            assert status == told or (status == "cancelled" and told == "open" and never_asked), topup
        stuck = session.exec(select(WebhookEvent).where(WebhookEvent.status == EventStatus.FAILED)).all()
        assert stuck == []
        assert check(session).breaches == ()

    def open_pages(self) -> list[str]:
        return [session_id for session_id, page in self.gateway.checkouts.items() if page.status == "open"]

    def credited(self) -> list[int]:
        return [topup_id for topup_id, status in self.model.topups.items() if status == "succeeded"]
