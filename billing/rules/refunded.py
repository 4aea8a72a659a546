"""How much of a payment has gone back to the card, from everything Stripe has said about it, in any order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownRefund:
    """One refund object. `failed_s` is when Stripe called it failed or cancelled, None while it has not."""

    amount_cents: int
    failed_s: int | None = None


@dataclass(frozen=True, slots=True)
class ChargeSnapshot:
    """What a `charge.refunded` event said: at `created_s`, `refunded_cents` of the charge were refunded in sum."""

    created_s: int
    refunded_cents: int


def refunded_cents(refunds: Iterable[KnownRefund], snapshots: Iterable[ChargeSnapshot]) -> int:
    """What is refunded now: all that was ever refunded, less the refunds that failed.

    Either kind of event may be missing, late, or repeated. Single refunds tell a lower bound of what was ever refunded;
    so does each snapshot, which no longer contains the refunds that had failed before it. The answer depends on the
    set of facts alone, hence not on the order in which they came.
    """
    known = list(refunds)
    failed = [refund for refund in known if refund.failed_s is not None]
    ever = sum(refund.amount_cents for refund in known)
    for snapshot in snapshots:
        # A failure in the same second came after the snapshot: a refund is made before it can fail.
        gone = sum(refund.amount_cents for refund in failed if (refund.failed_s or 0) < snapshot.created_s)
        ever = max(ever, snapshot.refunded_cents + gone)
    return ever - sum(refund.amount_cents for refund in failed)


def disputed_cents(amount_cents: int, status: str, *, withdrawn: bool, reinstated: bool) -> int:
    """How much of a payment a dispute has taken by now: nothing, or the disputed amount.

    A verdict says where the money is, also where the event that moved it was not heard.
    """
    is_taken = withdrawn or status == "lost"
    is_given_back = reinstated or status == "won"
    return amount_cents if is_taken and not is_given_back else 0
