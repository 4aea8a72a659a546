"""Every shipped story passes: the first row of each here, all rows twice in the long proofs."""

from __future__ import annotations

from pathlib import Path

import pytest

from devconsole.scenario import shelf, suite
from devconsole.scenario.report import lines_of
from devconsole.scenario.script import load
from tests.devconsole.scenario.conftest import Play


@pytest.mark.parametrize("path", shelf.shipped(), ids=lambda path: path.stem)
def test_a_shipped_story_passes(path: Path, play: Play) -> None:
    result = play(load(path)[0])
    assert result.passed, "\n".join(lines_of(result))


def test_what_the_product_promises_has_a_story() -> None:
    """At least twenty-five, and one for each word that QA looks for."""
    scripts, broken = suite.scripts_of(shelf.shipped())
    assert broken == []
    assert len({script.path for script in scripts}) >= 25
    tags = {tag for script in scripts for tag in script.story.tags}
    assert {"topup", "auto-topup", "call", "refund", "dispute", "sepa", "crash", "bonus", "limit", "demo"} <= tags
