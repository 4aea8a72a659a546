"""The one file that calls Stripe, through the official SDK. Where the API base points is a setting: the sandbox, the
real test mode, or any other stand-in.

The SDK takes a fifth of a second to import, so it is imported at the first call, beside the event loop.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import ClientTimeout

from billing.clock import IdSource, RandomIds
from billing.errors import BillingError, CardDeclined, GatewayUnavailable, Refused, UnknownAtStripe
from billing.gateway import (
    ChargeRequest,
    Checkout,
    CheckoutRequest,
    CustomerRequest,
    GatewayRefund,
    Payment,
    RefundRequest,
    SavedMethod,
)
from billing.handlers.objects import WithId
from billing.stripe_answers import (
    Intent,
    IntentList,
    Method,
    RefundAnswer,
    Session,
    SessionList,
    checkout_of,
    payment_of,
    refund_of,
    saved_method_of,
)

TIMEOUT_S: Final = 30.0
"""For one attempt; Stripe answers within a few seconds, a payment rarely within ten."""
RETRIES: Final = 2
"""By the SDK, with the same idempotency key, after a lost connection, a 409 or a 5xx."""
SEARCHED: Final = 100
"""So many of a customer's newest payments are looked through for one top-up."""
STRIPE_REASONS: Final = frozenset({"duplicate", "fraudulent", "requested_by_customer"})

T = TypeVar("T")

Sleep = Callable[[float], Awaitable[None]]


class StripeGateway:
    """`PaymentGateway` over Stripe's API. Refuses live keys: this is a tool for development."""

    def __init__(
        self,
        api_key: str,
        api_base: str | None = None,
        *,
        ids: IdSource | None = None,
        sleep: Sleep | None = None,
    ) -> None:
        """`ids` makes the keys of calls that no row stands for; the SDK's own would be different each time.

        `sleep` waits between the SDK's retries; None = for as long as the SDK says.
        """
        if "_live_" in api_key:
            raise Refused("live keys are not accepted", remedy="Use the sk_test_… key of your Stripe account.")
        self._api_key = api_key
        self._api_base = api_base
        self._ids = ids or RandomIds()
        self._sleep = sleep
        self._connecting = asyncio.Lock()
        self._sdk: Any = None
        self._client: Any = None
        self._http: Any = None

    async def create_customer(self, request: CustomerRequest) -> str:
        params = {
            "name": request.name,
            "email": request.email,
            "preferred_locales": [request.locale],
            "metadata": {"company_id": str(request.company_id)},
        }
        answer = await self._ask(
            lambda v1: v1.customers.create_async(_given(params), _key(request.idempotency_key)), WithId
        )
        return answer.id

    async def open_checkout(self, request: CheckoutRequest) -> Checkout:
        metadata = _metadata(request.company_id, request.topup_id, request.idempotency_key)
        params = {
            "mode": "payment",
            "customer": request.customer_id,
            "client_reference_id": str(request.topup_id),
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": request.currency.lower(),
                        "unit_amount": request.amount_cents,
                        "product_data": {"name": request.description},
                    },
                }
            ],
            # On both, so that either object's events name the top-up, whichever comes first.
            "metadata": metadata,
            "payment_intent_data": {
                "metadata": metadata,
                "description": request.description,
                "setup_future_usage": "off_session",
            },
            "success_url": request.success_url,
            "cancel_url": request.cancel_url,
            "locale": request.locale,
            "expires_at": int(request.expires_at.timestamp()),
        }
        return checkout_of(
            await self._ask(
                lambda v1: v1.checkout.sessions.create_async(params, _key(request.idempotency_key)), Session
            )
        )

    async def checkout(self, session_id: str) -> Checkout:
        return checkout_of(await self._ask(lambda v1: v1.checkout.sessions.retrieve_async(session_id), Session))

    async def expire_checkout(self, session_id: str) -> Checkout:
        return checkout_of(
            await self._ask(lambda v1: v1.checkout.sessions.expire_async(session_id, {}, self._once()), Session)
        )

    async def find_checkout(self, *, customer_id: str, topup_id: int) -> Checkout | None:
        params = {"customer": customer_id, "limit": SEARCHED}
        found = await self._ask(lambda v1: v1.checkout.sessions.list_async(params), SessionList)
        mine = (session for session in found.data if session.client_reference_id == str(topup_id))
        return next(map(checkout_of, mine), None)

    async def charge(self, request: ChargeRequest) -> Payment:
        params: dict[str, Any] = {
            "amount": request.amount_cents,
            "currency": request.currency.lower(),
            "customer": request.customer_id,
            "payment_method": request.payment_method,
            "description": request.description,
            "confirm": True,
            "metadata": _metadata(request.company_id, request.topup_id, request.idempotency_key, request.origin),
            "expand": _INTENT_EXPANDED,
        }
        if request.off_session:
            params["off_session"] = True
        if request.return_url is not None:
            params["return_url"] = request.return_url
        else:
            params["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
        return payment_of(
            await self._ask(lambda v1: v1.payment_intents.create_async(params, _key(request.idempotency_key)), Intent)
        )

    async def payment(self, intent_id: str) -> Payment:
        params = {"expand": _INTENT_EXPANDED}
        return payment_of(await self._ask(lambda v1: v1.payment_intents.retrieve_async(intent_id, params), Intent))

    async def find_payment(self, *, customer_id: str, topup_id: int) -> Payment | None:
        params = {"customer": customer_id, "limit": SEARCHED}
        found = await self._ask(lambda v1: v1.payment_intents.list_async(params), IntentList)
        mine = (intent for intent in found.data if intent.metadata.get("topup_id") == str(topup_id))
        return next(map(payment_of, mine), None)

    async def cancel_payment(self, intent_id: str) -> Payment:
        params = {"expand": _INTENT_EXPANDED}
        return payment_of(
            await self._ask(lambda v1: v1.payment_intents.cancel_async(intent_id, params, self._once()), Intent)
        )

    async def method(self, payment_method_id: str) -> SavedMethod:
        return saved_method_of(await self._ask(lambda v1: v1.payment_methods.retrieve_async(payment_method_id), Method))

    async def attach_method(self, payment_method_id: str, *, customer_id: str) -> SavedMethod:
        params = {"customer": customer_id}
        return saved_method_of(
            await self._ask(lambda v1: v1.payment_methods.attach_async(payment_method_id, params, self._once()), Method)
        )

    async def refund(self, request: RefundRequest) -> GatewayRefund:
        metadata = {"topup_id": str(request.topup_id), "refund_row_id": str(request.refund_row_id)}
        params: dict[str, Any] = {"payment_intent": request.payment_intent_id, "amount": request.amount_cents}
        if request.reason in STRIPE_REASONS:
            params["reason"] = request.reason
        elif request.reason:
            metadata["note"] = request.reason[:500]
        params["metadata"] = metadata
        return refund_of(
            await self._ask(lambda v1: v1.refunds.create_async(params, _key(request.idempotency_key)), RefundAnswer)
        )

    def _once(self) -> dict[str, str]:
        """For a call that is the only one of its kind: the SDK may repeat it, nobody else does."""
        return _key(self._ids.new("call_once_"))

    async def close(self) -> None:
        if self._client is not None:
            await self._http.close_async()
            self._client = None

    async def _ask(self, call: Callable[[Any], Awaitable[Any]], answer: type[T]) -> T:
        """Make one call and read the answer; the SDK's errors become ours."""
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


_INTENT_EXPANDED: Final = ["payment_method"]


def _key(idempotency_key: str) -> dict[str, str]:
    return {"idempotency_key": idempotency_key}


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def _metadata(company_id: int, topup_id: int, topup_key: str, origin: str | None = None) -> dict[str, str]:
    """What leads an event back to its top-up. The key tells databases apart that share one Stripe account."""
    found = {"company_id": str(company_id), "topup_id": str(topup_id), "topup_key": topup_key}
    return found if origin is None else {**found, "origin": origin}


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
