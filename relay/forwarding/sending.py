"""One request to a target: what goes out, and what is kept of the answer."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import aiohttp

from billing.models import ForwardState
from billing.signature import sign
from relay.masking import MASK, masked

TIMEOUT_S: Final = 30.0
ANSWER_MAX: Final = 4096
"""So many bytes of an answer's body are kept."""
HEADERS_MAX: Final = 50
FORWARDED_HEADER: Final = "X-Devconsole-Forwarded"
"""Marks what we sent, so that a target that leads back here does not make an endless circle."""
SIGNATURE: Final = "stripe-signature"
OF_ONE_HOP: Final = frozenset(
    {"host", "content-length", "connection", "transfer-encoding", "keep-alive", "expect", "accept-encoding"}
)
ADDED_BY_CLIENTS: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""What was not sent to us is not sent on; nor is an answer asked for that we could not read."""
PASSING_4XX: Final = frozenset({408, 409, 425, 429})
"""Refusals that say "later", not "never"."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery as it came, ready to go out."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request. `status` is None when there was no answer; then `error` says why."""

    started_at: datetime
    latency_us: int
    status: int | None = None
    error: str | None = None
    headers: Mapping[str, str] | None = None
    body: bytes = b""
    cut: bool = False

    @property
    def verdict(self) -> ForwardState:
        """WAITING: it is worth another try."""
        if self.status is None or self.status >= 500 or self.status in PASSING_4XX:
            return ForwardState.WAITING
        return ForwardState.DELIVERED if 200 <= self.status < 300 else ForwardState.REFUSED

    @property
    def text(self) -> str:
        """In a sentence."""
        if self.status is None:
            return f"no answer: {self.error}"
        if 300 <= self.status < 400:
            return f"answered {self.status}: redirects are not followed; name the address that it leads to"
        return f"answered {self.status}"


def letter(body: bytes, headers: Mapping[str, str], *, secret: str | None, now: datetime) -> Letter:
    """Bytes and headers as they came; with a secret, signed anew under it at this moment."""
    out = {name: value for name, value in headers.items() if name.lower() not in OF_ONE_HOP and value != MASK}
    if secret is not None:
        out = {name: value for name, value in out.items() if name.lower() != SIGNATURE}
        out["Stripe-Signature"] = sign(body, secret, int(now.timestamp()))
    return Letter(body, {**out, FORWARDED_HEADER: "1"})


async def send(session: aiohttp.ClientSession, url: str, what: Letter, *, now: datetime) -> Answer:
    """Post it once. Redirects are not followed: they could lead away from this machine."""
    started = time.perf_counter()
    try:
        async with session.post(
            url, data=what.body, headers=what.headers, allow_redirects=False, skip_auto_headers=ADDED_BY_CLIENTS
        ) as response:
            body, cut = await _beginning(response)
            took = _us_since(started)
            return Answer(now, took, response.status, None, _kept(response.headers), body, cut)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return Answer(now, _us_since(started), error=_why(error)[:500])


def _why(error: Exception) -> str:
    """What went wrong, without the words of our HTTP library."""
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT_S:.0f} s"
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno:
        return f"no connection to {error.host}:{error.port}: {os.strerror(error.os_error.errno).lower()}"
    return str(error) or type(error).__name__


async def _beginning(response: aiohttp.ClientResponse) -> tuple[bytes, bool]:
    """The first bytes of the body, and whether there are more; those are not waited for."""
    body = b""
    while len(body) <= ANSWER_MAX and (chunk := await response.content.read(ANSWER_MAX + 1 - len(body))):
        body += chunk
    if len(body) > ANSWER_MAX:
        response.close()
    return body[:ANSWER_MAX], len(body) > ANSWER_MAX


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    first = dict(list(headers.items())[:HEADERS_MAX])
    return {name: value[:1000] for name, value in masked(first).items()}


def _us_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1_000_000)
