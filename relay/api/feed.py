"""The live feed: one ordered stream of changes with sequence numbers, sent as one JSON document a line."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from relay.api.operation import View


class FeedKind(StrEnum):
    HELLO = "hello"
    """First line of every stream. `resumed` false = changes were missed: load everything anew."""
    BEAT = "beat"
    """Nothing happened for a while; the connection is alive."""
    EVENT = "event"
    DELIVERY = "delivery"
    LEDGER = "ledger"
    BALANCE = "balance"
    TOPUP = "topup"
    CALL = "call"
    DECISION = "decision"
    COMPANY = "company"
    INVOICE = "invoice"
    NOTICE = "notice"
    AUDIT = "audit"
    OPERATION = "operation"
    """Somebody changed something, or was refused."""
    STATUS = "status"


class FeedItem(View, frozen=True, kw_only=True):
    """One change. `row` is the view of its kind (EventView for event, …, StatusView for status), as it is now."""

    kind: FeedKind
    seq: int
    epoch: str
    """Changes when the server starts anew; numbers of another epoch mean nothing."""
    at: datetime
    resumed: bool | None = None
    row: msgspec.Raw = msgspec.Raw(b"null")
