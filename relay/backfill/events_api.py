"""Pages of `GET /v1/events` through the official library, with the bytes of each event as Stripe wrote them."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol

import aiohttp
import msgspec

from billing.errors import BillingError, GatewayUnavailable, Refused

PAGE_SIZE: Final = 100
TIMEOUT_S: Final = 4.0
"""An upstream that is down must be noticed soon; a page takes a fraction of a second."""
_SECONDS_MAX: Final = 2**33


@dataclass(frozen=True, slots=True)
class FetchedEvent:
    """One event of a page. `body` is its JSON as it stood in the list."""

    event_id: str
    created_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class EventsPage:
    """Newest first. `told_at` is Stripe's clock, cut to seconds, where it was told."""

    events: tuple[FetchedEvent, ...]
    has_more: bool
    told_at: datetime | None


class EventsApi(Protocol):
    """Where missed events are found."""

    async def page(
        self, *, since: datetime | None, starting_after: str | None = None, limit: int = PAGE_SIZE
    ) -> EventsPage:
        """Events made at `since` or later. Raises `GatewayUnavailable` or `Refused`."""

    async def close(self) -> None: ...


class _Event(msgspec.Struct):
    id: str
    created: int


class _List(msgspec.Struct):
    data: list[msgspec.Raw]
    has_more: bool = False


_read_list = msgspec.json.Decoder(_List).decode
_read_event = msgspec.json.Decoder(_Event).decode


class StripeEvents:
    """`EventsApi` over the official library. `headers` go with every request."""

    def __init__(self, api_key: str, api_base: str, *, headers: Mapping[str, str] | None = None) -> None:
        self._api_key, self._api_base, self._headers = api_key, api_base, dict(headers or {})
        self._connecting = asyncio.Lock()
        self._sdk: Any = None
        self._http: Any = None
        self._client: Any = None

    async def page(
        self, *, since: datetime | None, starting_after: str | None = None, limit: int = PAGE_SIZE
    ) -> EventsPage:
        client = await self._connected()
        params: dict[str, Any] = {"limit": limit}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        if starting_after is not None:
            params["starting_after"] = starting_after
        try:
            answer = await client.raw_request_async("get", "/v1/events", headers=self._headers, **params)
        except self._sdk.StripeError as error:
            raise self._translated(error) from error
        try:
            found = _read_list(answer.body)
            events = tuple(map(_fetched, found.data))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise GatewayUnavailable(f"{self._api_base} answered with something else than events: {error}") from error
        return EventsPage(events, found.has_more, _told_at(answer.headers))

    async def close(self) -> None:
        if self._client is not None:
            await self._http.close_async()
            self._client = None

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._client is None:
                self._sdk = await asyncio.to_thread(importlib.import_module, "stripe")
                self._http = self._sdk.AIOHTTPClient(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
                self._client = self._sdk.StripeClient(
                    self._api_key,
                    http_client=self._http,
                    max_network_retries=0,
                    base_addresses={"api": self._api_base},
                )
            return self._client

    def _translated(self, error: Any) -> BillingError:
        if isinstance(error, self._sdk.AuthenticationError | self._sdk.PermissionError):
            return Refused(
                "Stripe does not let this key list events",
                remedy="Set STRIPE_SECRET to a key that may read events, or start with --no-backfill.",
            )
        if error.http_status is None:
            return GatewayUnavailable(f"nobody answers at {self._api_base}")
        said = (error.user_message or str(error) or type(error).__name__).splitlines()[0]
        if isinstance(error, self._sdk.InvalidRequestError):
            return Refused(f"{self._api_base} cannot list events: {said}", remedy="Start with --no-backfill.")
        return GatewayUnavailable(f"{self._api_base} answers with {error.http_status}: {said}")


def _fetched(raw: msgspec.Raw) -> FetchedEvent:
    body = bytes(raw)
    head = _read_event(body)
    if not 0 <= head.created < _SECONDS_MAX:
        raise msgspec.ValidationError(f"{head.id} was made at no time: {head.created}")
    return FetchedEvent(head.id, datetime.fromtimestamp(head.created, UTC), body)


def _told_at(headers: Mapping[str, str]) -> datetime | None:
    stated = next((value for name, value in headers.items() if name.lower() == "date"), None)
    try:
        return parsedate_to_datetime(stated) if stated else None
    except ValueError:
        return None
