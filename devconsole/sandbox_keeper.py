"""The sandbox that this server runs, as operations see it; whatever happens to it, it goes on delivering to us."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from billing.clock import Clock
from billing.errors import Refused
from devconsole.endpoint import ENDPOINT_ID
from fixtures.sandbox.server import Sandbox
from fixtures.sandbox.store.database import StateFileError
from relay.api import RolledSecretView, SandboxFileView, SandboxView
from relay.home import Home
from relay.secrets import SANDBOX, SecretRing


class NoSuchSnapshot(Refused):
    code = "no_snapshot"


class LocalSandbox:
    """`connect` makes or finds our webhook endpoint and learns its secret."""

    def __init__(
        self, sandbox: Sandbox, home: Home, secrets: SecretRing, clock: Clock, connect: Callable[[], Awaitable[None]]
    ) -> None:
        self._sandbox, self._home, self._secrets, self._clock = sandbox, home, secrets, clock
        self._connect = connect

    def view(self) -> SandboxView:
        holds, now = self._sandbox.contents(), datetime.fromtimestamp(self._sandbox.now, UTC)
        due = self._sandbox.next_due()
        return SandboxView(
            url=self._sandbox.url,
            account=holds.account,
            now=now,
            ahead_seconds=max(0.0, round((now - self._clock.now()).total_seconds(), 1)),
            objects=holds.objects,
            events=holds.events,
            undelivered=holds.undelivered,
            retry_delays_s=self._sandbox.retry_delays_s,
            dispute_fee_cents=self._sandbox.dispute_fee,
            next_due_at=datetime.fromtimestamp(due, UTC) if due is not None else None,
        )

    async def advance(self, seconds: float) -> None:
        self._sandbox.advance(seconds)
        await self._sandbox.settled()

    def snapshot(self, path: str) -> SandboxFileView:
        file = Path(path)
        if not file.is_absolute():
            raise NoSuchSnapshot(f"{path} is not an absolute path", remedy="Say it from the root on.")
        try:
            self._sandbox.snapshot(file)
        except StateFileError as error:
            raise NoSuchSnapshot(str(error), remedy="Name a file in a directory that exists.") from error
        return SandboxFileView(path=str(file), bytes=file.stat().st_size)

    async def restore(self, path: str) -> None:
        try:
            self._sandbox.restore(Path(path))
        except StateFileError as error:
            raise NoSuchSnapshot(str(error), remedy="Take one with: devconsole sandbox snapshot FILE.") from error
        await self._meet_again()

    async def reset(self) -> None:
        self._sandbox.reset()
        await self._meet_again()

    async def roll_secret(self, overlap_s: int) -> RolledSecretView:
        endpoint = self._home.read_secrets()[ENDPOINT_ID]
        self._learn(self._sandbox.roll_secret(endpoint, overlap_s=overlap_s))
        until = datetime.fromtimestamp(self._sandbox.now, UTC) + timedelta(seconds=overlap_s)
        return RolledSecretView(endpoint=endpoint, old_until=until)

    async def _meet_again(self) -> None:
        """The state is another: our endpoint is gone, or signs with the secret of then."""
        endpoint = self._home.read_secrets().get(ENDPOINT_ID, "")
        with contextlib.suppress(LookupError):  # `connect` makes another
            self._learn(self._sandbox.roll_secret(endpoint, overlap_s=0))
        await self._connect()

    def _learn(self, secret: str) -> None:
        self._home.keep_secret(SANDBOX, secret)
        self._secrets.put(SANDBOX, secret)
