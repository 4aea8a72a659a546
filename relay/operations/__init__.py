"""What the server can do: one file per noun, each function the only way in for every door."""

from relay.operations import (
    audit,
    auto_topup,
    calls,
    companies,
    corrections,
    deliveries,
    events,
    failures,
    invoices,
    ledger,
    limits,
    notices,
    payments,
    performed,
    replay,
    server,
    trace,
)
from relay.operations.registry import HANDLERS

__all__ = [
    "HANDLERS",
    "audit",
    "auto_topup",
    "calls",
    "companies",
    "corrections",
    "deliveries",
    "events",
    "failures",
    "invoices",
    "ledger",
    "limits",
    "notices",
    "payments",
    "performed",
    "replay",
    "server",
    "trace",
]
