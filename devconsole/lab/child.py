"""The lab in a process of its own, for the console: whatever it does to itself, the screen stays."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

END_S = 10.0
LINE_MAX = 1 << 20


class LabFailed(Exception):
    """It ended without a result; the text is what it said last."""


async def run_in_child(names: Sequence[str], *, pairs: bool = False) -> AsyncIterator[dict[str, Any]]:
    """The documents of `faults run NAME… --json`, as they come. Raises `LabFailed`. Closing it ends the lab."""
    command = [sys.executable, "-m", "devconsole", "faults", "run", *names, "--json", *(["--pairs"] if pairs else [])]
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, limit=LINE_MAX)
    assert process.stdout is not None and process.stderr is not None
    said = asyncio.create_task(process.stderr.read())
    count = 0
    try:
        async for line in process.stdout:
            count += 1
            yield msgspec.json.decode(line)
        await process.wait()
        if not count:
            raise LabFailed((await said).decode(errors="replace").strip()[-300:] or "it said nothing")
    finally:
        await _end(process)
        said.cancel()


async def _end(process: Process) -> None:
    """Interrupt it, so that it ends its servers and removes its homes; after a while with force."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        await asyncio.wait_for(process.wait(), END_S)
    except TimeoutError:
        process.kill()
        await process.wait()
