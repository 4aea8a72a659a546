"""`devconsole` alone: the console on a terminal, the server without a screen anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from devconsole import output
from devconsole.commands.verb import Invocation


def run_console(invocation: Invocation, *, start: Mapping[str, Any]) -> int:
    """Deferred imports: the screens or the server, never both."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        from devconsole.server import run_server

        output.say("devconsole: no terminal here, so the server runs without a screen; Ctrl+C ends it.")
        return run_server(invocation.home, start=start, as_json=invocation.json)

    from devconsole.attach import begin

    attachment = begin(invocation.home, start)  # the server starts while the screens are imported
    try:
        from devconsole.app import run

        return run(attachment)
    finally:
        attachment.close()
