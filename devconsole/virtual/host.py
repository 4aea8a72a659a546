"""Servers in a world of their own, inside this process: started in milliseconds, one after the other on one event loop.

Starting a process costs a second of imports; here they are paid once, whatever the number of stories.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from devconsole.settings import read_settings
from devconsole.source import Address
from devconsole.virtual.world import World, keep_world
from relay.home import Home
from relay.sync_client import SyncControlClient

if TYPE_CHECKING:
    from devconsole.wiring import Running

T = TypeVar("T")

OPTIONS: Mapping[str, Any] = {"port": 0, "sandbox_port": 0, "no_samples": True}
"""Free ports, and nobody there but the companies that somebody names."""


class Host:
    """An event loop in a thread, and a prepared database that every new home begins with."""

    def __init__(self) -> None:
        from devconsole.server import loop_factory

        self._runner = asyncio.Runner(loop_factory=loop_factory())
        self._loop = self._runner.get_loop()
        self._thread = threading.Thread(target=self._serve, name="servers", daemon=True)
        self._thread.start()
        self._directory = Path(tempfile.mkdtemp(prefix="devconsole-host-"))
        self.empty_database = self._directory / "empty.db"
        self.empty_sandbox = self._directory / "sandbox.db"
        self._prepare_files()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run on the loop and wait for the answer."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """From any thread, also from one whose own event loop is running: the console's."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _serve(self) -> None:
        self._loop.run_forever()
        self._runner.close()

    def _prepare_files(self) -> None:
        from billing.schema import prepare
        from devconsole.virtual.time import START
        from fixtures.sandbox.store.database import open_state

        prepare(self.empty_database, now=START)
        open_state(self.empty_sandbox).close()


class VirtualServer:
    """One server of a host on a home directory. It can end, crash and start again; the world goes on.

    `settings` are those of the environment, such as `auto_topup_enabled`, by their names.
    """

    def __init__(self, host: Host, home: Home, world: World, settings: Mapping[str, Any] | None = None) -> None:
        self.home = home
        self._host = host
        self._world = replace(world, empty_database=host.empty_database, empty_sandbox=host.empty_sandbox)
        self._settings = read_settings(OPTIONS, isolated=True, given=settings)
        self._end: Callable[[], Coroutine[Any, Any, None]] | None = None
        self._running: Running | None = None
        self.client = self._start()

    @property
    def address(self) -> Address:
        """For those who watch."""
        return Address(self.running.record.relay_url, self.running.backend.token)

    @property
    def running(self) -> Running:
        assert self._running is not None, "the server has ended"
        return self._running

    def call(self, operation: Any) -> Any:
        """Carry out an operation, by the same door as everybody. Raises `RelayError`."""
        return self.client.call(operation)

    def write(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Write to the database what no operation brings about; `function(session, …, now=…)` is one transaction."""
        backend = self.running.backend
        return self._host.run(backend.db.write(function, *args, now=backend.clock.now(), **kwargs))

    def restart(self) -> None:
        """End in order, and start again on the same home."""
        self.close()
        self._start_again()

    def crash(self) -> None:
        """Start again from what was on disk at this moment, as after a power cut: nothing was said or written last."""
        saved = self.home.path.with_name(self.home.path.name + "-saved")
        shutil.copytree(self.home.path, saved)
        self.close()
        shutil.rmtree(self.home.path)
        saved.rename(self.home.path)
        self._start_again()

    def close(self) -> None:
        """End in order. The home keeps its clock, so that a server started on it later goes on from here."""
        if self._end is not None:
            end, self._end, self._running = self._end, None, None
            self._host.run(end())
            keep_world(self.home, self._world)

    def _start_again(self) -> None:
        self._world = replace(self._world, starts=self._world.starts + 1)
        self.client = self._start()

    def _start(self) -> SyncControlClient:
        self.home.create()
        self._running, self._end = self._host.run(begin(self._settings, self.home, self._world))
        return SyncControlClient(self._running.record.relay_url, self._running.backend.token)


async def begin(
    settings: Any, home: Home, world: World | None = None
) -> tuple[Running, Callable[[], Coroutine[Any, Any, None]]]:
    """Start a server in a task of its own; what is returned beside it ends it. Without a world its clock is the
    machine's."""
    from devconsole.wiring import running

    started: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
    asked = asyncio.Event()

    async def serve() -> None:
        try:
            async with running(settings, home, world) as server:
                started.set_result(server)
                await asked.wait()
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    task = asyncio.create_task(serve(), name=f"server on {home.path}")

    async def end() -> None:
        asked.set()
        await task

    return await started, end


@contextlib.contextmanager
def hosting() -> Iterator[Host]:
    host = Host()
    try:
        yield host
    finally:
        host.close()
