"""Runs the official `stripe listen` beside the server, takes its signing secret, and starts it anew when it ends,
is stopped, or has lost its connection and does not find it again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import sys
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from devconsole.output import Failure, printable
from devconsole.pulse import Pulse, pulse_of
from devconsole.settings import LOOPBACK_NAMES
from relay.background import Background

BACKOFF_S = (1.0, 2.0, 5.0, 10.0)
"""Between two starts; the last one repeats. A listener that became ready starts the row anew."""
PULSE_S = 2.0
"""Between two looks at the tool."""
SILENT_MAX_S = 12.0
"""How long a tool may be silent before it is started anew; it looks for a lost connection every ten seconds itself."""
DOUBTED_AFTER_S = 20.0
"""A tool is not doubted before it was ready for so long: what it missed while it started is no fault of its own."""
SECRET_DEADLINE_S = 30.0
END_DEADLINE_S = 5.0
SILENT = "it ended without a word"
LINE_MAX = 1 << 20
"""A line of the tool is an event at most."""

_SECRET = re.compile(r"whsec_\w+")


class ListenFailed(Exception):
    """The tool ended or said nothing useful; the text is its last line."""


@dataclass(frozen=True)
class ListenState:
    """`state`: starting, connected, silent, down or off."""

    state: str
    detail: str


def find_stripe_cli() -> Path:
    """The official tool on the PATH. Raises `Failure` that says how to get it."""
    found = shutil.which("stripe")
    if found is None:
        raise Failure(
            "--listen needs the official Stripe CLI, and there is no `stripe` on the PATH",
            remedy="Install it with `npm install -g @stripe/cli`, or start without --listen.",
            code="stripe_cli_missing",
        )
    return Path(found)


class StripeListen:
    """One supervised `stripe listen`. `on_secret` and `on_change` are called on the event loop."""

    def __init__(
        self,
        *,
        binary: Path,
        api_key: str,
        forward_to: str,
        stripe_api: str | None,
        on_secret: Callable[[str], None],
        on_change: Callable[[ListenState], None],
    ) -> None:
        self.state = ListenState("off", "not started")
        self._binary = binary
        self._api_key = api_key
        self._forward_to = forward_to
        self._our_port = urlsplit(forward_to).port or 0
        # The tool takes another API base on this machine only; elsewhere it goes to Stripe itself.
        self._api_base = stripe_api if stripe_api and urlsplit(stripe_api).hostname in LOOPBACK_NAMES else None
        self._on_secret = on_secret
        self._on_change = on_change
        self._background = Background("stripe-listen", self._supervise)
        self._failures = 0
        self._ready_at: float | None = None
        self._doubted = False

    def doubt(self) -> None:
        """Events did not arrive although the tool looks well: start it anew."""
        self._doubted = True

    def start(self) -> None:
        self._background.start()

    async def stop(self) -> None:
        """End the tool and everything that it started."""
        await self._background.stop()
        self._is(ListenState("off", "stopped"))

    async def _supervise(self) -> None:
        while True:
            self._is(ListenState("starting", "asking for the signing secret"))
            try:
                self._on_secret(await self._print_secret())
                await self._listen()
            except (ListenFailed, OSError) as error:
                delay_s = BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
                self._failures += 1
                said = _SECRET.sub("whsec_…", str(error))
                self._is(ListenState("down", f"{said}; next start in {delay_s:.0f} s"))
                await asyncio.sleep(delay_s)

    async def _print_secret(self) -> str:
        last = SILENT
        async with self._running("--print-secret") as process:
            try:
                async with asyncio.timeout(SECRET_DEADLINE_S):
                    async for line in _lines(process):
                        if (found := _SECRET.search(line)) is not None:
                            return found.group()
                        last = line
            except TimeoutError:
                raise ListenFailed(f"no signing secret after {SECRET_DEADLINE_S:.0f} s") from None
        raise ListenFailed(last)

    async def _listen(self) -> None:
        """Follow the tool until it ends or gives no sign of life, which it should not: raises `ListenFailed`."""
        self._ready_at, self._doubted = None, False
        async with self._running("--skip-update", "--all-snapshot", "--forward-to", self._forward_to) as process:
            tasks = {asyncio.create_task(self._follow(process)), asyncio.create_task(self._watch(process.pid))}
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, process: Process) -> None:
        """Read what it says until it ends; raises `ListenFailed` with its last line."""
        last = SILENT
        async for line in _lines(process):
            last = line
            if "Ready!" in line:
                self._failures = 0
                self._ready_at = time.monotonic()
                self._is(self._connected())
        raise ListenFailed(last)

    async def _watch(self, pid: int) -> None:
        """Look at it again and again; raises `ListenFailed` when it has been silent for too long."""
        silent_since: float | None = None
        while True:
            await asyncio.sleep(PULSE_S)
            if self._ready_at is None:
                continue
            now = time.monotonic()
            pulse = await asyncio.to_thread(pulse_of, pid, except_port=self._our_port)
            if pulse is Pulse.BEATS:
                silent_since = None
                self._is(self._connected())
            elif pulse is not Pulse.GONE:
                silent_since = silent_since or now
                self._is(ListenState("silent", f"{pulse}; if that lasts, it is started anew"))
                if now - silent_since >= SILENT_MAX_S:
                    raise ListenFailed(pulse)
            if self._doubted and now - self._ready_at >= DOUBTED_AFTER_S:
                raise ListenFailed("events did not arrive through it")

    def _connected(self) -> ListenState:
        return ListenState("connected", f"forwards to {self._forward_to}")

    @contextlib.asynccontextmanager
    async def _running(self, *options: str) -> AsyncIterator[Process]:
        process = await asyncio.create_subprocess_exec(
            *self._command(options),
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            limit=LINE_MAX,
            # The key goes through the environment: arguments can be read by every user of the machine.
            env={**os.environ, "STRIPE_API_KEY": self._api_key, "STRIPE_CLI_TELEMETRY_OPTOUT": "1"},
        )
        try:
            yield process
        finally:
            await _end(process)

    def _command(self, options: Sequence[str]) -> list[str]:
        base = ["--api-base", self._api_base] if self._api_base else []
        return [sys.executable, "-m", "devconsole.leash", str(self._binary), "listen", *options, *base]

    def _is(self, state: ListenState) -> None:
        if state != self.state:
            self.state = state
            self._on_change(state)


async def _lines(process: Process) -> AsyncIterator[str]:
    """What the tool says, without empty lines and control characters."""
    assert process.stdout is not None
    async for line in process.stdout:
        if text := printable(line.decode(errors="replace")).strip():
            yield text


async def _end(process: Process) -> None:
    """Close the leash: the tool ends with all that it started."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), END_DEADLINE_S)
    except TimeoutError:
        process.kill()
        await process.wait()
