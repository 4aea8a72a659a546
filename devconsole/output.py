"""What leaves a command: data on stdout, talk on stderr, and the exit code.

Nothing else of devconsole prints. Text from data is made harmless for a terminal before it is written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Generic, TypeVar

import msgspec

Row = TypeVar("Row")


class ExitCode(IntEnum):
    """What a script reads from `$?`."""

    DONE = 0
    REFUSED = 1
    """The request was refused, or it was carried out and failed (a declined card, a breach in the ledger)."""
    USAGE = 2
    NO_SERVER = 3
    INTERRUPTED = 130


class Failure(Exception):
    """A command ends here: `message` names the cause, `remedy` the way out, `code` is stable for scripts."""

    def __init__(
        self, message: str, *, remedy: str | None = None, code: str = "refused", exit_code: ExitCode = ExitCode.REFUSED
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.code = code
        self.exit_code = exit_code


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column of a table: its title and the text of a row in it. Figures stand to the right."""

    title: str
    text: Callable[[Row], str]
    right: bool = False


def table(columns: Sequence[Column[Row]], rows: Sequence[Row], *, empty: str) -> str:
    """Aligned plain text with a heading; `empty` says what is missing and how to get it."""
    if not rows:
        return empty
    cells = [[printable(column.text(row)) for column in columns] for row in rows]
    widths = [max(len(column.title), *(len(line[index]) for line in cells)) for index, column in enumerate(columns)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if column.right else text.ljust(width)
            for text, width, column in zip(line, widths, columns, strict=True)
        ).rstrip()
        for line in ([column.title for column in columns], *cells)
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values, one pair a line, the values aligned."""
    shown = [(name, printable(value)) for name, value in pairs]
    width = max((len(name) for name, _ in shown), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}".rstrip() for name, value in shown)


def printable(text: str) -> str:
    """The text without control characters: what a sender put into a payload must not steer the terminal."""
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)


def write(text: str) -> None:
    """Data for people, on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def write_json(document: Any) -> None:
    """One JSON document on stdout: on one line for a script, indented for a terminal."""
    encoded = msgspec.json.encode(document)
    if sys.stdout.isatty():
        encoded = msgspec.json.format(encoded, indent=2)
    write(encoded.decode())


def write_json_line(document: Any) -> None:
    """One JSON document of a stream: one line each, whoever reads."""
    write(msgspec.json.encode(document).decode())


def say(text: str) -> None:
    """Talk, on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def say_failure(failure: Failure, *, as_json: bool) -> None:
    """Why the command failed, on stderr: two lines for people, or one JSON line."""
    if as_json:
        error = {"code": failure.code, "message": failure.message, "remedy": failure.remedy}
        say(msgspec.json.encode({"error": error}).decode())
        return
    say(f"devconsole: {printable(failure.message)}")
    if failure.remedy:
        say(f"  {printable(failure.remedy)}")
