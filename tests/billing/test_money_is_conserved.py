"""Whatever happens in whatever order: no cent appears or vanishes, and no call makes a debt."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlmodel import Session, col, func, select

from billing.adjustments import adjust, drain
from billing.calls import end_call, simulate_call, start_call
from billing.charging import retry_unpaid
from billing.clock import ManualClock
from billing.errors import Refused
from billing.ledger import balance_of
from billing.ledger_check import check
from billing.models import Call, CallCharge, CallStatus, ChargeStatus, LedgerEntry, LedgerType
from billing.policy import Policy
from billing.reservations import sweep
from billing.services.call_refund import CallRefundReason, refund_call
from tests.support.billing import add_company

POLICY = Policy()
SECONDS = st.integers(0, 3_000)
STEPS = st.one_of(
    st.tuples(st.just("simulate"), SECONDS, st.just(0)),
    st.tuples(st.just("start"), st.just(0), st.just(0)),
    st.tuples(st.just("end"), st.integers(0, 9), SECONDS),
    st.tuples(st.just("refund"), st.integers(0, 9), st.integers(1, 2_000)),
    st.tuples(st.just("adjust"), st.integers(-2_000, 5_000), st.integers(-500, 1_000)),
    st.tuples(st.just("drain"), st.integers(0, 3_000), st.just(0)),
    st.tuples(st.just("retry"), st.just(0), st.just(0)),
    st.tuples(st.just("sweep"), st.integers(0, 5), st.just(0)),
)


class Story:
    """One company on one file, and the steps that can happen to it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.clock = ManualClock()
        self.company = add_company(session, now=self.clock.now(), balance_cents=1_000, bonus_cents=300)
        self.number = 0

    def step(self, what: str, first: int, second: int) -> None:
        self.number += 1
        self.clock.advance(timedelta(seconds=30))
        try:
            getattr(self, what)(first, second)
        except Refused:
            self.session.expire_all()

    def simulate(self, duration_s: int, _: int) -> None:
        simulate_call(
            self.session,
            company_id=self.company,
            provider_call_id=f"call_{self.number}",
            duration_s=duration_s,
            from_number=None,
            to_number=None,
            policy=POLICY,
            now=self.clock.now(),
        )

    def start(self, _: int, __: int) -> None:
        start_call(
            self.session,
            company_id=self.company,
            provider_call_id=f"call_{self.number}",
            from_number=None,
            to_number=None,
            policy=POLICY,
            now=self.clock.now(),
        )

    def end(self, which: int, duration_s: int) -> None:
        running = self.session.exec(select(Call).where(Call.status == CallStatus.IN_PROGRESS)).all()
        if running:
            call_id = running[which % len(running)].id or 0
            for _ in range(2):
                end_call(self.session, call_id=call_id, duration_s=duration_s, policy=POLICY, now=self.clock.now())

    def refund(self, which: int, amount_cents: int) -> None:
        refund_call(
            self.session,
            call_id=which + 1,
            amount_cents=amount_cents,
            reason=CallRefundReason.OTHER,
            notes=None,
            actor="ada",
            policy=POLICY,
            now=self.clock.now(),
        )

    def adjust(self, money_cents: int, bonus_cents: int) -> None:
        for _ in range(2):  # the same adjustment asked for twice is one
            adjust(
                self.session,
                adjustment_id=f"adj_{self.number}",
                company_id=self.company,
                money_cents=money_cents,
                bonus_cents=bonus_cents,
                actor="ada",
                reason="test",
                policy=POLICY,
                now=self.clock.now(),
            )

    def drain(self, to_cents: int, _: int) -> None:
        drain(
            self.session,
            adjustment_id=f"adj_{self.number}",
            company_id=self.company,
            to_cents=to_cents,
            actor="ada",
            reason="test",
            policy=POLICY,
            now=self.clock.now(),
        )

    def retry(self, _: int, __: int) -> None:
        retry_unpaid(self.session, company_id=self.company, policy=POLICY, now=self.clock.now())

    def sweep(self, hours: int, _: int) -> None:
        self.clock.advance(timedelta(hours=hours))
        sweep(self.session, now=self.clock.now())

    def prove(self) -> None:
        balance = balance_of(self.session, self.company)
        paid = CallCharge.status == ChargeStatus.CHARGED
        net = func.coalesce(func.sum(CallCharge.amount_cents - CallCharge.refunded_cents), 0)
        spent = self.session.exec(select(net).where(paid)).one()
        given_cents = self.session.exec(
            select(func.sum(LedgerEntry.money_cents + LedgerEntry.bonus_cents)).where(
                col(LedgerEntry.type) == LedgerType.ADJUSTMENT
            )
        ).one()
        assert balance.balance_cents + balance.bonus_cents == given_cents - spent
        assert balance.balance_cents >= 0
        assert balance.balance_cents + balance.bonus_cents >= balance.reserved_cents
        assert check(self.session).breaches == ()


@given(st.lists(STEPS, max_size=25))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_cent_appears_or_vanishes(empty_database: Path, steps: list[tuple[str, int, int]]) -> None:
    with TemporaryDirectory() as directory:
        engine = create_engine(f"sqlite:///{shutil.copy(empty_database, Path(directory) / 'billing.db')}")
        with Session(engine) as session:
            story = Story(session)
            for step in steps:
                story.step(*step)
            story.prove()
        engine.dispose()
