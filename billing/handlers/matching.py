"""Which top-up an event speaks of, and whether that can be true.

Our own metadata names the top-up; Stripe's ids name the payment. Both are asked, and a contradiction is not resolved
but quarantined: it would be somebody's money.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import exists, select
from sqlmodel import Session

from billing.changes import Kind, announce
from billing.dialect import insert_unless_present, table_of
from billing.handlers.objects import Metadata
from billing.handlers.outcome import Outcome, quarantined, unmatched
from billing.inbox_replay import payments_appeared
from billing.models import Company, RefundStatus, Topup, TopupOrigin, TopupStatus
from billing.topup_rows import PaymentIds, TopupRow, find, topup_row

BALANCE_TOPUP: Final = "balance_topup"
"""`metadata.type` of a payment that was not begun here (a payment link) but is meant to raise a balance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What an event says about whose payment it is."""

    ids: PaymentIds
    metadata: Metadata | None = None

    @property
    def topup_id(self) -> int | None:
        """The top-up that our metadata names."""
        return _positive((self.metadata or {}).get("topup_id"))

    @property
    def company_id(self) -> int | None:
        return _positive((self.metadata or {}).get("company_id"))

    @property
    def correlation_id(self) -> str | None:
        if self.ids.correlation_id is None and self.topup_id is not None:
            return f"topup:{self.topup_id}"
        return self.ids.correlation_id


def match(session: Session, claim: Claim) -> TopupRow | Outcome:
    """The one top-up that fits, or why there is none: unmatched, or quarantined when the facts contradict."""
    rows = find(session, topup_id=claim.topup_id, ids=claim.ids)
    if not rows:
        return unmatched(_why_unmatched(claim), correlation_id=claim.correlation_id)
    if len(rows) > 1:
        ids = " and ".join(str(id_) for id_ in sorted(row.id for row in rows))
        return _quarantined(f"it belongs to more than one top-up: {ids}", rows[0], claim)
    topup = rows[0]
    key = (claim.metadata or {}).get("topup_key")
    if key is not None and key != topup.idempotency_key:
        # Two databases can share one Stripe account; both have a top-up 1.
        reason = f"its metadata names top-up {topup.id} of another installation; tried again when it appears here"
        return unmatched(reason, correlation_id=claim.correlation_id)
    if claim.company_id is not None and claim.company_id != topup.company_id:
        return _quarantined(
            f"its metadata names company {claim.company_id}, but top-up {topup.id} is company {topup.company_id}'s",
            topup,
            claim,
        )
    for said, known in ((claim.ids.intent_id, topup.intent_id), (claim.ids.session_id, topup.session_id)):
        if said and known and said != known:
            return _quarantined(f"it is about {said}, but top-up {topup.id} is paid by {known}", topup, claim)
    return topup


def match_or_create(
    session: Session, claim: Claim, *, amount_cents: int | None, currency: str | None, now: datetime
) -> TopupRow | Outcome:
    """As `match`; a payment whose metadata says it raises a company's balance gets its top-up now, if it has none."""
    found = match(session, claim)
    if isinstance(found, TopupRow) or not _begun_elsewhere(claim) or amount_cents is None or currency is None:
        return found
    if not session.connection().execute(select(exists().where(_COMPANIES.c.id == claim.company_id))).scalar_one():
        return unmatched(
            f"its metadata names company {claim.company_id}, which does not exist", correlation_id=claim.correlation_id
        )
    if amount_cents <= 0 or currency.lower() != "eur":
        return quarantined("its amount or currency cannot raise a balance", correlation_id=claim.correlation_id)
    topup_id = _insert(session, claim, amount_cents=amount_cents, currency=currency.upper(), now=now)
    created = topup_row(session, topup_id)
    assert created is not None
    return created


def _begun_elsewhere(claim: Claim) -> bool:
    metadata = claim.metadata or {}
    return metadata.get("type") == BALANCE_TOPUP and claim.company_id is not None and not metadata.get("topup_id")


def _insert(session: Session, claim: Claim, *, amount_cents: int, currency: str, now: datetime) -> int:
    row: dict[str, Any] = {
        "company_id": claim.company_id,
        "amount": amount_cents,
        "currency": currency,
        "status": TopupStatus.PROCESSING,
        "origin": TopupOrigin.PUBLIC,
        "idempotency_key": f"stripe:{claim.correlation_id}",
        "stripe_payment_intent_id": claim.ids.intent_id,
        "stripe_checkout_session_id": claim.ids.session_id,
        "metadata": {"source": "payment_link"},
        "bonus_amount": 0,
        "refunded_amount": 0,
        "refund_status": RefundStatus.NONE,
        "refund_snapshots": [],
        "created_at": now,
        "updated_at": now,
    }
    inserted = insert_unless_present(_TOPUPS, "idempotency_key").returning(_TOPUPS.c.id)
    topup_id: int = session.connection().execute(inserted, row).scalar_one()
    announce(session, Kind.TOPUP, topup_id)
    keys = [key for key in (claim.ids.intent_id, claim.ids.session_id) if key]
    payments_appeared(session, keys, now=now)
    return topup_id


def _why_unmatched(claim: Claim) -> str:
    if claim.topup_id is not None:
        return f"its metadata names top-up {claim.topup_id}, which does not exist here"
    what = claim.correlation_id or "a payment without an id"
    return f"no top-up of ours belongs to {what}; it is tried again when one appears"


def _quarantined(reason: str, topup: TopupRow, claim: Claim) -> Outcome:
    return quarantined(f"{reason}; money untouched", topup, correlation_id=claim.correlation_id)


def _positive(value: object) -> int | None:
    """An id from metadata, where everything is text; other people's ids (`ord_7`, a UUID) are not ours."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 and int(text) > 0 else None


_TOPUPS = table_of(Topup)
_COMPANIES = table_of(Company)
