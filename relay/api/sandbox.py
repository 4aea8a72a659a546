"""The sandbox that this server runs: what it holds, its clock, its state as a file, the secret it signs with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from relay.api.operation import Operation, Role, View

AHEAD_MAX_S = 400 * 86_400.0
OVERLAP_MAX_S = 7 * 86_400
OVERLAP_S = 86_400

FilePath = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
"""Absolute: the server has a directory of its own."""


class SandboxView(View, frozen=True, kw_only=True):
    url: str
    account: str
    now: datetime
    """Its own time, which may have been set ahead."""
    ahead_seconds: float
    """Of the clock of the server."""
    objects: int
    """Customers, payments, sessions, …; without events."""
    events: int
    undelivered: int
    """Deliveries to webhook endpoints that are still owed."""
    retry_delays_s: tuple[float, ...]
    """After each failed delivery, when the next try follows; none left: it is given up."""
    dispute_fee_cents: int
    """What a chargeback costs."""
    next_due_at: datetime | None
    """When something happens by itself: a session expires, a debit settles, a delivery is tried again."""


class SandboxFileView(View, frozen=True, kw_only=True):
    path: str
    bytes: int


class RolledSecretView(View, frozen=True, kw_only=True):
    endpoint: str
    old_until: datetime
    """Until then the old secret signs beside the new one."""


class ShowSandbox(Operation[SandboxView], frozen=True, kw_only=True):
    """Show what the sandbox holds, what it still owes, and its time."""

    name = "sandbox.show"
    role = Role.SUPPORT


class AdvanceSandbox(Operation[SandboxView], frozen=True, kw_only=True):
    """Set the clock of the sandbox ahead: sessions expire, debits settle, deliveries are tried again."""

    name = "sandbox.advance"
    seconds: Annotated[float, msgspec.Meta(ge=0, le=AHEAD_MAX_S)]


class SnapshotSandbox(Operation[SandboxFileView], frozen=True, kw_only=True):
    """Write the whole state of the sandbox into one file."""

    name = "sandbox.snapshot"
    path: FilePath


class RestoreSandbox(Operation[SandboxView], frozen=True, kw_only=True):
    """Put the state of a snapshot in place of what the sandbox holds; what is booked here stays."""

    name = "sandbox.restore"
    path: FilePath


class ResetSandbox(Operation[SandboxView], frozen=True, kw_only=True):
    """Let the sandbox forget everything but its account; what is booked here stays."""

    name = "sandbox.reset"


class RollSandboxSecret(Operation[RolledSecretView], frozen=True, kw_only=True):
    """Give our webhook endpoint at the sandbox a new signing secret; the old one signs beside it for a while."""

    name = "sandbox.roll-secret"
    overlap_seconds: Annotated[int, msgspec.Meta(ge=0, le=OVERLAP_MAX_S)] = OVERLAP_S
