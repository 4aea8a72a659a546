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
from billing.records import DisputeRecord, PaymentRecord
from billing.rules.refunded import disputed_cents

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
    DISPUTE_DIFFERS = "dispute_differs"
    """Its amount, its state or what it has taken is not what Stripe says."""
    DISPUTE_UNKNOWN_AT_STRIPE = "dispute_unknown_at_stripe"
    """Money was taken for a dispute that Stripe has never heard of."""

    @property
    def mends(self) -> bool:
        """Whether reading it from Stripe again, and booking what it says, mends it."""
        return self in _MENDED

    @property
    def breaks(self) -> bool:
        """Whether our books are wrong by it."""
        return self is not DifferenceKind.UNKNOWN_HERE


_MENDED: Final = (
    DifferenceKind.NOT_CREDITED,
    DifferenceKind.REFUND_DIFFERS,
    DifferenceKind.DISPUTE_UNKNOWN,
    DifferenceKind.DISPUTE_DIFFERS,
)


@dataclass(frozen=True, slots=True)
class OurDispute:
    """A dispute as it is noted here. `booked_cents` is what the ledger has taken for it until now."""

    dispute_id: str
    status: str
    amount_cents: int
    booked_cents: int


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
    is_made_up: bool
    disputes: tuple[OurDispute, ...] = ()


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


def compare_disputes(theirs: Iterable[DisputeRecord], ours: Sequence[OurPayment]) -> Iterator[Difference]:
    """What differs in the disputes of credited payments, in the order of `theirs`."""
    by_intent = {mine.intent_id: mine for mine in ours if mine.intent_id is not None}
    for record in theirs:
        mine = by_intent.get(record.intent_id or "")
        if mine is None or mine.intent_id is None or mine.status is not TopupStatus.SUCCEEDED:
            continue
        noted = next((each for each in mine.disputes if each.dispute_id == record.dispute_id), None)
        said = _dispute_differs(record, noted, mine)
        if said is not None:
            kind = DifferenceKind.DISPUTE_UNKNOWN if noted is None else DifferenceKind.DISPUTE_DIFFERS
            yield Difference(kind, mine.intent_id, said, record.amount_cents, mine.topup_id, mine.company_slug)


def disputes_not_among(ours: Iterable[OurPayment], seen: Iterable[str]) -> list[tuple[OurPayment, OurDispute]]:
    """The disputes noted here that Stripe's list did not show: they must be asked for one by one."""
    known = set(seen)
    return [
        (mine, dispute)
        for mine in ours
        if not mine.is_made_up
        for dispute in mine.disputes
        if dispute.dispute_id not in known
    ]


def dispute_unknown_at_stripe(mine: OurPayment, dispute: OurDispute) -> Difference:
    assert mine.intent_id is not None
    said = (
        f"{money(dispute.booked_cents, mine.currency)} of top-up {mine.topup_id} were taken for the dispute "
        f"{dispute.dispute_id}, but Stripe does not know it"
    )
    kind = DifferenceKind.DISPUTE_UNKNOWN_AT_STRIPE
    return Difference(kind, mine.intent_id, said, dispute.booked_cents, mine.topup_id, mine.company_slug)


def _dispute_differs(record: DisputeRecord, noted: OurDispute | None, mine: OurPayment) -> str | None:
    taken_cents = disputed_cents(
        record.amount_cents, record.status, withdrawn=record.withdrawn, reinstated=record.reinstated
    )
    theirs = _dispute_in_words(record.status, record.amount_cents, taken_cents, record.currency)
    if noted is None:
        return f"the payment of top-up {mine.topup_id} was disputed at the bank ({theirs}), and nothing here says so"
    ours = _dispute_in_words(noted.status, noted.amount_cents, noted.booked_cents, mine.currency)
    if ours == theirs:
        return None
    return f"at Stripe the dispute {record.dispute_id} of top-up {mine.topup_id} is {theirs}; here it is {ours}"


def _dispute_in_words(status: str, amount_cents: int, taken_cents: int, currency: str) -> str:
    return f"{status} over {money(amount_cents, currency)}, {money(taken_cents, currency)} taken"


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
