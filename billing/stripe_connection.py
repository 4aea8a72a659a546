"""The connection to Stripe through the official SDK, and its errors as ours. Where the API base points is a setting.

The SDK takes a fifth of a second to import, so it is imported at the first call, beside the event loop.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import ClientTimeout

from billing.errors import BillingError, CardDeclined, GatewayUnavailable, Refused, UnknownAtStripe

TIMEOUT_S: Final = 30.0
"""For one attempt; Stripe answers within a few seconds, a payment rarely within ten."""
RETRIES: Final = 2
"""By the SDK, with the same idempotency key, after a lost connection, a 409 or a 5xx."""

T = TypeVar("T")

Sleep = Callable[[float], Awaitable[None]]
Call = Callable[[Any], Awaitable[Any]]
"""One call, given the SDK's `v1`."""


class StripeConnection:
    """Connects at the first call. Refuses live keys: this is a tool for development."""

    def __init__(self, api_key: str, api_base: str | None = None, *, sleep: Sleep | None = None) -> None:
        if "_live_" in api_key:
            raise Refused("live keys are not accepted", remedy="Use the sk_test_… key of your Stripe account.")
        self._api_key = api_key
        self._api_base = api_base
        self._sleep = sleep
        self._connecting = asyncio.Lock()
        self._sdk: Any = None
        self._client: Any = None
        self._http: Any = None

    async def close(self) -> None:
        if self._client is not None:
            await self._http.close_async()
            self._client = None

    async def ask(self, call: Call, answer: type[T]) -> T:
        """Make one call of the SDK's `v1` and read the answer; the SDK's errors become ours."""
        client = await self._connected()
        try:
            answered = await call(client.v1)
        except self._sdk.StripeError as error:
            raise _translated(error, self._sdk, self._api_base) from error
        try:
            return msgspec.convert(answered.to_dict(), answer)
        except msgspec.ValidationError as error:
            raise GatewayUnavailable(f"Stripe's answer cannot be read: {error}") from error

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._client is None:
                self._sdk = await asyncio.to_thread(importlib.import_module, "stripe")
                self._http = _http_client(self._sdk, self._sleep)
                self._client = self._sdk.StripeClient(
                    self._api_key,
                    http_client=self._http,
                    max_network_retries=RETRIES,
                    base_addresses={"api": self._api_base} if self._api_base else {},
                )
            return self._client


def _http_client(sdk: Any, sleep: Sleep | None) -> Any:
    client = sdk.AIOHTTPClient(timeout=ClientTimeout(total=TIMEOUT_S))
    if sleep is not None:
        client.sleep_async = sleep  # the hook that the SDK's clients differ in
    return client


def _translated(error: Any, sdk: Any, api_base: str | None) -> BillingError:
    """The SDK's error as ours: declined, refused, or nobody knows what happened."""
    said = error.user_message or str(error) or type(error).__name__
    body = error.json_body if isinstance(error.json_body, dict) else {}
    details: Any = body.get("error")
    details = details if isinstance(details, dict) else {}
    if isinstance(error, sdk.CardError):
        return CardDeclined(
            said,
            failure_code=details.get("code") or error.code or "card_declined",
            decline_code=details.get("decline_code"),
            payment_intent_id=(details.get("payment_intent") or {}).get("id"),
            charge_id=details.get("charge"),
        )
    if isinstance(error, sdk.AuthenticationError | sdk.PermissionError):
        return Refused(f"Stripe refused the key: {said}", remedy="Set STRIPE_SECRET to a valid sk_test_… key.")
    in_use = details.get("code") == "idempotency_key_in_use"
    if isinstance(error, sdk.InvalidRequestError) and error.http_status == HTTPStatus.NOT_FOUND:
        return UnknownAtStripe(f"Stripe does not know it: {said}")
    if isinstance(error, sdk.InvalidRequestError | sdk.IdempotencyError) and not in_use:
        return Refused(f"Stripe refused the request: {said}")
    return GatewayUnavailable(f"Stripe at {api_base or 'api.stripe.com'} could not be asked: {said}")
