"""Automatic top-ups: settings, and the check that charges the saved card when one is due."""

from __future__ import annotations

from sqlmodel import Session

from billing import jobs
from billing.auto_topup_decisions import decide
from billing.auto_topup_settings import SettingsChange, apply_settings, check_settings
from billing.errors import AutoTopupSettingsInvalid, CardDeclined, GatewayUnavailable, Refused
from billing.gateway import SavedMethod
from billing.ledger import balance_of
from billing.models import AutoTopupDecision, DecisionTrigger, PrepaidBalance
from billing.services.payment_service import PaymentService
from billing.services.topup import TEST_CARD_PREFIX


class AutoTopupService(PaymentService):
    """Decides, keeps every decision, and charges off-session at most once per decision."""

    async def configure(
        self,
        company_id: int,
        *,
        enabled: bool | None = None,
        threshold_cents: int | None = None,
        amount_cents: int | None = None,
        daily_limit: int | None = None,
        monthly_limit_cents: int | None = None,
        payment_method: str | None = None,
    ) -> PrepaidBalance:
        """Change settings; what is None stays. A test card (`pm_card_…`) is attached to the company's customer.

        Raises `AutoTopupSettingsInvalid`, `UnknownCompany`, `GatewayUnavailable`, `Refused`, `TestModeOff`.
        """
        change = SettingsChange(
            enabled=enabled,
            threshold_cents=threshold_cents,
            amount_cents=amount_cents,
            daily_limit=daily_limit,
            monthly_limit_cents=monthly_limit_cents,
        )
        # Before Stripe is asked: settings that cannot be saved must not leave a card attached.
        balance = await self._db.write(balance_of, company_id)
        check_settings(balance, change, brings_method=payment_method is not None, policy=self._policy)
        method = None if payment_method is None else await self._own_method(company_id, payment_method)
        return await self._db.write(self._save, company_id, change, method)

    async def check(
        self, company_id: int, *, triggered_by: DecisionTrigger | str, call_id: int | None
    ) -> AutoTopupDecision:
        """Ask whether one is due, keep the answer, and charge the saved card if it is.

        What became of the charge is on the top-up that the decision names; a decline or an unreachable Stripe raises
        nothing. Raises `UnknownCompany` and `TestModeOff`.
        """
        self._guard.check()
        decided = await self._db.write(
            decide,
            company_id,
            triggered_by=DecisionTrigger(triggered_by),
            call_id=call_id,
            idempotency_key=self._ids.new("topup_"),
            policy=self._policy,
            now=self._clock.now(),
        )
        if decided.topup is not None:
            try:
                await self._calls.carry_out(decided.topup)
            except (GatewayUnavailable, Refused):
                # Unreachable: the top-up stays open, and its job asks again with the same key. Refused: it has failed
                # and says why. Either way the decision itself stands.
                return decided.decision
        return decided.decision

    async def _own_method(self, company_id: int, payment_method: str) -> SavedMethod:
        """The method as the company's own, attached if it belonged to nobody."""
        self._guard.check()
        _company, customer_id = await self._customers.ensure(company_id)
        try:
            if not payment_method.startswith(TEST_CARD_PREFIX):
                method = await self._gateway.method(payment_method)
                if method.customer_id == customer_id:
                    return method
                if method.customer_id is not None:
                    raise AutoTopupSettingsInvalid(f"{payment_method} belongs to another customer")
            return await self._gateway.attach_method(payment_method, customer_id=customer_id)
        except CardDeclined as declined:
            codes = declined.decline_code or declined.failure_code
            raise AutoTopupSettingsInvalid(
                f"the card cannot be saved: {declined.message} ({codes})", remedy="Choose another card."
            ) from declined

    def _save(
        self, session: Session, company_id: int, change: SettingsChange, method: SavedMethod | None
    ) -> PrepaidBalance:
        now = self._clock.now()
        balance = apply_settings(session, company_id, change, method=method, policy=self._policy, now=now)
        if balance.auto_topup_enabled and _is_low(balance):
            payload = {"company_id": company_id, "triggered_by": DecisionTrigger.SETTINGS.value, "call_id": None}
            key = f"auto_topup_check:settings:{company_id}:{self._ids.new('')}"
            jobs.enqueue(session, kind="auto_topup_check", key=key, payload=payload, run_at=now)
        return balance


def _is_low(balance: PrepaidBalance) -> bool:
    """Whether saving the settings is a reason to ask at once; otherwise the next call asks."""
    effective_cents = balance.balance_cents + balance.bonus_cents - balance.reserved_cents
    return effective_cents <= (balance.auto_topup_threshold_cents or 0)
