"""What billing asks of Stripe when it moves money: the sandbox, the real test mode, or any other stand-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from billing.clock import IdSource, RandomIds
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
from billing.stripe_connection import Call, Sleep, StripeConnection
from billing.stripe_records import StripeRecords

SEARCHED: Final = 100
"""So many of a customer's newest payments are looked through for one top-up."""
STRIPE_REASONS: Final = frozenset({"duplicate", "fraudulent", "requested_by_customer"})

T = TypeVar("T")


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
        self._connection = StripeConnection(api_key, api_base, sleep=sleep)
        self._ids = ids or RandomIds()

    @property
    def records(self) -> StripeRecords:
        """What Stripe has on record, over the same connection."""
        return StripeRecords(self._connection)

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
        await self._connection.close()

    async def _ask(self, call: Call, answer: type[T]) -> T:
        return await self._connection.ask(call, answer)


_INTENT_EXPANDED: Final = ["payment_method"]


def _key(idempotency_key: str) -> dict[str, str]:
    return {"idempotency_key": idempotency_key}


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def _metadata(company_id: int, topup_id: int, topup_key: str, origin: str | None = None) -> dict[str, str]:
    """What leads an event back to its top-up. The key tells databases apart that share one Stripe account."""
    found = {"company_id": str(company_id), "topup_id": str(topup_id), "topup_key": topup_key}
    return found if origin is None else {**found, "origin": origin}
