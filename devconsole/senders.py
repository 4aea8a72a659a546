"""Who delivers events to the relay: sandbox, Stripe, the official listener; and the secrets that they sign with."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devconsole.endpoint import ensure_endpoint
from devconsole.listen import ListenState, StripeListen
from devconsole.settings import Settings
from fixtures.sandbox.faults import HEADER, SPARED
from fixtures.sandbox.server import Sandbox
from relay.backend import Backend
from relay.backfill import EventsWatch
from relay.backfill.events_api import StripeEvents
from relay.home import Home
from relay.secrets import ENDPOINT, SANDBOX, STRIPE_CLI

DEAF = (
    "no STRIPE_WEBHOOK_SECRET is set, so no event of Stripe's can be verified; set it, or start with --listen or --poll"
)
MUTE = "no STRIPE_SECRET is set, so Stripe refuses every call"
WAITING = "waits for events signed with STRIPE_WEBHOOK_SECRET"


async def know_senders(settings: Settings, home: Home, backend: Backend, sandbox: Sandbox | None) -> None:
    """Learn the signing secrets of whoever delivers events, and say who is expected to."""
    ring, upstreams = backend.secrets, backend.upstreams
    know_keys(settings, backend)
    if settings.webhook_secret is not None:
        know_secret(home, backend, ENDPOINT, settings.webhook_secret)
    if sandbox is not None:
        secret = await ensure_endpoint(
            home, api_key=settings.api_key, api_base=sandbox.url, webhook_url=backend.webhook_url
        )
        ring.put(SANDBOX, secret)
        ring.put(STRIPE_CLI, sandbox.cli_secret)
        upstreams.report(SANDBOX, state="connected", detail="delivers each event to the webhook")
    elif settings.webhook_secret is not None or not (settings.devconsole_listen or settings.devconsole_poll):
        heard = settings.webhook_secret is not None
        details = ([] if settings.can_call_stripe else [MUTE]) + [WAITING if heard else DEAF]
        upstreams.report(ENDPOINT, state="silent" if heard else "off", detail="; ".join(details))


def know_keys(settings: Settings, backend: Backend) -> None:
    """Recognise the API keys where somebody signs with one of them."""
    for name, key in (("STRIPE_SECRET", settings.stripe_secret), ("STRIPE_KEY", settings.stripe_key)):
        if key is not None:
            backend.secrets.put_key(name, key.get_secret_value())


def know_secret(home: Home, backend: Backend, label: str, value: str) -> None:
    """Accept this secret, and remember the one before it, also from an earlier run, to tell whoever still uses it."""
    known = home.read_secrets()
    earlier, before = known.get(f"{label}_before"), known.get(label)
    if before is not None and before != value:
        home.keep_secret(f"{label}_before", before)
        earlier = before
    if before != value:
        home.keep_secret(label, value)
    if earlier is not None and earlier != value:
        backend.secrets.retire(label, earlier)
    backend.secrets.put(label, value)


def account_of(settings: Settings, stripe_api: str) -> str:
    """A name for whoever's events we get, the same after every start; it does not show the key."""
    if settings.uses_sandbox:
        return SANDBOX
    return f"{stripe_api} {hashlib.sha256(settings.api_key.encode()).hexdigest()[:12]}"


def events_watch(settings: Settings, backend: Backend) -> EventsWatch | None:
    """The heartbeat of whatever delivers; None where it is unwanted, or no key opens Stripe."""
    if not settings.can_call_stripe or not (settings.devconsole_poll or settings.devconsole_backfill):
        return None
    # Our own sandbox is asked without being disturbed: rules for failures, and the log, are for what people do.
    headers = {HEADER: SPARED} if settings.uses_sandbox else {}
    api = StripeEvents(settings.api_key, backend.stripe_api, headers=headers)
    return EventsWatch(backend, api, polls=settings.devconsole_poll)


@asynccontextmanager
async def listening(
    settings: Settings, home: Home, backend: Backend, tool: Path, watch: EventsWatch | None
) -> AsyncIterator[None]:
    """Run the official listener for the length of the block."""
    listener = _listener(settings, home, backend, tool)
    if watch is not None:
        watch.on_missed(listener.doubt)
    listener.start()
    try:
        yield
    finally:
        await listener.stop()


def _listener(settings: Settings, home: Home, backend: Backend, tool: Path) -> StripeListen:
    def changed(state: ListenState) -> None:
        backend.upstreams.report(STRIPE_CLI, state=state.state, detail=state.detail)

    return StripeListen(
        binary=tool,
        api_key=settings.api_key,
        forward_to=backend.webhook_url,
        stripe_api=backend.stripe_api,
        on_secret=lambda secret: know_secret(home, backend, STRIPE_CLI, secret),
        on_change=changed,
    )
