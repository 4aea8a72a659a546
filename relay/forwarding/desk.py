"""All targets: a courier for each, from start to stop, and what operations do with them."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.resolver import DefaultResolver
from sqlalchemy import delete, func, insert, select, update
from sqlmodel import Session

from billing.changes import Changes, Kind
from billing.clock import Clock
from billing.db import Database
from billing.errors import Refused
from billing.models import TargetState
from billing.signature import Secret
from relay.commits import Commits
from relay.forwarding import rows
from relay.forwarding.addresses import HereOnly, checked
from relay.forwarding.courier import Courier
from relay.forwarding.rows import FORWARDS, TARGETS
from relay.forwarding.sending import TIMEOUT_S
from relay.forwarding.signing import Signing, signing
from relay.home import Home
from relay.upstreams import Upstreams
from relay.views.query import fetch

RETRY_DELAYS_S: Final = (1.0, 5.0, 30.0, 120.0)
"""Before the second, third, … try, unless the target has a schedule of its own."""
TARGETS_MAX: Final = 50
NOT_ASKED_FOR = "this server was started without it in --forward-to"


class TargetTaken(Refused):
    code = "target_taken"


class TooManyTargets(Refused):
    code = "too_many_targets"


class Forwarding:
    """Start it after the database; `wake` couriers after changes of their rows."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        commits: Commits,
        upstreams: Upstreams,
        home: Home,
        sender: Callable[[], Secret],
    ) -> None:
        """`sender` gives the secret of whoever delivers to us now."""
        self._db, self._clock, self._commits, self._upstreams = db, clock, commits, upstreams
        self._home, self._sender = home, sender
        self.queue_max = rows.QUEUE_MAX
        self._couriers: dict[int, Courier] = {}
        self._secrets: dict[int, str] = {}
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._listening = ExitStack()
        self._runs = False

    async def start(self) -> None:
        assert not self._runs, "started twice"
        self._runs = True
        self._listening.enter_context(self._commits.listening(self._committed))
        await self._hire()

    async def stop(self) -> None:
        """Stop sending; what was not sent yet is sent after the next start."""
        self._runs = False
        self._listening.close()
        await asyncio.gather(*(courier.stop() for courier in self._couriers.values()))
        self._couriers.clear()
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    # Targets --------------------------------------------------------------------------------------------------------

    async def add(
        self,
        url: str,
        *,
        name: str | None = None,
        event_types: Sequence[str] = (rows.EVERYTHING,),
        secret: str | None = None,
        retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
        allow_remote: bool = False,
        from_start: bool = False,
        origin: str = "added",
    ) -> int:
        """Begin to forward, from now on or with everything that is still there; returns the target's id."""
        await checked(url, allow_remote=allow_remote)
        values = {
            "url": url,
            "event_types": list(event_types),
            "origin": origin,
            "secret_hint": None if secret is None else hint(secret),
            "retry_delays": list(retry_delays_s),
            "allow_remote": allow_remote,
            "state": TargetState.ON,
            "failures": 0,
            "missed": 0,
            "created_at": self._clock.now(),
        }
        target_id = await self._db.write(_insert_target, name, values, from_start=from_start)
        if secret is not None:
            self._home.keep_secret(_label(target_id), secret)
            self._secrets[target_id] = secret
        await self._hire()
        return target_id

    async def remove(self, target_id: int) -> None:
        """Stop at once and forget the target, what it was sent, and its secret."""
        courier = self._couriers.pop(target_id, None)
        if courier is not None:
            await courier.stop()
            courier.forget()
        await self._db.write(_delete_target, target_id)
        self._secrets.pop(target_id, None)
        self._home.forget_secret(_label(target_id))

    async def pause(self, target_id: int, why: str) -> None:
        """What arrives from now on waits."""
        await self._db.write(_set_state, target_id, TargetState.PAUSED, why)
        self.wake(target_id)

    async def resume(self, target_id: int, *, skip: bool = False) -> None:
        await self._db.write(rows.resume, target_id, skip=skip, now=self._clock.now())
        self.wake(target_id)

    async def adopt(self, urls: Sequence[str]) -> None:
        """Let exactly these be the targets of the option: made if they are new, taken up where they were left.

        One that an earlier start named and this one does not is off; when it is named again, it begins anew from then.
        """
        async with self._db.read() as session:
            known = {
                row["url"]: row for row in await fetch(session, select(TARGETS).where(TARGETS.c.origin == "option"))
            }
        for url, row in known.items():
            if url not in urls:
                await self.pause(row["id"], NOT_ASKED_FOR)
            elif row["state_reason"] == NOT_ASKED_FOR:
                await self.resume(row["id"], skip=True)
        for url in dict.fromkeys(urls):
            if url not in known:
                await self.add(url, origin="option")

    def wake(self, target_id: int | None = None) -> None:
        """Something may be due for one target, or for any."""
        for id_, courier in self._couriers.items():
            if target_id in (None, id_):
                courier.wake()

    async def idle(self) -> None:
        """Return when every target has what can be sent by now."""
        for courier in tuple(self._couriers.values()):
            courier.wake()
            await courier.asleep()

    async def next_try(self) -> datetime | None:
        """When the next delivery is tried again after now, None when none is."""
        if not self._couriers:
            return None
        async with self._db.read() as session:
            later = select(func.min(FORWARDS.c.next_try_at).label("at")).where(
                rows.WAITING, FORWARDS.c.next_try_at > self._clock.now()
            )
            found: datetime | None = (await fetch(session, later))[0]["at"]
        return found

    def secret_of(self, target_id: int) -> str:
        """What the target verifies with: its own secret, else the sender's."""
        return self._secrets.get(target_id) or self._sender().value

    def signing_for(self, target_id: int, signed_by: str | None) -> Signing:
        """How a delivery that this secret signed (None: none did) goes out to a target."""
        return signing(own=self._secrets.get(target_id), signed_by=signed_by, sender=self._sender())

    # Couriers -------------------------------------------------------------------------------------------------------

    async def _hire(self) -> None:
        """A courier for each target that has none."""
        if not self._runs:
            return
        async with self._db.read() as session:
            ids = [row["id"] for row in await fetch(session, select(TARGETS.c.id).order_by(TARGETS.c.id))]
        known = self._home.read_secrets() if ids else {}
        for target_id in ids:
            if target_id in self._couriers:
                continue
            if (secret := known.get(_label(target_id))) is not None:
                self._secrets[target_id] = secret
            courier = Courier(
                target_id,
                db=self._db,
                clock=self._clock,
                upstreams=self._upstreams,
                session=self._session,
                signing_for=self.signing_for,
                queue_max=lambda: self.queue_max,
            )
            self._couriers[target_id] = courier
            courier.start()

    def _committed(self, changes: Changes) -> None:
        if Kind.DELIVERY in changes:
            self.wake()

    def _session(self, allow_remote: bool) -> aiohttp.ClientSession:
        """Without `allow_remote`, connections are made to this machine only, whatever a name leads to."""
        session = self._sessions.get(allow_remote)
        if session is None:
            names = DefaultResolver()
            connector = aiohttp.TCPConnector(
                resolver=names if allow_remote else HereOnly(names), use_dns_cache=False, limit=0
            )
            session = self._sessions[allow_remote] = aiohttp.ClientSession(
                connector=connector, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), auto_decompress=False
            )
        return session


def new_secret() -> str:
    """A signing secret as Stripe makes them."""
    return "whsec_" + secrets.token_hex(24)


def hint(secret: str) -> str:
    """What is shown of a secret later."""
    return f"whsec_…{secret[-4:]}"


def _label(target_id: int) -> str:
    return f"forward_{target_id}"


def _insert_target(session: Session, name: str | None, values: dict[str, Any], *, from_start: bool) -> int:
    connection = session.connection()
    taken = set(connection.execute(select(TARGETS.c.name)).scalars())
    if len(taken) >= TARGETS_MAX:
        raise TooManyTargets(f"there are {TARGETS_MAX} targets already", remedy="Remove one that is not needed.")
    if name is not None and name in taken:
        raise TargetTaken(f"there is a target called {name} already", remedy="Choose another name.")
    position = 0 if from_start else rows.newest_delivery(session)
    named = {**values, "name": name or _free_name(values["url"], taken), "position": position}
    return int(connection.execute(insert(TARGETS).values(**named)).inserted_primary_key[0])  # type: ignore[index]


def _free_name(url: str, taken: set[str]) -> str:
    """The host and port in letters that need no quotes, numbered where several are alike."""
    base = re.sub(r"[^a-z0-9.]+", "-", urlsplit(url).netloc.lower()).strip("-.")[:40] or "target"
    names = (base if number == 1 else f"{base}-{number}" for number in range(1, TARGETS_MAX + 2))
    return next(name for name in names if name not in taken)


def _delete_target(session: Session, target_id: int) -> None:
    session.connection().execute(delete(TARGETS).where(TARGETS.c.id == target_id))


def _set_state(session: Session, target_id: int, state: TargetState, why: str) -> None:
    values = {"state": state, "state_reason": why}
    session.connection().execute(update(TARGETS).where(TARGETS.c.id == target_id).values(**values))
