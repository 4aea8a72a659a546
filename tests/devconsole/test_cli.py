"""The command line as a tree: every operation has its verb, every verb its options, nothing heavy is imported."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import click
import pytest

from devconsole import cli
from devconsole.cli import root
from devconsole.commands.verb import Verb
from devconsole.output import ExitCode
from relay.api import OPERATIONS, Operation


def verbs(command: click.Command, path: str = "devconsole") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by what is typed."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from verbs(child, f"{path} {name}")
    else:
        yield path, command


VERBS = dict(verbs(root))


def operations_of(command: click.Command) -> type[Operation[Any]] | None:
    return command.operation if isinstance(command, Verb) else None


def test_every_operation_has_a_command() -> None:
    reached = {operation.name for command in VERBS.values() if (operation := operations_of(command)) is not None}
    assert reached == set(OPERATIONS)


@pytest.mark.parametrize("path", VERBS)
def test_every_verb_has_help_and_takes_home_and_json(path: str) -> None:
    command = VERBS[path]
    options = {name for parameter in command.params for name in parameter.opts}
    assert {"--home", "--json"} <= options
    assert command.get_short_help_str(200)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["balances"],
        ["balances", "nonsense"],
        ["balances", "list", "--nonsense"],
        ["balances", "show"],
        ["balances", "show", "one", "--company", "two"],
        ["balances", "drain", "--company", "x", "--to", "-1"],
        ["topups", "create", "--company", "x"],
        ["topups", "create", "--company", "x", "--amount", "1.234"],
        ["topups", "create", "--company", "x", "--amount", "1,000.00"],
        ["topups", "create", "--company", "x", "--amount", "1e3"],
        ["topups", "create", "--company", "x", "--amount", "nan"],
        ["topups", "create", "--company", "x", "--amount", "-5"],
        ["topups", "show", "pi_1"],
        ["topups", "list", "--limit", "0"],
        ["calls", "simulate", "--company", "x"],
        ["calls", "simulate", "--company", "x", "--duration", "long"],
        ["calls", "simulate", "--company", "x", "--duration", "90000"],
        ["calls", "refund", "seven"],
        ["companies", "create"],
        ["events", "replay"],
        ["scenario", "record", "--since", "soon"],
        ["scenario", "record", "--last", "0"],
        ["demo", "--pace", "-1"],
        ["events", "replay", "evt_1", "--failed"],
        ["reports", "nonsense"],
        ["server", "--port", "65536"],
        ["--port", "0", "status"],
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVCONSOLE_HOME", str(tmp_path))
    assert cli.main(arguments) == ExitCode.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err


def test_the_client_path_imports_nothing_heavy() -> None:
    """`balances list` is called by scripts in loops; only the modules of its own path may be loaded."""
    script = (
        "import sys; from devconsole import cli;"
        "import devconsole.commands.balances, relay.sync_client;"
        "heavy = {'aiohttp','sqlmodel','sqlalchemy','pydantic','textual','rich','stripe','asyncio','yaml','psutil'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
