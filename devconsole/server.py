"""The server process: reads the settings, holds the home directory, says when it is ready, ends when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from billing.errors import DatabaseLocked
from devconsole import __version__, collector, output
from devconsole.exclusive import exclusive
from devconsole.headless import LinePrinter, Narrator
from devconsole.logs import logging_to
from devconsole.output import ExitCode, Failure
from devconsole.settings import Settings, read_settings
from relay.api import FeedItem
from relay.home import Home

if TYPE_CHECKING:
    from devconsole.parts import Parts
    from devconsole.virtual.world import World
    from devconsole.wiring import Running
    from relay.feed import Feed

ORPHAN_S = 10.0
"""An orphaned server that has not ended in order after this ends at once."""

AGAIN_S = 0.5
"""Before the narrator follows the feed anew: it fell behind, or the feed has ended and so will the narrator."""


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of `devconsole server --json`."""

    ready: bool = True
    relay: str
    webhook: str
    sandbox: str | None
    pid: int
    home: str


def run_server(
    home: Home,
    *,
    start: Mapping[str, Any],
    as_json: bool,
    isolated: bool = False,
    virtual_clock: bool = False,
    seed: int | None = None,
    until_stdin_closes: bool = False,
    parts: Parts | None = None,
) -> int:
    """Serve until a signal, or until stdin closes; the answer is the exit code. Raises `Failure`.

    `isolated` keeps the environment and `.env` out. A virtual clock starts at the present moment. `parts` are for
    the fault lab and for proofs.
    """
    from devconsole.virtual.world import world_of  # with the clock of the machine there is nothing to load

    world = world_of(home, wanted=virtual_clock, seed=seed)
    settings = read_settings(start, isolated=isolated or world is not None)
    if world is not None and not settings.uses_sandbox:
        raise Failure(
            "a virtual clock needs the sandbox, which shares it",
            remedy="Leave out --no-sandbox and --stripe-api.",
            code="usage",
            exit_code=ExitCode.USAGE,
        )
    ending = Ending()
    if until_stdin_closes:
        ending.when_stdin_closes()
    with exclusive(home), logging_to(home.log), asyncio.Runner(loop_factory=loop_factory()) as runner:
        try:
            return runner.run(_serve(settings, home, ending, world=world, parts=parts, as_json=as_json))
        except DatabaseLocked as error:
            raise Failure(f"the server cannot start: {error.message}", remedy=error.remedy, code=error.code) from error


class Ending:
    """Why and when the server ends. May be told from any thread, also before the event loop runs."""

    def __init__(self) -> None:
        self.code = ExitCode.DONE
        self._asked = False
        self._tell: Callable[[], object] | None = None

    async def wait(self) -> None:
        """Return when the server is to end."""
        loop, asked = asyncio.get_running_loop(), asyncio.Event()
        self._tell = lambda: loop.call_soon_threadsafe(asked.set)
        if self._asked:
            return
        await asked.wait()

    def ask(self, code: ExitCode = ExitCode.DONE) -> None:
        self.code = code
        self._asked = True
        if self._tell is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended
                self._tell()

    def on_signals(self) -> None:
        """Ctrl+C ends with 130, everything else that asks politely with 0."""
        loop = asyncio.get_running_loop()
        codes = {"SIGINT": ExitCode.INTERRUPTED, "SIGTERM": ExitCode.DONE, "SIGHUP": ExitCode.DONE}
        for name, code in codes.items():
            with contextlib.suppress(NotImplementedError, AttributeError):  # Windows has not all of them
                loop.add_signal_handler(getattr(signal, name), self.ask, code)

    def when_stdin_closes(self) -> None:
        """Whoever started us holds the other end of the pipe; the system lets go of it when they end, however."""
        threading.Thread(target=self._watch_stdin, name="parent", daemon=True).start()

    def _watch_stdin(self) -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        self.ask()
        time.sleep(ORPHAN_S)
        os._exit(ExitCode.REFUSED)


async def _serve(
    settings: Settings, home: Home, ending: Ending, *, world: World | None, parts: Parts | None, as_json: bool
) -> int:
    from devconsole.wiring import running  # after the checks that can refuse: it loads everything

    ending.on_signals()
    async with running(settings, home, world, parts) as server, _kept(world, home):
        collector.spare()
        if as_json:
            output.write_json_line(_ready(server))
            await ending.wait()
        else:
            output.write(_greeting(server))
            async with _narrated(server.backend.feed):
                await ending.wait()
    return ending.code


@contextlib.asynccontextmanager
async def _kept(world: World | None, home: Home) -> AsyncIterator[None]:
    """A virtual clock goes on from where it was when its server ended, or began if it had no time to end."""
    if world is None:
        yield
        return
    from devconsole.virtual.world import keep_world

    keep_world(home, world)
    try:
        yield
    finally:
        keep_world(home, world)


def _ready(server: Running) -> Ready:
    record = server.record
    return Ready(
        relay=record.relay_url,
        webhook=record.webhook_url,
        sandbox=record.sandbox_url,
        pid=record.pid,
        home=str(server.backend.home),
    )


def _greeting(server: Running) -> str:
    record = server.record
    stripe = record.sandbox_url or f"off; Stripe is {record.stripe_api}"
    addresses = (
        ("relay", record.relay_url),
        ("webhook", record.webhook_url),
        ("sandbox", stripe),
        ("home", str(server.backend.home)),
        ("test mode", "on" if server.backend.test_mode.is_on else f"off: {server.backend.test_mode.reason}"),
    )
    lines = [f"devconsole {__version__} is ready, pid {record.pid}. One line per event follows; Ctrl+C ends it.", ""]
    lines += [output.facts((f"  {name}", value) for name, value in addresses), ""]
    return "\n".join(lines)


@contextlib.asynccontextmanager
async def _narrated(feed: Feed) -> AsyncIterator[None]:
    """Print a line per event for as long as the block runs."""
    printer = LinePrinter()
    task = asyncio.create_task(_narrate(feed, printer), name="narrator")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        printer.close()


async def _narrate(feed: Feed, printer: LinePrinter) -> None:
    narrator, decode = Narrator(), msgspec.json.Decoder(FeedItem).decode
    while True:
        subscription = feed.subscribe(None)
        try:
            while (chunk := await subscription.next()) is not None:
                printer.print(narrator.lines([decode(line) for line in chunk.splitlines()]))
        finally:
            feed.unsubscribe(subscription)
        await asyncio.sleep(AGAIN_S)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop where it exists: 1.1 to 1.35 times as many requests."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
