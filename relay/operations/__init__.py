"""What the server can do: one file per noun, each function the only way in for every door."""

from relay.operations import (
    auto_topup,
    calls,
    companies,
    deliveries,
    events,
    failures,
    invoices,
    ledger,
    limits,
    notices,
    payments,
    replay,
    server,
    trace,
)
from relay.operations.registry import HANDLERS

__all__ = [
    "HANDLERS",
    "auto_topup",
    "calls",
    "companies",
    "deliveries",
    "events",
    "failures",
    "invoices",
    "ledger",
    "limits",
    "notices",
    "payments",
    "replay",
    "server",
    "trace",
]
