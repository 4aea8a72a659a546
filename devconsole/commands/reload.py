"""`devconsole reload`: edited handlers and rules, without a restart."""

from __future__ import annotations

import click

from devconsole.commands.verb import Invocation, Verb
from devconsole.format import count
from relay.api import ReloadCode


@click.command("reload", cls=Verb, operation=ReloadCode)
@click.pass_obj
def command(invocation: Invocation) -> None:
    """`devconsole server --reload` does it by itself. Exit code 1 when the code cannot be used."""
    invocation.show(invocation.call(ReloadCode()), lambda shown: f"{count(len(shown.modules), 'module')} loaded anew.")
