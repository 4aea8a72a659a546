"""What leaves a command."""

from __future__ import annotations

import json

import pytest

from devconsole import output
from devconsole.output import Column, Failure, facts, table

COLUMNS = (Column[tuple[str, int]]("NAME", lambda row: row[0]), Column("AMOUNT", lambda row: str(row[1]), right=True))


def test_columns_are_aligned_and_figures_stand_to_the_right() -> None:
    assert table(COLUMNS, [("a", 5), ("longer", 1000)], empty="nothing").splitlines() == [
        "NAME    AMOUNT",
        "a            5",
        "longer    1000",
    ]


def test_an_empty_table_says_what_to_do() -> None:
    assert table(COLUMNS, [], empty="nothing yet") == "nothing yet"


def test_data_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in table(COLUMNS, [("\x1b[2Jgone\n", 1)], empty="")
    assert "\x1b" not in facts([("name", "\x1b]0;title\x07")])


def test_a_failure_is_two_lines_for_people_and_one_document_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    failure = Failure("port 4242 is in use", remedy="Choose another with --port N.", code="port_in_use")
    output.say_failure(failure, as_json=False)
    output.say_failure(failure, as_json=True)
    said = capsys.readouterr()
    assert said.out == ""
    first, second, document = said.err.splitlines()
    assert (first, second) == ("devconsole: port 4242 is in use", "  Choose another with --port N.")
    assert json.loads(document)["error"] == {
        "code": "port_in_use",
        "message": "port 4242 is in use",
        "remedy": "Choose another with --port N.",
    }
