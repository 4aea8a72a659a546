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
@click.option(
    "--virtual-clock",
    is_flag=True,
    help="Time stands still until `devconsole clock advance` moves it. Implies --isolated.",
)
@click.option("--seed", type=click.IntRange(0), metavar="N", help="What the ids of a virtual server are made from.")
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    isolated: bool,
    virtual_clock: bool,
    seed: int | None,
    until_stdin_closes: bool,
    **options: Any,
) -> int:
    """With --json the first line tells the addresses, once they answer, and nothing follows."""
    from devconsole.server import run_server

    if seed is not None and not virtual_clock:
        raise click.UsageError("--seed belongs to --virtual-clock.")
    return run_server(
        invocation.home,
        start=given(options),
        as_json=invocation.json,
        isolated=isolated or virtual_clock,
        virtual_clock=virtual_clock,
        seed=seed,
        until_stdin_closes=until_stdin_closes,
    )
