"""A world for one experiment: a Stripe that never dies, a server that may, and somebody who uses them carefully.

Time is that of the machine, set ahead on both sides whenever nothing but waiting is left to do: what billing does
again after a minute takes no minute here.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp

from billing.errors import DatabaseLocked
from billing.worker import PERIODIC
from devconsole.lab.host import KILLED, Plan, ServerProcess
from devconsole.settings import SANDBOX_KEY
from devconsole.wiring import STRIPE_DATABASE
from fixtures.sandbox.clock import SystemClock
from fixtures.sandbox.server import Sandbox
from relay.api import Operation, SwitchTestMode
from relay.client import ControlClient
from relay.errors import OperationRefused, RelayError, ServerUnreachable
from relay.home import Home
from relay.wire import WEBHOOK_PATH

R = TypeVar("R")

PATIENCE_S: Final = 30.0
"""How long anything may take; after that the experiment is stuck, which is a finding."""
PAUSE_S: Final = 0.015
STILL: Final = 3
"""So many looks in a row must find nothing to do."""
HORIZON_S: Final = 900.0
"""What is due later than this is not waited for: expiries, mostly."""
REDELIVERIES_S: Final = (0.1,) * 300
"""The sandbox sends again after a tenth of a second, for longer than anybody here is patient."""
TRIES_MAX: Final = 8
AGAIN_S: Final = 0.02
"""Before the second try, and twice as long before each further one: in all longer than any trouble lasts."""
AGAIN_MAX_S: Final = 0.5
LOCKED: Final = DatabaseLocked.code


class Stuck(Exception):
    """Something did not come to an end, or ended in a way that nobody asked for. The text says what."""


@dataclass
class World:
    """Home, Stripe, and the server that runs at the moment."""

    home: Path
    sandbox: Sandbox
    clock: SystemClock
    http: aiohttp.ClientSession
    server: ServerProcess
    client: ControlClient
    deaths: int = 0
    restarts: int = 0
    skew_s: float = 0.0
    """How wrong the server's clock is."""
    unheard: bool = False
    """The clocks were set ahead, and the worker could not be told: asleep as it is, it would be late for its work."""
    told: dict[str, object] = field(default_factory=dict)
    """Hazards that a server which takes the place of a dead one is told too."""
    _one_server_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a server is being replaced: one that is just ending in order is not dead."""

    @property
    def database(self) -> Path:
        return self.home / STRIPE_DATABASE

    @property
    def struck(self) -> list[str]:
        """What has struck inside of the server, each time."""
        return _lines(self.home / "struck")

    # People ---------------------------------------------------------------------------------------------------------

    async def ask(self, operation: Operation[R], *, unless: Callable[[], Awaitable[object]]) -> R | None:
        """As a careful person does: when it is not known what became of it, look first (`unless`), then ask again."""
        for number in range(TRIES_MAX):
            try:
                return await self.client.call(operation)
            except ServerUnreachable:
                pass
            except OperationRefused as refused:
                if refused.http_status < 500:
                    raise Stuck(f"{operation.name} was refused: {refused.problem.message}") from refused
            await self.quiet()
            if await unless():
                return None
            await asyncio.sleep(min(AGAIN_S * 2**number, AGAIN_MAX_S))
        raise Stuck(f"{operation.name} was not done after {TRIES_MAX} tries")

    async def look(self, operation: Operation[R]) -> R:
        """Ask for something that changes nothing, as often as it takes."""
        for _ in range(TRIES_MAX):
            try:
                return await self.client.call(operation)
            except RelayError:
                await self.step()
                await asyncio.sleep(PAUSE_S)
        return await self.client.call(operation)

    async def stripe(self, method: str, path: str, **data: Any) -> Any:
        """What people do at Stripe, or ask it."""
        async with self.http.request(method, f"{self.sandbox.url}{path}", **data) as answer:
            if answer.status >= 400:
                raise Stuck(f"Stripe answered {answer.status} to {method} {path}: {(await answer.text())[:200]}")
            return await answer.json()

    # Time -----------------------------------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], Awaitable[R]], *, what: str) -> R:
        """Wait until it is true, setting the clocks ahead where only time is missing."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := await condition()):
            if time.monotonic() > deadline:
                raise Stuck(f"{what} did not come true; open: {', '.join(self.unfinished()[0]) or 'nothing'}")
            await self.step()
            await asyncio.sleep(PAUSE_S)
        return found

    async def quiet(self) -> None:
        """Until nothing is owed: no delivery at Stripe, no event and no job here."""
        deadline, still = time.monotonic() + PATIENCE_S, 0
        while still < STILL:
            if time.monotonic() > deadline:
                raise Stuck(f"it did not come to rest; open: {', '.join(self.unfinished()[0])}")
            still = still + 1 if await self.step() else 0
            await asyncio.sleep(PAUSE_S)

    async def step(self) -> bool:
        """Revive a dead server, let time pass if only time is missing; whether there is nothing to do."""
        async with self._one_server_at_a_time:
            if not self.server.is_alive:
                await self.revive()
                return False
        if self.unheard:
            await self._wake()
        due, later = self.unfinished()
        if due or later is None:
            return not due
        await self.pass_time(later)
        return False

    def unfinished(self) -> tuple[list[str], float | None]:
        """What is to be done now, by name; and in how many seconds the next thing is, if it is near."""
        ours = _text(datetime.now(UTC) + timedelta(seconds=self.clock.ahead_s + self.skew_s))
        stripes = self.clock.now()
        waiting = [
            (event, due - stripes)
            for event, due in rows(
                self.home / "sandbox.db", "SELECT event_id, due FROM deliveries WHERE state = 'pending'"
            )
        ]
        for query, *others in (
            (
                "SELECT event_id, (julianday(next_attempt_at) - julianday(?)) * 86400.0 FROM webhook_events "
                "WHERE status = 'pending'",
            ),
            (
                "SELECT kind, (julianday(run_at) - julianday(?)) * 86400.0 FROM jobs WHERE status = 'pending' "
                "AND kind NOT IN (SELECT value FROM json_each(?))",
                json.dumps(PERIODIC),
            ),
        ):
            waiting += rows(self.database, query, ours, *others)
        due = [str(name) for name, left_s in waiting if left_s is None or left_s <= 0]
        near = [left_s for _, left_s in waiting if left_s is not None and 0 < left_s <= HORIZON_S]
        return due, min(near, default=None)

    async def pass_time(self, seconds: float) -> None:
        """Set both clocks ahead, and wake whoever waits for that moment."""
        if seconds < 0.5:  # it comes by itself sooner than all of this takes
            return
        self.clock.advance(seconds + 0.05)
        self.set_clock()
        await self._wake()

    async def _wake(self) -> None:
        """Let the worker look what is due. The next step tries it again when a trouble was in the way."""
        try:
            await self.client.call(SwitchTestMode(on=True))  # it is on
        except RelayError:
            self.unheard = True
        else:
            self.unheard = False

    def set_clock(self) -> None:
        self.server.tell("ahead", self.clock.ahead_s + self.skew_s)

    # The server -----------------------------------------------------------------------------------------------------

    async def revive(self) -> None:
        """The server is dead, and must have been killed: start it again."""
        if self.server.exit_code != KILLED:
            raise Stuck(f"the server ended by itself ({self.server.exit_code}): {_end_of(self.home / 'output')}")
        self.deaths += 1
        await self._start_again()

    async def restart(self) -> None:
        """End the server in order, and start it again."""
        async with self._one_server_at_a_time:
            if self.server.is_alive:
                await self.server.end()
            self.restarts += 1
            await self._start_again()

    async def _start_again(self) -> None:
        """Start it, and start it anew while somebody else keeps the database from it."""
        for number in range(TRIES_MAX):
            old, self.server = self.server, self.server.again()
            old.kill()
            for name, value in self.told.items():
                self.server.tell(name, value)
            self.set_clock()
            if await self.server.ready():
                return
            if self.server.is_alive:
                raise Stuck(f"the server did not start again: {_end_of(self.home / 'output')}")
            if LOCKED not in _end_of(self.home / "output"):
                return  # dead again: whoever looks next tells why
            await asyncio.sleep(min(AGAIN_S * 2**number, AGAIN_MAX_S))

    def tell(self, name: str, value: object) -> None:
        """Ask for a hazard, also of the servers that take this one's place."""
        self.told[name] = value
        self.server.tell(name, value)


@asynccontextmanager
async def running_world(home: Path, *, template: Path | None = None, **plan: Any) -> AsyncIterator[World]:
    """Start Stripe and the server on a copy of `template`; the server may die at once."""
    if template is not None:
        await asyncio.to_thread(shutil.copytree, template, home)
    home.mkdir(mode=0o700, exist_ok=True, parents=True)
    clock = SystemClock()
    sandbox = await Sandbox.start(path=home / "sandbox.db", clock=clock, seed=1, retry_delays_s=REDELIVERIES_S)
    port = free_port()
    try:
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {SANDBOX_KEY}"}) as http:
            hook = {"url": f"http://127.0.0.1:{port}{WEBHOOK_PATH}", "enabled_events[]": "*"}
            async with http.post(f"{sandbox.url}/v1/webhook_endpoints", data=hook) as answer:
                secret = (await answer.json())["secret"]
            started = Plan(
                home=home,
                port=port,
                stripe_api=sandbox.url,
                webhook_secret=secret,
                points=home / "points",
                struck=home / "struck",
                **plan,
            )
            token = Home(home).token()
            client = ControlClient(f"http://127.0.0.1:{port}", token, timeout_s=PATIENCE_S)
            world = World(home, sandbox, clock, http, ServerProcess(started), client)
            try:
                if not await world.server.ready():
                    await world.revive()
                yield world
            finally:
                await client.close()
                world.server.kill()
    finally:
        await sandbox.stop()


def rows(database: Path, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Read a file that others are writing."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(query, parameters).fetchall()


def free_port() -> int:
    """A port that nobody listens on now; the servers of one world come back to the same."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def _end_of(path: Path) -> str:
    return " / ".join(_lines(path)[-3:]) or "it said nothing"


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")
