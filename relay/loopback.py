"""Sending to our own webhook as any sender does: signed, over HTTP, through the same door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import msgspec

from billing.signature import sign
from relay.secrets import SOURCE_HEADER
from relay.unknown import WebhookUnreachable

if TYPE_CHECKING:
    from relay.backend import Backend

TIMEOUT_S = 30.0


class _Receipt(msgspec.Struct):
    delivery: int


class Loopback:
    """Delivers bytes under our own secret; `source` is one of `OURS`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._session: aiohttp.ClientSession | None = None

    async def deliver(self, body: bytes, *, source: str) -> int:
        """Returns the number of the delivery. Raises `WebhookUnreachable` when it was not taken."""
        backend = self._backend
        timestamp = int(backend.clock.now().timestamp())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": sign(body, backend.secrets.local, timestamp),
            "User-Agent": f"devconsole/{backend.version}",
            SOURCE_HEADER: source,
        }
        try:
            async with self._opened().post(backend.webhook_url, data=body, headers=headers) as response:
                answer = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise WebhookUnreachable(
                f"the webhook {backend.webhook_url} does not answer: {error}", remedy="Ask the doctor."
            ) from error
        if response.status != 200:
            raise WebhookUnreachable(
                f"the webhook answered {response.status}: {answer[:200].decode('utf-8', 'replace')}",
                remedy="Try again in a moment.",
            )
        return msgspec.json.decode(answer, type=_Receipt).delivery

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        return self._session
