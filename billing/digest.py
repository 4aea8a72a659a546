"""One number for all that happened: two databases with the same digest hold the same events, rows and states.

What depends on the machine (latencies, ports, secrets) is left out; times and ids are in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import Select, select
from sqlmodel import Session

from billing.dialect import table_of
from billing.models import (
    AutoTopupDecision,
    CallCharge,
    Company,
    LedgerEntry,
    Notice,
    Topup,
    WebhookEvent,
)

ROWS_AT_ONCE: Final = 1_000

_COMPANIES: Final = table_of(Company)
_LEDGER: Final = table_of(LedgerEntry)
_EVENTS: Final = table_of(WebhookEvent)
_TOPUPS: Final = table_of(Topup)
_CALLS: Final = table_of(CallCharge)
_DECISIONS: Final = table_of(AutoTopupDecision)
_NOTICES: Final = table_of(Notice)


@dataclass(frozen=True, slots=True)
class Digest:
    """SHA-256 in hexadecimal, each over its rows in the order in which they were written."""

    ledger: str
    events: str
    """Their bytes as they arrived, and what became of them."""
    everything: str
    """Both, and companies, top-ups, charges, decisions and notices."""


def digest(session: Session) -> Digest:
    """Read every row once."""
    ledger, events = _of(session, (_LEDGER_ROWS,)), _of(session, (_EVENT_ROWS,))
    rest = _of(session, _OTHERS)
    return Digest(ledger, events, hashlib.sha256(f"{ledger} {events} {rest}".encode()).hexdigest())


def _of(session: Session, statements: Iterable[Select[Any]]) -> str:
    found = hashlib.sha256()
    for statement in statements:
        rows = session.connection().execution_options(yield_per=ROWS_AT_ONCE).execute(statement)
        for row in rows:
            found.update(msgspec.json.encode(list(row)))
            found.update(b"\n")
    return found.hexdigest()


_LEDGER_ROWS: Final = select(
    _LEDGER.c.id,
    _LEDGER.c.company_id,
    _LEDGER.c.type,
    _LEDGER.c.amount,
    _LEDGER.c.bonus_amount,
    _LEDGER.c.reserved_amount,
    _LEDGER.c.balance_after,
    _LEDGER.c.bonus_after,
    _LEDGER.c.reserved_after,
    _LEDGER.c.posting_key,
    _LEDGER.c.webhook_event_id,
    _LEDGER.c.created_at,
).order_by(_LEDGER.c.id)
_EVENT_ROWS: Final = select(
    _EVENTS.c.id,
    _EVENTS.c.event_id,
    _EVENTS.c.payload,
    _EVENTS.c.status,
    _EVENTS.c.reason,
    _EVENTS.c.received_at,
    _EVENTS.c.processed_at,
).order_by(_EVENTS.c.id)
_OTHERS: Final = (
    select(_COMPANIES.c.id, _COMPANIES.c.slug, _COMPANIES.c.stripe_customer_id).order_by(_COMPANIES.c.id),
    select(
        _TOPUPS.c.id, _TOPUPS.c.status, _TOPUPS.c.amount, _TOPUPS.c.stripe_payment_intent_id, _TOPUPS.c.created_at
    ).order_by(_TOPUPS.c.id),
    select(_CALLS.c.id, _CALLS.c.status, _CALLS.c.amount_charged).order_by(_CALLS.c.id),
    select(_DECISIONS.c.id, _DECISIONS.c.company_id, _DECISIONS.c.reason, _DECISIONS.c.decided_at).order_by(
        _DECISIONS.c.id
    ),
    select(_NOTICES.c.id, _NOTICES.c.cause, _NOTICES.c.channel, _NOTICES.c.created_at).order_by(_NOTICES.c.id),
)
