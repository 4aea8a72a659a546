"""`devconsole reset`: back to the first start. The token stays, so that whoever knows it still does."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from devconsole.commands.verb import Invocation, Verb
from devconsole.format import count
from devconsole.output import ExitCode
from relay.home import Home


class Removed(msgspec.Struct, frozen=True):
    """What `reset` deleted."""

    home: str
    removed: tuple[str, ...]


@click.command(
    "reset", cls=Verb, help="Delete databases, secrets and test-mode lock of the home directory; the token stays."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def command(invocation: Invocation, yes: bool) -> int:
    from devconsole.exclusive import exclusive

    home = invocation.home
    found = files_of(home)
    if found:
        with exclusive(home):
            if not (yes or _agreed(found, home)):
                return ExitCode.REFUSED
            for path in found:
                path.unlink(missing_ok=True)
    answer = Removed(str(home.path), tuple(path.name for path in found))
    invocation.show(answer, lambda shown: f"{count(len(shown.removed), 'file')} deleted in {shown.home}.")
    return ExitCode.DONE


def _agreed(found: list[Path], home: Home) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError("Without a terminal to ask on, say --yes.")
    return click.confirm(f"Delete {', '.join(path.name for path in found)} in {home.path}?", err=True)


def files_of(home: Home) -> list[Path]:
    """Databases with their side files and backups, secrets, the log, and what the last server left behind."""
    databases = [path for path in home.path.glob("*.db*") if path.is_file()]
    operations = list(home.path.glob("operations*.ndjson"))
    others = (*operations, home.secrets_json, home.test_mode_lock, home.server_json, home.log)
    return sorted(databases) + [path for path in others if path.exists()]
