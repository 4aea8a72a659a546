"""Every row of every shipped story, twice: one after the other, then two at once. The digests are those noted."""

from __future__ import annotations

import pytest

from devconsole.scenario import shelf, suite
from devconsole.scenario.report import lines_of
from tests.support.digests import known

pytestmark = pytest.mark.proof


def test_all_stories_pass_and_give_the_same_bytes_alone_and_beside_others() -> None:
    scripts, broken = suite.scripts_of(shelf.shipped())
    assert broken == []
    digests: list[dict[str, str | None]] = []
    for jobs in (1, 2):
        results = list(suite.play_all(scripts, suite.Playing(), jobs=jobs, listener=lambda *_step: None))
        failed = ["\n".join(lines_of(result)) for result in results if not result.passed]
        assert failed == []
        digests.append({result.name: result.digest for result in results})
    assert digests[0] == digests[1]
    assert digests[0] == known()
