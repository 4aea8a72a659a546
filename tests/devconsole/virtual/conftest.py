"""One event loop for the virtual servers of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from devconsole.virtual.host import Host, hosting


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with hosting() as running:
        yield running
