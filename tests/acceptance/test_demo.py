"""The demo as a script runs it: real servers, a line a step, and an exit code that can be relied on."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from tests.support.processes import run

FALSE = """\
title: This does not come true
given: {companies: [{slug: acme, balance: 10.00}]}
steps:
  - say: Acme has 11 euros
    expect: {balances: {acme: 11.00}, within: 0}
  - say: This is never told
"""


def test_a_story_is_told_line_by_line(tmp_path: Path) -> None:
    told = run("demo", "manual-topup", "--once", "--pace", "0", home=tmp_path / "home")
    assert told.stdout.splitlines() == [
        "manual-topup  A manual top-up is credited once",
        "manual-topup 1/2  Acme opens a Checkout page over 50 euros",
        "manual-topup 2/2  They pay it with a Visa",
    ]
    assert not (tmp_path / "home").exists()


def test_what_does_not_come_true_is_told_and_is_the_exit_code(tmp_path: Path) -> None:
    story = tmp_path / "false.yaml"
    story.write_text(FALSE, encoding="utf-8")
    told = run("demo", str(story), "--once", "--pace", "0", "--json", home=tmp_path / "home", code=1)
    moments = [json.loads(line) for line in told.stdout.splitlines()]
    assert [(each["number"], each["moment"]) for each in moments] == [(0, "opening"), (1, "told"), (1, "failed")]
    assert moments[-1]["problem"] == "balance of acme: expected 11.00, is 10.00"


def test_a_story_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    refused = run("demo", "no-such-story", "--once", home=tmp_path / "home", code=2)
    assert "no story 'no-such-story'" in refused.stderr


def test_a_demo_is_exported_as_a_cast_and_as_pictures_on_a_timeline_of_its_own(tmp_path: Path) -> None:
    cast, frames, animation = tmp_path / "demo.cast", tmp_path / "frames", tmp_path / "demo.svg"
    written = run(
        *("demo", "manual-topup", "--pace", "4"),
        *("--cast", str(cast), "--frames", str(frames), "--animation", str(animation)),
        home=tmp_path / "home",
    )
    head, *shown = [json.loads(line) for line in cast.read_text(encoding="utf-8").splitlines()]
    assert (head["version"], head["width"], head["height"]) == (2, 110, 32)
    assert [at for at, _, _ in shown] == [0, 0, 4, 5.6, 8, 9.6, 12]
    assert "They pay it with a Visa" in shown[4][2] and "60.00" in shown[5][2]
    pictures = sorted(frames.glob("*.svg"))
    assert len(pictures) == 5
    for picture in (*pictures, animation):
        ElementTree.parse(picture)
        assert "cdnjs" not in picture.read_text(encoding="utf-8")
    assert written.stdout.splitlines() == [str(cast), *map(str, pictures), str(animation)]
