"""`devconsole doctor`: whether everything that devconsole needs is there, seen from outside and from inside."""

from __future__ import annotations

import contextlib

import click

from devconsole.commands.verb import Invocation, Verb
from devconsole.output import Column, ExitCode, Failure, table
from relay.api import Finding, Page, RunDoctor
from relay.errors import ServerUnreachable

COLUMNS: tuple[Column[Finding], ...] = (
    Column("", lambda row: "ok" if row.ok else "FAILED"),
    Column("CHECK", lambda row: row.check),
    Column("FOUND", lambda row: row.detail),
    Column("REMEDY", lambda row: row.remedy or ""),
)


@click.command("doctor", cls=Verb, operation=RunDoctor)
@click.pass_obj
def command(invocation: Invocation) -> int:
    """Machine, settings and home directory are checked as well, with or without a server.

    Exit code 1 when a check failed; that no server runs is none.
    """
    from devconsole.diagnosis import diagnose

    findings = diagnose(invocation.home)
    with contextlib.suppress(ServerUnreachable, Failure):
        findings = (*findings, *invocation.call(RunDoctor()).rows)
    invocation.show_page(
        Page(rows=findings, total=len(findings)), lambda rows: table(COLUMNS, rows, empty="Nothing was checked.")
    )
    return ExitCode.DONE if all(finding.ok for finding in findings) else ExitCode.REFUSED
