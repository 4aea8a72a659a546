"""Stories that the console records: made of what the server knows, kept beside its data, listed with the others."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devconsole.scenario import shelf, suite
from devconsole.scenario.recording.of_event import record_event, record_inbox
from devconsole.scenario.recording.shelf import folder_of, keep
from devconsole.scenario.script import Script
from devconsole.wanted import Wanted
from relay.api import Operation, ShowStatus, StatusView

if TYPE_CHECKING:
    from devconsole.source import Source


async def keep_recording(source: Source, wanted: Wanted) -> tuple[Path, tuple[str, ...]]:
    """Record and write; returns where, and what could not be told. Raises `Failure`, `RelayError` or `OSError`."""
    loop = asyncio.get_running_loop()
    status = await source.call(ShowStatus())

    def call(operation: Operation[Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(source.call(operation), loop).result()

    def made() -> tuple[Path, tuple[str, ...]]:
        if wanted.event is not None:
            recording, name = record_event(call, wanted.event), f"event-{wanted.event}"
        else:
            recording = record_inbox(call, first=wanted.first, last=wanted.last, title=wanted.title)
            name = wanted.title or "recorded"
        return keep(recording.text, home=status.home, name=name), recording.gaps

    return await asyncio.to_thread(made)


def stories_of(status: StatusView | None) -> tuple[Script, ...]:
    """Those recorded on this server first, newest first, then the shipped ones."""
    recorded: list[Path] = []
    if status is not None:
        found = folder_of(status.home).glob("*.yaml")
        recorded = sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
    scripts, _ = suite.scripts_of([*recorded, *shelf.shipped()])
    return tuple(scripts)
