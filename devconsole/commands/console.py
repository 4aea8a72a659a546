"""`devconsole` alone: the console on a terminal, the server without a screen anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from devconsole import output
from devconsole.commands.verb import Invocation

if TYPE_CHECKING:
    from devconsole.attach import Attachment


def run_console(invocation: Invocation, *, start: Mapping[str, Any]) -> int:
    """Deferred imports: the screens or the server, never both."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        from devconsole.server import run_server

        output.say("devconsole: no terminal here, so the server runs without a screen; Ctrl+C ends it.")
        return run_server(invocation.home, start=start, as_json=invocation.json)

    from devconsole.app import run
    from devconsole.source import Address, Moved

    found: list[Attachment] = []

    def find() -> Address:
        """Called in a thread, once the first screen is painted; even looking for a server waits until then."""
        from devconsole.attach import Attachment

        found.append(Attachment(invocation.home, start))
        attached = found[0].wait()
        return Address(attached.url, attached.token)

    def find_again() -> Moved | None:
        revived = found[0].revive()
        return None if revived is None else Moved(Address(revived.attached.url, revived.attached.token), revived.says)

    try:
        return run(find, find_again=find_again, theme_file=invocation.home.path / "theme")
    finally:
        for attachment in found:
            attachment.close()
