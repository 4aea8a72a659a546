"""Checks from the inside. Nothing is changed, sent or charged by any of them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import aiohttp
from sqlalchemy import text

from billing.errors import BillingError
from billing.schema import HEAD
from billing.signature import TOLERANCE_S, sign, verify
from relay.api import Finding, ForwardTargetView
from relay.views import forwards

if TYPE_CHECKING:
    from relay.backend import Backend

CHECK_TIMEOUT_S = 15.0
DISK_FREE_MIN_BYTES = 200 << 20
CLOCK_SKEW_MAX_S = 60
PROBE_METHOD = "pm_card_visa"
"""A payment method that real test mode and the sandbox both know: asking for it proves address and key."""


async def examine(backend: Backend) -> list[Finding]:
    """All checks at once, in a fixed order. A check that crashes or hangs is a finding too."""
    return list(await asyncio.gather(*(_guarded(backend, name, check) for name, check in CHECKS.items())))


async def _guarded(backend: Backend, name: str, check: Callable[[Backend], Awaitable[Finding]]) -> Finding:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await check(backend)
    except TimeoutError:
        return Finding(check=name, ok=False, detail=f"no answer within {CHECK_TIMEOUT_S:.0f} s", remedy="Try again.")
    except Exception as error:
        return Finding(check=name, ok=False, detail=f"{type(error).__name__}: {error}", remedy="See the server's log.")


async def _database(backend: Backend) -> Finding:
    async with backend.db.read() as session:
        connection = await session.connection()
        answer = (await connection.execute(text("PRAGMA quick_check(3)"))).scalars().all()
    if list(answer) == ["ok"]:
        return Finding(check="database", ok=True, detail=f"{backend.db.path} is sound")
    return Finding(
        check="database",
        ok=False,
        detail="; ".join(answer),
        remedy="Stop the server and restore a backup: the files named *.backup-* next to it.",
    )


async def _schema(backend: Backend) -> Finding:
    async with backend.db.read() as session:
        connection = await session.connection()
        revision = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    return Finding(
        check="schema",
        ok=revision == HEAD,
        detail=f"revision {revision}; this version needs {HEAD}",
        remedy=None if revision == HEAD else "Restart the server: it migrates the file after a backup.",
    )


async def _ledger(backend: Backend) -> Finding:
    ok = backend.ledger_watch.ok
    detail = {None: "not proved yet", True: "every balance is the sum of its rows", False: "a rule is broken"}[ok]
    return Finding(
        check="ledger", ok=ok is not False, detail=detail, remedy="Run the ledger check." if ok is False else None
    )


async def _disk(backend: Backend) -> Finding:
    free = shutil.disk_usage(backend.home).free
    return Finding(
        check="disk",
        ok=free >= DISK_FREE_MIN_BYTES,
        detail=f"{free >> 20:,} MiB free at {backend.home}",
        remedy=None if free >= DISK_FREE_MIN_BYTES else "Free some space: without it nothing can be acknowledged.",
    )


async def _webhook(backend: Backend) -> Finding:
    async with aiohttp.ClientSession() as session, session.get(backend.webhook_url) as response:
        answer = await response.text()
    ok = response.status == 405 and '"received"' in answer
    return Finding(
        check="webhook",
        ok=ok,
        detail=f"{backend.webhook_url} answers" if ok else f"{backend.webhook_url} answered {response.status}",
        remedy=None if ok else "Another program answers there: choose another port with --port.",
    )


async def _signature(backend: Backend) -> Finding:
    now = backend.clock.now()
    body = b'{"id":"evt_doctor","object":"event"}'
    header = sign(body, backend.secrets.local, int(now.timestamp()))
    verdict = verify(body=body, header=header, secrets=backend.secrets.all, now=now)
    labels = ", ".join(secret.label for secret in backend.secrets.all)
    return Finding(check="signature", ok=verdict.ok, detail=f"{verdict.reason}; known secrets: {labels}")


async def _stripe(backend: Backend) -> Finding:
    try:
        await backend.gateway.method(PROBE_METHOD)
    except BillingError as error:
        return Finding(
            check="stripe",
            ok=False,
            detail=f"{backend.stripe_api}: {error.message}",
            remedy="Check the network, the key (STRIPE_SECRET) and --stripe-api.",
        )
    return Finding(check="stripe", ok=True, detail=f"{backend.stripe_api} answers and accepts the key")


async def _events(backend: Backend) -> Finding:
    """Whether events that fail to arrive would be noticed, and how whoever delivers them is."""
    views = {view.name: view for view in backend.upstreams.views()}
    watch = views.get("events_api")
    if watch is None:
        return Finding(check="events", ok=True, detail="nobody looks for events that fail to arrive")
    ok = watch.state in ("connected", "starting", "off")
    remedy = None if ok else "See `devconsole deliveries list --verdict rejected`, the key, and the network."
    return Finding(check="events", ok=ok, detail=f"{watch.state}: {watch.detail}", remedy=remedy)


async def _forwards(backend: Backend) -> Finding:
    async with backend.db.read() as session:
        targets = await forwards.targets(session)
    troubled = [f"{target.name} is {target.health}: {target.health_reason}" for target in targets if _ails(target)]
    return Finding(
        check="forwards",
        ok=not troubled,
        detail="; ".join(troubled) or f"{len(targets)} targets, none in trouble" if targets else "no targets",
        remedy="See `devconsole forwards show NAME`; what waits is not lost." if troubled else None,
    )


def _ails(target: ForwardTargetView) -> bool:
    return target.health in ("failing", "disabled")


async def _test_mode(backend: Backend) -> Finding:
    mode = backend.test_mode
    return Finding(
        check="test mode",
        ok=mode.is_on,
        detail=mode.reason,
        remedy=None if mode.is_on else "Switch test mode on; held events are processed then.",
    )


async def _clock(backend: Backend) -> Finding:
    async with aiohttp.ClientSession() as session, session.get(backend.stripe_api) as response:
        stated = response.headers.get("Date")
    if stated is None:
        return Finding(check="clock", ok=True, detail="not compared: Stripe stated no time")
    theirs: datetime = parsedate_to_datetime(stated)
    skew_s = round((backend.clock.now() - theirs).total_seconds())
    ok = abs(skew_s) <= CLOCK_SKEW_MAX_S
    return Finding(
        check="clock",
        ok=ok,
        # The header is cut to whole seconds.
        detail=f"agrees with {backend.stripe_api}"
        if abs(skew_s) <= 1
        else f"{abs(skew_s)} s {'ahead of' if skew_s > 0 else 'behind'} {backend.stripe_api}",
        remedy=None if ok else f"Set this machine's clock: signatures older than {TOLERANCE_S} s are refused.",
    )


CHECKS: dict[str, Callable[[Backend], Awaitable[Finding]]] = {
    "database": _database,
    "schema": _schema,
    "ledger": _ledger,
    "disk": _disk,
    "webhook": _webhook,
    "signature": _signature,
    "stripe": _stripe,
    "events": _events,
    "forwards": _forwards,
    "test mode": _test_mode,
    "clock": _clock,
}
