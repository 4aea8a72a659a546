"""One request to the handler that is graded, and what came of it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import aiohttp
from aiohttp.resolver import DefaultResolver

from billing.clock import Clock, RandomIds
from billing.signature import sign
from relay.forwarding.addresses import HereOnly, checked

TIMEOUT_S: Final = 10.0
"""Stripe gives up about then; whoever is slower gets the event again."""
EXCERPT_MAX: Final = 120
SETTLE_S, SETTLED_S = 3.0, 0.15
"""Effects may come after the answer: they are looked at until they stand still for so long, at most this long."""
NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")


class Templates(Protocol):
    """Where events come from."""

    def build(
        self,
        event_type: str,
        *,
        event_id: str,
        created: int,
        amount_cents: int | None = None,
        overrides: Mapping[str, object] | None = None,
    ) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """`status` is None when there was no answer."""

    status: int | None
    text: str
    """Of the answer, its beginning; or why there was none."""
    took_s: float

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """With a 4xx: understood, and not taken."""
        return self.status is not None and 400 <= self.status < 500

    def __str__(self) -> str:
        if self.status is None:
            return f"no answer ({self.text})"
        return f"{self.status}"


class Unobservable(Exception):
    """The address that is to show effects does not answer with one number."""


class Probe:
    """Sends to `url` under `secret`; looks at effects at `observe`. An async context manager.

    `AddressRefused` for an address on another machine, unless `allow_remote`.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        templates: Templates,
        clock: Clock,
        observe: str | None = None,
        allow_remote: bool = False,
    ) -> None:
        self.url = url
        self.observes = observe is not None
        self._secret, self._observe = secret, observe
        self._templates, self._clock, self._ids = templates, clock, RandomIds()
        self._allow_remote = allow_remote
        self._session: aiohttp.ClientSession | None = None
        self.slowest_s = 0.0
        """Of the answers to events that are good."""

    async def __aenter__(self) -> Probe:
        for url in filter(None, (self.url, self._observe)):
            await checked(url, allow_remote=self._allow_remote)
        names = DefaultResolver()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=names if self._allow_remote else HereOnly(names)),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._session is not None
        await self._session.close()

    # Events ---------------------------------------------------------------------------------------------------------

    def event(self, event_type: str, **overrides: object) -> bytes:
        """A new event of this type."""
        return self._templates.build(
            event_type,
            event_id=self._ids.new("evt_grade"),
            created=int(self._clock.now().timestamp()),
            overrides=overrides,
        )

    def new_id(self, prefix: str) -> str:
        return self._ids.new(prefix)

    def signature(self, body: bytes, *, age_s: int = 0, secret: str | None = None) -> str:
        return sign(body, secret or self._secret, int(self._clock.now().timestamp()) - age_s)

    # Requests -------------------------------------------------------------------------------------------------------

    async def good(self, body: bytes) -> Seen:
        """Deliver it as Stripe does, signed now."""
        seen = await self.post(body, self.signature(body))
        self.slowest_s = max(self.slowest_s, seen.took_s)
        return seen

    async def post(self, body: bytes, signature: str | None) -> Seen:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        if signature is not None:
            headers["Stripe-Signature"] = signature
        return await self._ask("POST", self.url, data=body, headers=headers)

    async def get(self) -> Seen:
        return await self._ask("GET", self.url)

    async def hang_up(self, body: bytes) -> None:
        """Deliver it and be gone before the answer is there, as when a connection breaks."""
        delivery = asyncio.create_task(self.post(body, self.signature(body)))
        await asyncio.wait({delivery}, timeout=0.05)
        delivery.cancel()
        await asyncio.gather(delivery, return_exceptions=True)

    async def effects(self) -> float | None:
        """The number that the application shows, once it stands still; None when nobody looks at effects.

        Raises `Unobservable`.
        """
        if self._observe is None:
            return None
        deadline, still_since, last = time.monotonic() + SETTLE_S, time.monotonic(), await self._number()
        while time.monotonic() - still_since < SETTLED_S and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
            if (now := await self._number()) != last:
                still_since, last = time.monotonic(), now
        return last

    async def _number(self) -> float:
        assert self._observe is not None
        seen = await self._ask("GET", self._observe)
        found = NUMBER.fullmatch(seen.text.strip())
        if not seen.accepted or found is None:
            raise Unobservable(f"{self._observe} answers {seen}: {seen.text!r}, not one number")
        return float(found.group())

    async def _ask(self, method: str, url: str, **request: Any) -> Seen:
        assert self._session is not None
        started = time.perf_counter()
        try:
            async with self._session.request(method, url, allow_redirects=False, **request) as answer:
                text = (await answer.content.read(EXCERPT_MAX)).decode("utf-8", "replace")
                return Seen(answer.status, text, time.perf_counter() - started)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            why = f"none within {TIMEOUT_S:.0f} s" if isinstance(error, TimeoutError) else str(error)
            return Seen(None, why or type(error).__name__, time.perf_counter() - started)


def together(seen: Sequence[Seen]) -> str:
    """Several answers in a row: `200, 200, 500`."""
    return ", ".join(map(str, seen))
