"""`devconsole reports`: the questions that people ask of the tables again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import click

from devconsole import output
from devconsole.commands.verb import Invocation, Verb
from devconsole.exports import as_csv
from devconsole.format import amount
from devconsole.reports.catalogue import NAMES
from relay.api import Report, RunReport

Cell: TypeAlias = str | int | None


@click.command("reports", cls=Verb, operation=RunReport)
@click.argument("report", type=click.Choice(NAMES))
@click.option("--format", "format_", type=click.Choice(("table", "csv", "json")), default="table", show_default=True)
@click.option("--days", type=click.IntRange(1, 366), help="How far back; else what is usual for the report.")
@click.pass_obj
def command(invocation: Invocation, report: str, format_: str, days: int | None) -> None:
    answer = invocation.call(RunReport(report=report, days=days))
    if invocation.json or format_ == "json":
        output.write_json(answer)
    elif format_ == "csv":
        output.write(as_csv(answer))
    else:
        output.say(answer.title)
        output.write(as_table(answer))


def as_table(report: Report) -> str:
    """Amounts in euros, for people."""
    columns = [
        output.Column[tuple[Cell, ...]](_title(name), _reader(index, name), right=_is_figure(report, index))
        for index, name in enumerate(report.columns)
    ]
    return output.table(columns, report.rows, empty="Nothing to report.")


def _title(name: str) -> str:
    return name.removesuffix("_cents").replace("_", " ").upper()


def _reader(index: int, name: str) -> Callable[[tuple[Cell, ...]], str]:
    def text(row: tuple[Cell, ...]) -> str:
        value = row[index]
        if value is None:
            return ""
        return amount(value) if name.endswith("_cents") and isinstance(value, int) else str(value)

    return text


def _is_figure(report: Report, index: int) -> bool:
    return all(isinstance(row[index], int | None) for row in report.rows)
