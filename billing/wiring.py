"""The four services, built from what they share."""

from __future__ import annotations

from dataclasses import dataclass

from billing.clock import Clock, IdSource
from billing.db import Database
from billing.gateway import PaymentGateway
from billing.guard import TestModeGuard
from billing.policy import Policy
from billing.services.auto_topup import AutoTopupService
from billing.services.call_refund import CallRefundService
from billing.services.prepaid import PrepaidBillingService
from billing.services.topup import StripeTopupService


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What billing can do, one service per subject."""

    topups: StripeTopupService
    auto_topups: AutoTopupService
    prepaid: PrepaidBillingService
    call_refunds: CallRefundService


def build_services(
    *, db: Database, gateway: PaymentGateway, clock: Clock, ids: IdSource, policy: Policy, guard: TestModeGuard
) -> Services:
    """Build the services on one database and one gateway."""
    return Services(
        topups=StripeTopupService(db=db, gateway=gateway, clock=clock, ids=ids, policy=policy, guard=guard),
        auto_topups=AutoTopupService(db=db, gateway=gateway, clock=clock, ids=ids, policy=policy, guard=guard),
        prepaid=PrepaidBillingService(db=db, clock=clock, ids=ids, policy=policy, guard=guard),
        call_refunds=CallRefundService(db=db, clock=clock, policy=policy, guard=guard),
    )
