"""The proof of the ledger as a state: what breaks it is shown at once, also when it went round us."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from relay.api import ShowStatus
from tests.support.relay import RunningRelay, running_relay

AT_ONCE_S = 3.0


async def shown(relay: RunningRelay, ok: bool) -> float:
    """How long it takes until the ledger is shown so."""
    start = time.monotonic()
    async with asyncio.timeout(30):
        while (await relay.client.call(ShowStatus())).ledger_ok is not ok:
            await asyncio.sleep(0.02)
    return time.monotonic() - start


def meddle(database: Path, sql: str) -> None:
    """What somebody does with SQLite in a process of their own."""
    code = f"import sqlite3; c = sqlite3.connect({str(database)!r}); c.execute({sql!r}); c.commit()"
    subprocess.run([sys.executable, "-c", code], check=True)


async def test_a_balance_that_somebody_else_changes_is_shown_broken_and_then_whole_again(
    empty_database: Path, tmp_path: Path
) -> None:
    async with running_relay(empty_database, tmp_path / "home") as relay:
        await relay.company(balance_cents=5_000)
        await shown(relay, ok=True)
        database = relay.backend.db.path
        await asyncio.to_thread(meddle, database, "UPDATE prepaid_balances SET balance = balance + 1")
        assert await shown(relay, ok=False) < AT_ONCE_S
        await asyncio.to_thread(meddle, database, "UPDATE prepaid_balances SET balance = balance - 1")
        assert await shown(relay, ok=True) < AT_ONCE_S
