"""JSON as lines to read."""

from __future__ import annotations

from devconsole.json_lines import Token, lines_of


def test_a_document_is_laid_out_two_cells_a_level() -> None:
    text = '{"id":"evt_1","data":{"amount":5000,"tags":["a",true,null]},"empty":{}}'
    assert [line.text for line in lines_of(text)] == [
        "{",
        '  "id": "evt_1",',
        '  "data": {',
        '    "amount": 5000,',
        '    "tags": [',
        '      "a",',
        "      true,",
        "      null",
        "    ]",
        "  },",
        '  "empty": {}',
        "}",
    ]


def test_what_opens_knows_where_it_closes_and_what_it_holds() -> None:
    lines = lines_of('{"data":{"one":1,"two":2},"list":[1]}')
    assert (lines[1].closes_at, lines[1].summary) == (4, "2 keys")
    assert (lines[5].closes_at, lines[5].summary) == (7, "1 item")
    assert lines[2].closes_at == 2


def test_every_part_says_what_it_is() -> None:
    (line,) = lines_of("-1.5")
    assert line.parts == (("-1.5", Token.NUMBER),)
    kinds = [kind for _, kind in lines_of('{"a":"b"}')[1].parts]
    assert kinds == [Token.MARK, Token.KEY, Token.MARK, Token.TEXT]


def test_text_that_is_no_json_is_shown_as_it_came() -> None:
    assert [line.text for line in lines_of("<html>\nnot json")] == ["<html>", "not json"]
    assert lines_of("") == []


def test_deep_nesting_is_shown_as_text_instead_of_failing() -> None:
    deep = "[" * 100_000
    assert lines_of(deep)[0].text == deep
