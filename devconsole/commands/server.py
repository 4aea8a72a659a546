"""`devconsole server`: relay, billing and sandbox in one process, until it is told to end."""

from __future__ import annotations

from typing import Any

import click

from devconsole.commands.arguments import given, start_options
from devconsole.commands.verb import Invocation, Verb


@click.command("server", cls=Verb, help="Run the server without a screen; it prints one line per event.")
@start_options
@click.option(
    "--isolated", is_flag=True, help="Look at neither the environment nor .env: always the sandbox, and the defaults."
)
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
@click.pass_obj
def command(invocation: Invocation, /, isolated: bool, until_stdin_closes: bool, **options: Any) -> int:
    """With --json the first line tells the addresses, once they answer, and nothing follows."""
    from devconsole.server import run_server

    return run_server(
        invocation.home,
        start=given(options),
        as_json=invocation.json,
        isolated=isolated,
        until_stdin_closes=until_stdin_closes,
    )
