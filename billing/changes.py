"""What a transaction announces: which rows of which kind it touched. Listeners hear of it after the commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeAlias

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
    INVOICE = "invoice"
    NOTICE = "notice"
    AUDIT = "audit"


class Change(NamedTuple):
    """One touched row: `id` is its primary key (for a balance: the company's id)."""

    kind: Kind
    id: int


Changes: TypeAlias = Mapping[Kind, Sequence[int]]
"""What one commit touched: the ids of the rows by kind. A kind that was not touched is not in it."""


def by_kind(changes: Iterable[Change]) -> Changes:
    """Sorted once for all listeners: most of them ask for one kind, and a flood of deliveries has none of it."""
    found: dict[Kind, list[int]] = {}
    for change in changes:
        found.setdefault(change[0], []).append(change[1])
    return found


def announce(session: Session, kind: Kind, row_id: int) -> None:
    """Note a change; it is published when, and only if, the surrounding transaction commits."""
    session.info.setdefault("changes", []).append(Change(kind, row_id))


def announce_all(session: Session, kind: Kind, row_ids: Iterable[int]) -> None:
    """Note that each of these rows was touched."""
    session.info.setdefault("changes", []).extend(Change(kind, row_id) for row_id in row_ids)
