"""Test mode seen and switched without a server: the lock file, the key in the settings, what waits in the database."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from billing.clock import SystemClock
from billing.db import Database
from billing.models import EventStatus
from devconsole import __version__
from devconsole.output import Failure
from devconsole.settings import read_settings
from relay.api import TestModeView
from relay.home import Home
from relay.test_mode import TestMode
from relay.views.events import EVENTS
from relay.views.query import fetch


def by_file(home: Home, *, on: bool | None = None) -> TestModeView:
    """The mode that a server would find; `on` creates or removes the lock file first."""
    mode = TestMode(home.test_mode_lock, clock=SystemClock(), tool_version=__version__, key_problem=_key_problem())
    if on is not None:
        home.create()
        mode.switch(on=on)
    return TestModeView(on=mode.is_on, lock_file=str(mode.lock_file), reason=mode.reason, held_events=_held(home))


def _key_problem() -> str | None:
    """Why the settings keep test mode off, whatever the lock file says. A live key is such a reason."""
    try:
        return read_settings().test_mode_problem
    except Failure as failure:
        return failure.message


def _held(home: Home) -> int:
    """Events that wait for test mode; a file that cannot be read holds none that could be processed."""
    if not home.billing_db.exists():
        return 0
    try:
        return asyncio.run(_count_held(home.billing_db))
    except SQLAlchemyError:
        return 0


async def _count_held(path: Path) -> int:
    db = Database(path)
    try:
        async with db.read() as session:
            rows = await fetch(session, select(func.count().label("held")).where(EVENTS.c.status == EventStatus.HELD))
    finally:
        await db.close()
    return int(rows[0]["held"])
