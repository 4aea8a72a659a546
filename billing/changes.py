"""What a transaction announces: which rows of which kind it touched. Listeners hear of it after the commit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session


class Kind(StrEnum):
    """What a change is about; one live-feed kind each."""

    COMPANY = "company"
    BALANCE = "balance"
    LEDGER = "ledger"
    TOPUP = "topup"
    CALL = "call"
    DECISION = "decision"
    EVENT = "event"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class Change:
    """One touched row: `id` is its primary key (for a balance: the company's id)."""

    kind: Kind
    id: int
    company_id: int | None = None


def announce(session: Session, kind: Kind, row_id: int, company_id: int | None = None) -> None:
    """Note a change; it is published when, and only if, the surrounding transaction commits."""
    session.info.setdefault("changes", []).append(Change(kind, row_id, company_id))
