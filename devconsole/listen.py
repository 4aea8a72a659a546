"""Runs the official `stripe listen` beside the server, takes its signing secret, and starts it anew when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from devconsole.output import Failure, printable
from devconsole.settings import LOOPBACK_NAMES

BACKOFF_S = (1.0, 2.0, 5.0, 15.0, 30.0)
"""Between two starts; the last one repeats. A listener that became ready starts the row anew."""
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
    """`state`: starting, connected, down or off."""

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
        # The tool takes another API base on this machine only; elsewhere it goes to Stripe itself.
        self._api_base = stripe_api if stripe_api and urlsplit(stripe_api).hostname in LOOPBACK_NAMES else None
        self._on_secret = on_secret
        self._on_change = on_change
        self._task: asyncio.Task[None] | None = None
        self._failures = 0

    def start(self) -> None:
        assert self._task is None, "started twice"
        self._task = asyncio.create_task(self._supervise(), name="stripe-listen")

    async def stop(self) -> None:
        """End the tool and everything that it started."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
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
        """Follow the tool until it ends, which it should not: raises `ListenFailed` with its last line."""
        last = SILENT
        async with self._running("--skip-update", "--all-snapshot", "--forward-to", self._forward_to) as process:
            async for line in _lines(process):
                last = line
                if "Ready!" in line:
                    self._failures = 0
                    self._is(ListenState("connected", f"forwards to {self._forward_to}"))
        raise ListenFailed(last)

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
