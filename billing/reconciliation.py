"""Stripe's record of payments beside ours: what Stripe has and we do not, the reverse, and what differs.

Pure: both sides are given. A difference says what is the matter, and whether reading the payment again mends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from billing.models import TopupStatus
from billing.money_text import money
from billing.records import PaymentRecord

BALANCE_TOPUP: Final = "balance_topup"


class DifferenceKind(StrEnum):
    NOT_CREDITED = "not_credited"
    """Stripe has received money that is meant for a balance here, and no balance has it."""
    UNKNOWN_HERE = "unknown_here"
    """Stripe has received money that names no balance here: somebody else's, on the same account."""
    UNKNOWN_AT_STRIPE = "unknown_at_stripe"
    """A balance was credited for a payment that Stripe has never heard of."""
    NOT_PAID_AT_STRIPE = "not_paid_at_stripe"
    """A balance was credited for a payment that Stripe has not received."""
    AMOUNT_DIFFERS = "amount_differs"
    REFUND_DIFFERS = "refund_differs"
    """What went back to the card is not what was taken from the balance."""
    DISPUTE_UNKNOWN = "dispute_unknown"
    """A bank has asked for the money, and nothing here says so."""

    @property
    def mends(self) -> bool:
        """Whether reading it from Stripe again, and booking what it says, mends it."""
        return self in _MENDED

    @property
    def breaks(self) -> bool:
        """Whether our books are wrong by it."""
        return self is not DifferenceKind.UNKNOWN_HERE


_MENDED: Final = (DifferenceKind.NOT_CREDITED, DifferenceKind.REFUND_DIFFERS, DifferenceKind.DISPUTE_UNKNOWN)


@dataclass(frozen=True, slots=True)
class OurPayment:
    """A top-up, as far as it is compared. `is_made_up`: its event was triggered here, so Stripe cannot know of it."""

    topup_id: int
    company_id: int
    company_slug: str
    status: TopupStatus
    amount_cents: int
    currency: str
    idempotency_key: str
    intent_id: str | None
    refunded_cents: int
    dispute_status: str | None
    is_made_up: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """`cents` is what it is about; `topup_id` and `company_slug` are null where nothing here belongs to it."""

    kind: DifferenceKind
    intent_id: str
    detail: str
    cents: int
    topup_id: int | None = None
    company_slug: str | None = None


def compare(
    theirs: Iterable[PaymentRecord], ours: Sequence[OurPayment], companies: Mapping[int, str]
) -> Iterator[Difference]:
    """What differs, in the order of `theirs`. `companies` are the slugs by id of those that can be credited."""
    by_intent = {mine.intent_id: mine for mine in ours if mine.intent_id is not None}
    by_id = {mine.topup_id: mine for mine in ours}
    for record in theirs:
        mine = by_intent.get(record.payment.intent_id) or _named(record, by_id)
        if mine is None:
            yield from _without_topup(record, companies)
        else:
            yield from _beside(record, mine)


def not_among(ours: Iterable[OurPayment], seen: Iterable[str]) -> list[OurPayment]:
    """Our credited payments that Stripe's list did not show, newest first: they must be asked for one by one."""
    known = set(seen)
    missing = [mine for mine in ours if mine.status is TopupStatus.SUCCEEDED and not mine.is_made_up]
    missing = [mine for mine in missing if mine.intent_id is not None and mine.intent_id not in known]
    return sorted(missing, key=lambda mine: -mine.topup_id)


def unknown_at_stripe(mine: OurPayment) -> Difference:
    assert mine.intent_id is not None
    return Difference(
        DifferenceKind.UNKNOWN_AT_STRIPE,
        mine.intent_id,
        f"top-up {mine.topup_id} was credited with {money(mine.amount_cents, mine.currency)}, "
        "but Stripe does not know the payment",
        mine.amount_cents,
        mine.topup_id,
        mine.company_slug,
    )


def _named(record: PaymentRecord, by_id: Mapping[int, OurPayment]) -> OurPayment | None:
    """The top-up that our own metadata names, unless the payment is known to be another's."""
    named = record.payment.metadata.get("topup_id", "")
    mine = by_id.get(int(named)) if named.isascii() and named.isdigit() and len(named) < 16 else None
    if mine is None or mine.intent_id is not None:
        return None
    return mine if record.payment.metadata.get("topup_key", mine.idempotency_key) == mine.idempotency_key else None


def _without_topup(record: PaymentRecord, companies: Mapping[int, str]) -> Iterator[Difference]:
    payment = record.payment
    if payment.status != "succeeded":
        return
    received = money(payment.received_cents, payment.currency)
    company = payment.metadata.get("company_id", "")
    slug = companies.get(int(company)) if company.isascii() and company.isdigit() and len(company) < 16 else None
    if slug is not None and payment.metadata.get("type") == BALANCE_TOPUP and "topup_id" not in payment.metadata:
        said = f"{received} were paid for the balance of {slug}, and are not on it"
        yield Difference(
            DifferenceKind.NOT_CREDITED, payment.intent_id, said, payment.received_cents, company_slug=slug
        )
    else:
        said = f"{received} were paid, and name no top-up of this installation"
        yield Difference(DifferenceKind.UNKNOWN_HERE, payment.intent_id, said, payment.received_cents)


def _beside(record: PaymentRecord, mine: OurPayment) -> Iterator[Difference]:
    payment = record.payment

    def differs(kind: DifferenceKind, detail: str, cents: int) -> Difference:
        return Difference(kind, payment.intent_id, detail, cents, mine.topup_id, mine.company_slug)

    is_credited = mine.status is TopupStatus.SUCCEEDED
    if payment.status != "succeeded":
        if is_credited and not mine.is_made_up:
            said = f"top-up {mine.topup_id} was credited, but at Stripe the payment is {payment.status}"
            yield differs(DifferenceKind.NOT_PAID_AT_STRIPE, said, mine.amount_cents)
        return
    if payment.received_cents != mine.amount_cents or payment.currency.upper() != mine.currency.upper():
        said = (
            f"Stripe has received {money(payment.received_cents, payment.currency)}, "
            f"top-up {mine.topup_id} is of {money(mine.amount_cents, mine.currency)} and is {mine.status}"
        )
        yield differs(DifferenceKind.AMOUNT_DIFFERS, said, payment.received_cents)
    elif not is_credited:
        said = (
            f"Stripe has received {money(payment.received_cents, payment.currency)}, top-up {mine.topup_id} is "
            f"{mine.status}"
        )
        yield differs(DifferenceKind.NOT_CREDITED, said, payment.received_cents)
    elif record.refunded_cents != mine.refunded_cents:
        said = (
            f"Stripe has sent {money(record.refunded_cents, payment.currency)} of top-up {mine.topup_id} back, "
            f"here it is {money(mine.refunded_cents, mine.currency)}"
        )
        yield differs(DifferenceKind.REFUND_DIFFERS, said, record.refunded_cents - mine.refunded_cents)
    if is_credited and record.disputed and mine.dispute_status is None:
        said = f"the payment of top-up {mine.topup_id} was disputed at the bank, and nothing here says so"
        yield differs(DifferenceKind.DISPUTE_UNKNOWN, said, mine.amount_cents)
