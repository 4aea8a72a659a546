"""The inbox: the one door through which events reach billing. Store, process, send again, release what was held."""

from __future__ import annotations

from billing.handlers.rule import RETRY_DELAYS
from billing.inbox_head import EventHead, NotAnEvent, read_head
from billing.inbox_process import Processed, process
from billing.inbox_replay import release_held, requeue
from billing.inbox_store import Arrival, Stored, store

__all__ = [
    "RETRY_DELAYS",
    "Arrival",
    "EventHead",
    "NotAnEvent",
    "Processed",
    "Stored",
    "process",
    "read_head",
    "release_held",
    "requeue",
    "store",
]
