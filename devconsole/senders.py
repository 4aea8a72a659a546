"""Who delivers events to the relay: sandbox, Stripe, the official listener; and the secrets that they sign with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devconsole.endpoint import ensure_endpoint
from devconsole.listen import ListenState, StripeListen
from devconsole.settings import Settings
from fixtures.sandbox.server import Sandbox
from relay.backend import Backend
from relay.home import Home
from relay.secrets import ENDPOINT, SANDBOX, STRIPE_CLI

DEAF = "no STRIPE_WEBHOOK_SECRET is set, so no event of Stripe's can be verified; set it, or start with --listen"
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
    elif settings.webhook_secret is not None or not settings.devconsole_listen:
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


@asynccontextmanager
async def listening(settings: Settings, home: Home, backend: Backend, tool: Path) -> AsyncIterator[None]:
    """Run the official listener for the length of the block."""
    listener = _listener(settings, home, backend, tool)
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
