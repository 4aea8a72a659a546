"""Servers on virtual time for tests: one event loop for all of them, a fresh home each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from devconsole.virtual.host import Host, VirtualServer
from devconsole.virtual.world import World
from relay.api import CreateCompany, ListBalances, ListEvents, ListLedger
from relay.home import Home


@contextlib.contextmanager
def virtual_server(host: Host, home: Path, *, seed: int = 1) -> Iterator[VirtualServer]:
    """A server with one company, acme, that has ten euros."""
    server = VirtualServer(host, Home(home), World(seed=seed, by_itself=False, shown_addresses=True))
    try:
        server.call(CreateCompany(company_name="Acme", slug="acme", opening_balance_cents=1_000))
        yield server
    finally:
        server.close()


def balance_of(server: VirtualServer) -> int:
    return int(server.call(ListBalances()).rows[0].balance_cents)


def ledger_of(server: VirtualServer) -> list[tuple[str, int]]:
    """Oldest first."""
    return [(row.type, row.money_cents) for row in reversed(server.call(ListLedger()).rows)]


def types_of(server: VirtualServer) -> list[str]:
    """Event types in the order of arrival."""
    return [row.type for row in reversed(server.call(ListEvents(limit=1000)).rows)]
