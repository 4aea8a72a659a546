"""Manual top-ups: a Checkout page or a charge at once, cancelling, money back, and taking up what was left open."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from billing.errors import Refused
from billing.gateway import RefundRequest
from billing.ledger import balance_of
from billing.models import Company, PaymentRefund, Topup, TopupOrigin, TopupStatus
from billing.refund_requests import (
    RefundReceipt,
    open_refund,
    receipt_of,
    record_refund,
    record_refused_refund,
    unanswered_refund,
)
from billing.services.customers import locale_of
from billing.services.payment_service import PaymentService
from billing.topup_requests import (
    CHECKOUT_SLACK,
    OPEN,
    Plan,
    check_amount,
    key_of,
    open_topup,
    requested_before,
    require_active,
    topup_of,
)

SESSION_ID = "{CHECKOUT_SESSION_ID}"
"""Stripe replaces it in the success URL."""
TEST_CARD_PREFIX = "pm_card_"
"""Stripe's test cards by name; each mention makes a new payment method that belongs to nobody."""
SWEEP_MAX = 100


class StripeTopupService(PaymentService):
    """One method per use case. Each may be repeated after a crash: the row comes first, and its key goes to Stripe."""

    async def checkout(
        self,
        company_id: int,
        amount_cents: int,
        *,
        success_url: str,
        cancel_url: str,
        initiated_by: str | None = None,
        request_key: str | None = None,
    ) -> Topup:
        """Open a page to pay on; its address is the answer's `checkout_url`. The webhook credits.

        With the `request_key` of an earlier request it is that one's top-up, as it is by now.

        Raises `InvalidAmount`, `UnknownCompany`, `CompanyInactive`, `KeyUsedOtherwise`, `GatewayUnavailable`,
        `Refused`, `TestModeOff`.
        """
        company, customer_id = await self._prepare(company_id, amount_cents)
        now = self._clock.now()
        plan = Plan(
            customer_id=customer_id,
            description=f"Guthaben {company.name}" if locale_of(company) == "de" else f"Credit for {company.name}",
            locale=locale_of(company),
            success_url=_with_session_id(success_url),
            cancel_url=cancel_url,
        )
        return await self._open(
            company,
            request_key,
            amount_cents=amount_cents,
            plan=plan,
            expires_at=now + self._policy.checkout_expiry + CHECKOUT_SLACK,
            initiated_by=initiated_by,
        )

    async def charge(
        self,
        company_id: int,
        amount_cents: int,
        *,
        payment_method: str | None = None,
        return_url: str | None = None,
        initiated_by: str | None = None,
        request_key: str | None = None,
    ) -> Topup:
        """Charge a test card (`pm_card_…`), a card of the company's (`pm_…`), or (None) the saved one.

        A decline is an outcome: the answer's status is failed, with the bank's codes. One that must be authenticated
        is requires_action; `checkout_url` is then the bank's page. `request_key` and errors as of `checkout`.
        """
        company, customer_id = await self._prepare(company_id, amount_cents)
        method, label = await self._method_for(company_id, customer_id, payment_method)
        plan = Plan(
            customer_id=customer_id,
            description=f"Top-up for {company.name}",
            payment_method=method,
            return_url=return_url,
        )
        return await self._open(
            company,
            request_key,
            amount_cents=amount_cents,
            plan=plan,
            initiated_by=initiated_by,
            payment_method_label=label,
        )

    async def cancel(self, topup_id: int) -> Topup:
        """Give an open top-up up. Raises `UnknownTopup`, and `Refused` when it has ended."""
        self._guard.check()
        topup = await self._db.write(topup_of, topup_id)
        # A declined Checkout has a page on which it could still be paid.
        is_payable = topup.status is TopupStatus.FAILED and topup.stripe_checkout_session_id is not None
        if topup.status not in OPEN and not is_payable:
            raise Refused(f"top-up {topup_id} is {topup.status}; there is nothing to cancel")
        return await self._calls.give_up(topup, why="given up by a person")

    async def refund(
        self,
        topup_id: int,
        *,
        amount_cents: int | None = None,
        reason: str | None = None,
        request_key: str | None = None,
    ) -> RefundReceipt:
        """Send money back to the card, at Stripe, and book it. `amount_cents` None = all that is left.

        With the `request_key` of an earlier request it is that one's refund, as it is by now.

        Raises `UnknownTopup`, `NothingToRefund`, `RefundTooLarge`, `InvalidAmount`, `KeyUsedOtherwise`,
        `GatewayUnavailable`, `Refused`.
        """
        self._guard.check()
        topup, row = await self._db.write(
            open_refund,
            topup_id,
            amount_cents=amount_cents,
            reason=reason,
            request_key=request_key,
            new_key=self._ids.new("refund_"),
            now=self._clock.now(),
        )
        return receipt_of(row) or await self._send_refund(topup, row)

    async def resume_refund(self, refund_row_id: int) -> None:
        """Send a refund that was asked for and never answered, with the key that it had."""
        self._guard.check()
        found = await self._db.write(unanswered_refund, refund_row_id, now=self._clock.now())
        if found is not None:
            await self._send_refund(*found)

    async def _send_refund(self, topup: Topup, row: PaymentRefund) -> RefundReceipt:
        assert topup.id is not None and row.id is not None
        assert row.idempotency_key is not None and topup.stripe_payment_intent_id is not None
        request = RefundRequest(
            payment_intent_id=topup.stripe_payment_intent_id,
            amount_cents=row.amount_cents,
            reason=row.reason,
            topup_id=topup.id,
            refund_row_id=row.id,
            idempotency_key=row.idempotency_key,
        )
        try:
            refund = await self._gateway.refund(request)
        except Refused as refused:
            await self._db.write(record_refused_refund, row.id, refused.message, now=self._clock.now())
            raise
        await self._db.write(record_refund, row.id, refund, now=self._clock.now())
        return RefundReceipt(refund.refund_id, refund.status, refund.amount_cents, topup.id)

    async def resume(self, topup_id: int) -> Topup:
        """Find out what became of an open top-up and bring it there: after a crash, a timeout, or a lost webhook."""
        self._guard.check()
        return await self._calls.look_up(await self._db.write(topup_of, topup_id))

    async def sweep_expired(self) -> int:
        """End the Checkout top-ups whose page has expired unheard; returns how many have ended."""
        self._guard.check()
        ended = 0
        async with self._db.read() as session:
            overdue = await session.exec(
                select(Topup.id)
                .where(col(Topup.status).in_(OPEN), col(Topup.expires_at) < self._clock.now())
                .order_by(col(Topup.id))
                .limit(SWEEP_MAX)
            )
            topup_ids = [topup_id for topup_id in overdue if topup_id is not None]
        for topup_id in topup_ids:
            ended += (await self.resume(topup_id)).status not in OPEN
        return ended

    async def _open(
        self,
        company: Company,
        request_key: str | None,
        *,
        amount_cents: int,
        plan: Plan,
        initiated_by: str | None,
        expires_at: datetime | None = None,
        payment_method_label: str | None = None,
    ) -> Topup:
        """Write the intention and carry it out; a request that was made before is only looked after."""
        assert company.id is not None
        opened, is_new = await self._db.write(
            _open_once,
            company_id=company.id,
            amount_cents=amount_cents,
            idempotency_key=self._ids.new("topup_") if request_key is None else key_of(company, request_key),
            plan=plan,
            expires_at=expires_at,
            initiated_by=initiated_by,
            payment_method_label=payment_method_label,
            now=self._clock.now(),
        )
        return await (self._calls.carry_out(opened) if is_new else self._calls.look_up(opened))

    async def _prepare(self, company_id: int, amount_cents: int) -> tuple[Company, str]:
        self._guard.check()
        check_amount(amount_cents, self._policy)
        await self._db.write(require_active, company_id)
        return await self._customers.ensure(company_id)

    async def _method_for(
        self, company_id: int, customer_id: str, payment_method: str | None
    ) -> tuple[str, str | None]:
        """The method to charge and, where it is known, its label."""
        if payment_method is None:
            balance = await self._db.write(balance_of, company_id)
            if balance.stripe_payment_method_id is None:
                raise Refused(
                    f"company {company_id} has no saved card",
                    remedy="Name a test card, or save one with a Checkout or the automatic top-up settings.",
                )
            return balance.stripe_payment_method_id, balance.payment_method_label
        if payment_method.startswith(TEST_CARD_PREFIX):
            return payment_method, None
        saved = await self._gateway.method(payment_method)
        if saved.customer_id != customer_id:
            raise Refused(f"{payment_method} does not belong to company {company_id}")
        return payment_method, saved.label


def _open_once(
    session: Session,
    *,
    company_id: int,
    amount_cents: int,
    idempotency_key: str,
    plan: Plan,
    expires_at: datetime | None,
    initiated_by: str | None,
    payment_method_label: str | None,
    now: datetime,
) -> tuple[Topup, bool]:
    """The top-up of this key, and whether it is a new one."""
    before = requested_before(session, idempotency_key, amount_cents=amount_cents, plan=plan)
    if before is not None:
        return before, False
    opened = open_topup(
        session,
        company_id=company_id,
        amount_cents=amount_cents,
        origin=TopupOrigin.MANUAL,
        idempotency_key=idempotency_key,
        plan=plan,
        expires_at=expires_at,
        initiated_by=initiated_by,
        payment_method_label=payment_method_label,
        now=now,
    )
    return opened, True


def _with_session_id(url: str) -> str:
    if SESSION_ID in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}session_id={SESSION_ID}"
