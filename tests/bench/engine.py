"""The engine's speed, beside bare sqlite3 that writes the same rows in one transaction per event.

Pieces: `topups`, `calls`, `check`; a number is how many ledger rows there were before, instead of a million.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from billing import ledger_check
from billing.clock import RandomIds, SystemClock
from billing.db import Database
from billing.guard import AlwaysOn
from billing.inbox import Arrival, EventHead, read_head
from billing.policy import Policy
from billing.services.auto_topup import AutoTopupService
from billing.services.prepaid import PrepaidBillingService
from billing.services.topup import StripeTopupService
from billing.signature import Secret, sign, verify
from billing.stripe_gateway import StripeGateway
from billing.worker import Worker
from fixtures.events import catalog
from relay.journal import Journal
from relay.views.query import read_sync
from tests.bench.engine_floor import CALL_TABLES, EVENT_TABLES, call_transactions, per_second, topup_transactions
from tests.bench.engine_world import CALL_SECONDS, TOPUP_CENTS, World
from tests.bench.figures import Goal, Series, ratio, report, series, void_note
from tests.bench.processes import SECRET, SERVER_CORE, pin

ROUNDS = 5
EVENTS = 1_000
CALLS = 1_000
SENDERS = 64
COMPANIES = (1, 1_000)
HISTORY = 1_000_000
PIECES = ("topups", "calls", "check")
TYPE = "checkout.session.completed"
_numbers = count(1)


def measure(*pieces: str) -> None:
    """Every world in every round, engine and floor one after the other on one core."""
    history = next((int(piece) for piece in pieces if piece.isdecimal()), HISTORY)
    chosen = [piece for piece in pieces if not piece.isdecimal()] or PIECES
    if unknown := set(chosen) - set(PIECES):
        raise SystemExit(f"unknown: {', '.join(sorted(unknown))}; pieces of engine: {', '.join(PIECES)}, or a number")
    pin(0, SERVER_CORE)
    asyncio.run(_measure(chosen, history))


async def _measure(pieces: Sequence[str], history: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        sizes = [(companies, rows) for rows in (0, history) for companies in COMPANIES]
        worlds = [World(Path(scratch), companies=companies, ledger_rows=rows) for companies, rows in sizes]
        for world in worlds:
            await world.build()
        if "topups" in pieces:
            events = await _rounds(worlds, _topups)
            _report("applied top-up events per second (verify, inbox, handler, ledger)", worlds, events)
        if "calls" in pieces:
            _report("call charges per second", worlds, await _rounds(worlds, _calls))
        if "check" in pieces:
            for world in worlds:
                await _check(world)


async def _rounds(
    worlds: Sequence[World], one: Callable[[World], Awaitable[tuple[float, float]]]
) -> dict[str, _Measured]:
    measured = {world.name: _Measured() for world in worlds}
    for number in range(ROUNDS + 1):
        for world in worlds:
            found = await one(world)
            if number:  # the first round warms everything up
                measured[world.name].add(*found)
    return measured


class _Measured:
    def __init__(self) -> None:
        self.ours: list[float] = []
        self.floor: list[float] = []

    def add(self, ours: float, floor: float) -> None:
        self.ours.append(ours)
        self.floor.append(floor)


def _report(what: str, worlds: Sequence[World], measured: dict[str, _Measured]) -> None:
    for world in worlds:
        ours, floor = series(measured[world.name].ours), series(measured[world.name].floor)
        result = ratio(ours, floor)
        report(
            f"{what}; {world.name}",
            f"{ours} /s",
            f"{floor} /s, bare sqlite3, one transaction each",
            result.median,
            Goal(must=0.25, aim=0.6),
            note=f"  spread {result.spread:.0%}{void_note(floor)}",
        )
    for few, many in zip(worlds[:2], worlds[2:], strict=True):
        growth = ratio(_costs(measured[many.name].ours), _costs(measured[few.name].ours))
        report(
            f"growth of the cost: {what}; {many.name} against {few.name}",
            f"{_costs(measured[many.name].ours)} us",
            f"{_costs(measured[few.name].ours)} us",
            growth.median,
            Goal(must=1.15, aim=1.05, at_most=True),
            note=f"  spread {growth.spread:.0%}",
        )


def _costs(rates: Sequence[float]) -> Series:
    return series([1e6 / rate for rate in rates])


# Top-up events ------------------------------------------------------------------------------------------------------


async def _topups(world: World) -> tuple[float, float]:
    async with _Engine(world) as engine:
        marks = world.marks(*EVENT_TABLES)
        bodies = [_body(topup_id, company_id) for topup_id, company_id in world.open_topups(EVENTS)]
        now = int(time.time())
        signed = [(body, sign(body, SECRET, now)) for body in bodies]
        ours = await _rate(len(signed), lambda: engine.receive(signed))
    transactions = topup_transactions(world, marks)
    assert len(transactions) == EVENTS
    assert all(len(statements) == 7 for statements in transactions), "each event is applied"
    return ours, per_second(world.floor_file, transactions)


def _body(topup_id: int, company_id: int) -> bytes:
    number = next(_numbers)
    metadata = {"company_id": str(company_id), "topup_id": str(topup_id), "topup_key": f"bench_{topup_id}"}
    return catalog.build(
        TYPE,
        event_id=f"evt_bench{number:012d}",
        created=1_793_000_000,
        amount_cents=TOPUP_CENTS,
        overrides={
            "data.object.id": f"cs_test_bench{number:012d}",
            "data.object.payment_intent": f"pi_bench{number:012d}",
            "data.object.client_reference_id": str(topup_id),
            "data.object.metadata": metadata,
        },
    )


class _Engine:
    """Journal, worker and services on a world's file, as the server puts them together, without the web server."""

    def __init__(self, world: World) -> None:
        self._db = Database(world.engine_file)
        self._journal = Journal(self._db)
        clock, ids, policy, guard = SystemClock(), RandomIds(), Policy(), AlwaysOn()
        gateway = StripeGateway("sk_test_bench", "http://127.0.0.1:9")
        topups = StripeTopupService(db=self._db, gateway=gateway, clock=clock, ids=ids, policy=policy, guard=guard)
        autos = AutoTopupService(db=self._db, gateway=gateway, clock=clock, ids=ids, policy=policy, guard=guard)
        self.prepaid = PrepaidBillingService(db=self._db, clock=clock, ids=ids, policy=policy, guard=guard)
        self._worker = Worker(db=self._db, clock=clock, topups=topups, auto_topups=autos, prepaid=self.prepaid)

    async def __aenter__(self) -> _Engine:
        # Before there are open top-ups: a start looks at each of them, and that is not what is measured.
        await self._worker.start()
        await self._worker.idle()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._worker.stop()
        await self._db.close()

    async def receive(self, signed: Sequence[tuple[bytes, str]]) -> None:
        """Verify and store, so many at once; and process meanwhile, until all is applied."""
        waiting = iter(signed)
        await asyncio.gather(*(self._send(waiting) for _ in range(SENDERS)))
        await self._worker.idle()

    async def _send(self, waiting: Iterator[tuple[bytes, str]]) -> None:
        secrets = [Secret("sandbox", SECRET)]
        for body, header in waiting:
            now = datetime.now(UTC)
            verdict = verify(body=body, header=header, secrets=secrets, now=now)
            head = read_head(body)
            assert verdict.ok and isinstance(head, EventHead)
            arrival = Arrival(
                body=body,
                headers={"Content-Type": "application/json", "Stripe-Signature": header},
                source="sandbox",
                received_at=now,
                head=head,
                secret_label=verdict.secret_label,
            )
            await self._journal.store(arrival, started=time.perf_counter())


# Calls --------------------------------------------------------------------------------------------------------------


async def _calls(world: World) -> tuple[float, float]:
    async with _Engine(world) as engine:
        marks = world.marks(*CALL_TABLES)
        numbers = iter(range(CALLS))

        async def caller() -> None:
            for number in numbers:
                await engine.prepaid.simulate_call(number % world.companies + 1, duration_s=CALL_SECONDS)

        async def everybody() -> None:
            await asyncio.gather(*(caller() for _ in range(SENDERS)))

        ours = await _rate(CALLS, everybody)
    transactions = call_transactions(world, marks)
    assert len(transactions) == CALLS
    assert all(len(statements) == 5 for statements in transactions), "each call is charged"
    return ours, per_second(world.floor_file, transactions)


async def _rate(many: int, work: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    await work()
    return many / (time.perf_counter() - started)


# The proof ----------------------------------------------------------------------------------------------------------


async def _check(world: World) -> None:
    """Every rule over every row, beside one query that adds the ledger up."""
    database = Database(world.engine_file)
    ours, baseline = [], []
    rows = 0
    for _ in range(3):
        started = time.perf_counter()
        async with database.read() as session:
            proof = await read_sync(session, ledger_check.check)
        ours.append(proof.rows / (time.perf_counter() - started))
        assert proof.ok, proof.breaches[:3]
        rows = proof.rows
        with closing(sqlite3.connect(world.engine_file)) as connection:
            started = time.perf_counter()
            connection.execute(
                "SELECT company_id, SUM(amount), SUM(bonus_amount), SUM(reserved_amount) FROM balance_transactions "
                "GROUP BY company_id"
            ).fetchall()
            baseline.append(proof.rows / (time.perf_counter() - started))
    await database.close()
    report(
        f"ledger check, rows per second; {world.name} before, {rows:,} now",
        f"{series(ours)} /s, {rows / series(ours).median:.2f} s in all",
        f"{series(baseline)} /s, one sum per company by bare sqlite3",
        ratio(series(ours), series(baseline)).median,
        None,
    )
