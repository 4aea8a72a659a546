"""Servers inside this process for tests, on virtual time or the machine's: one event loop for all of them.

Whatever a process of its own would add is left out: a second of imports for each.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from devconsole.settings import read_settings
from devconsole.virtual.host import Host, VirtualServer, begin
from devconsole.virtual.world import World
from relay.api import CreateCompany, ListBalances, ListEvents, ListLedger
from relay.home import Home
from relay.sync_client import SyncControlClient


@contextlib.contextmanager
def virtual_server(host: Host, home: Path, *, seed: int = 1) -> Iterator[VirtualServer]:
    """A server with one company, acme, that has ten euros."""
    server = VirtualServer(host, Home(home), World(seed=seed, by_itself=False, shown_addresses=True))
    try:
        server.call(CreateCompany(company_name="Acme", slug="acme", opening_balance_cents=1_000))
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def local_server(
    host: Host, home: Path, *, env: Mapping[str, Any] | None = None, **options: Any
) -> Iterator[SyncControlClient]:
    """A server on the machine's clock with the sample companies; the command line finds it by its home.

    `env` are settings by their names, `options` those of `devconsole server`.
    """
    there = Home(home)
    there.create()
    settings = read_settings({"port": 0, "sandbox_port": 0, **options}, isolated=True, given=env)
    running, end = host.run(begin(settings, there))
    try:
        yield SyncControlClient(running.record.relay_url, running.backend.token)
    finally:
        host.run(end())


def balance_of(server: VirtualServer) -> int:
    return int(server.call(ListBalances()).rows[0].balance_cents)


def ledger_of(server: VirtualServer) -> list[tuple[str, int]]:
    """Oldest first."""
    return [(row.type, row.money_cents) for row in reversed(server.call(ListLedger()).rows)]


def types_of(server: VirtualServer) -> list[str]:
    """Event types in the order of arrival."""
    return [row.type for row in reversed(server.call(ListEvents(limit=1000)).rows)]
