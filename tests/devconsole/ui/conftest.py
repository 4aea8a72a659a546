"""The console's tests read clock times, so the machine's time zone must not matter; pictures are taken at rest."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support.playing import at_rest

Before = Callable[[Pilot[Any]], Awaitable[None]]


@pytest.fixture
def snap_compare(snap_compare: Callable[..., bool]) -> Callable[..., bool]:
    """The comparison of pictures, which waits until nothing moves any more."""

    def compare(app: Any, *, run_before: Before, **options: Any) -> bool:
        async def before(pilot: Pilot[Any]) -> None:
            await run_before(pilot)
            await at_rest(pilot)

        return snap_compare(app, run_before=before, **options)

    return compare


@pytest.fixture(autouse=True, scope="session")
def utc() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()
