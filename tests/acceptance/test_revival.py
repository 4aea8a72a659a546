"""A console whose own server dies starts another one, says so, and goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from devconsole.app import DevConsole
from devconsole.attach import RESTARTS_MAX, Attachment, Revived
from devconsole.output import Failure
from devconsole.source import Address, Moved, RemoteSource
from devconsole.store import Connection
from relay.api import CreateTopup, ListLedger
from relay.home import Home
from tests.support import processes
from tests.support.processes import is_gone, server

FREE = {"port": 0, "sandbox_port": 0}


@pytest.fixture
def attachment(tmp_path: Path) -> Iterator[Attachment]:
    attachment = Attachment(Home(tmp_path / "home"), FREE)
    yield attachment
    attachment.close()


def kill_server(attachment: Attachment) -> None:
    record = attachment.home.read_server()
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    processes.until(lambda: is_gone(record.pid), what="the end of the server")


async def test_the_console_goes_on_with_another_server_and_nothing_booked_is_lost(attachment: Attachment) -> None:
    def find() -> Address:
        attached = attachment.wait()
        return Address(attached.url, attached.token)

    def find_again() -> Moved | None:
        revived = attachment.revive()
        return revived and Moved(Address(revived.attached.url, revived.attached.token), revived.says)

    said: list[str] = []
    source = RemoteSource(find, find_again)
    source.tell = said.append
    app = DevConsole(source)
    async with app.run_test(size=(110, 30)) as pilot:
        await until_live(app, pilot)
        first = app.snapshot.status
        assert first is not None
        await source.call(CreateTopup(company="acme-telefon", amount_cents=5_000, card="visa"))
        kill_server(attachment)
        while not said:
            await pilot.pause(0.05)
        await until_live(app, pilot, other_than=first.pid)
        assert said == ["The server ended: SIGKILL killed it. Another one runs now; what was acknowledged is kept."]
        rows = await source.call(ListLedger(company="acme-telefon", type="topup"))
        assert [row.money_cents for row in rows.rows] == [5_000]


async def until_live(app: DevConsole, pilot: object, *, other_than: int | None = None) -> None:
    """Wait for a server with another process id than this. The test's own deadline ends a wait in vain."""

    def is_live() -> bool:
        status = app.snapshot.status
        return app.snapshot.connection is Connection.LIVE and status is not None and status.pid != other_than

    while not is_live():
        await pilot.pause(0.05)  # type: ignore[attr-defined]


@pytest.mark.proof
def test_servers_that_end_one_after_the_other_are_not_started_for_ever(attachment: Attachment) -> None:
    attachment.wait()
    assert attachment.revive() is None, "it runs"
    for _ in range(RESTARTS_MAX):
        kill_server(attachment)
        revived = processes.until(attachment.revive, what="another server")
        assert isinstance(revived, Revived)
    kill_server(attachment)
    with pytest.raises(Failure, match="4 times within a minute") as failed:
        processes.until(attachment.revive, what="the refusal")
    assert str(attachment.home.log) in (failed.value.remedy or "")


def test_a_server_that_somebody_else_started_is_not_started_again_but_found_where_it_went(tmp_path: Path) -> None:
    home = tmp_path / "home"
    attachment = Attachment(Home(home), FREE)
    with server(home) as running:
        assert attachment.wait().url == running.ready["relay"]
        assert attachment.revive() is None, "it runs"
        kill_server(attachment)
        assert attachment.revive() is None, "it is for whoever started it to start it again"
    with server(home) as running:
        revived = attachment.revive()
        assert revived is not None
        assert revived.attached.url == running.ready["relay"]
        assert not revived.attached.is_ours
