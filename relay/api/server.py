"""The server itself: its state, its health, test mode."""

from __future__ import annotations

from datetime import datetime

from relay.api.operation import Operation, Page, Role, View


class TestModeView(View, frozen=True, kw_only=True):
    on: bool
    lock_file: str
    reason: str
    """Why it is on or off, in a sentence."""
    held_events: int


class UpstreamView(View, frozen=True, kw_only=True):
    """Something that delivers events to us."""

    name: str
    """sandbox, stripe_cli, endpoint, events_api"""
    state: str
    """connected, starting, silent, down, off"""
    detail: str
    last_event_at: datetime | None


class StatusView(View, frozen=True, kw_only=True):
    version: str
    pid: int
    home: str
    relay_url: str
    webhook_url: str
    sandbox_url: str | None
    stripe_api: str
    mode: str
    """sandbox or stripe_test"""
    test_mode: TestModeView
    started_at: datetime
    queue_depth: int
    """Events acknowledged and not yet processed, plus deliveries not yet on disk."""
    events_total: int
    events_by_status: dict[str, int]
    failures: int
    ledger_ok: bool | None
    """Of the last check; null before the first."""
    topup_min_cents: int
    topup_max_cents: int
    """What a top-up may be, both ends included."""
    upstreams: tuple[UpstreamView, ...]
    feed_epoch: str
    feed_seq: int


class ShowStatus(Operation[StatusView], frozen=True, kw_only=True):
    """Show the state of the server."""

    name = "server.status"
    role = Role.SUPPORT


class Finding(View, frozen=True, kw_only=True):
    check: str
    ok: bool
    detail: str
    remedy: str | None = None


class RunDoctor(Operation[Page[Finding]], frozen=True, kw_only=True):
    """Check database, webhook, Stripe and test mode from the inside."""

    name = "server.doctor"
    role = Role.SUPPORT


class ReloadView(View, frozen=True, kw_only=True):
    modules: tuple[str, ...]
    """What was loaded anew."""


class ReloadCode(Operation[ReloadView], frozen=True, kw_only=True):
    """Use the handlers and rules of billing as they are on disk now; code that does not load leaves the old one."""

    name = "server.reload"


class ShowTestMode(Operation[TestModeView], frozen=True, kw_only=True):
    """Show whether test mode is on, and why."""

    name = "test_mode.status"
    role = Role.SUPPORT


class SwitchTestMode(Operation[TestModeView], frozen=True, kw_only=True):
    """Create or remove the lock file; held events are processed when it returns."""

    name = "test_mode.switch"
    on: bool
