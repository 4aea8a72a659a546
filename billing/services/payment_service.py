"""What the two services that charge cards stand on."""

from __future__ import annotations

from billing.clock import Clock, IdSource
from billing.db import Database
from billing.gateway import PaymentGateway
from billing.guard import TestModeGuard
from billing.policy import Policy
from billing.services.customers import StripeCustomers
from billing.services.payment_calls import PaymentCalls


class PaymentService:
    """The database, Stripe, and the way from one to the other."""

    def __init__(
        self,
        *,
        db: Database,
        gateway: PaymentGateway,
        clock: Clock,
        ids: IdSource,
        policy: Policy,
        guard: TestModeGuard,
    ) -> None:
        self._db = db
        self._gateway = gateway
        self._clock = clock
        self._ids = ids
        self._policy = policy
        self._guard = guard
        self._customers = StripeCustomers(db=db, gateway=gateway, clock=clock, ids=ids)
        self._calls = PaymentCalls(db=db, gateway=gateway, clock=clock, policy=policy)
