"""The digests of the shipped stories, the same on every Python: `python -m tests.support.digests` notes them anew.

Only after a change that is meant to change what happens: an event more, another text, a row more.
"""

from __future__ import annotations

import json
import sys

from devconsole.scenario import shelf, suite

TABLE = shelf.SHIPPED / "digests.json"
"""By the name of the story and of the row of its table, with the seed that stories have by themselves."""


def known() -> dict[str, str]:
    table: dict[str, str] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table


def main() -> int:
    """Play everything, and note it if everything passes."""
    scripts, broken = suite.scripts_of(shelf.shipped())
    played = list(suite.play_all(scripts, suite.Playing(), jobs=2, listener=lambda *_step: None))
    failed = [*map(str, broken), *(f"{result.name}: {result.reason}" for result in played if not result.passed)]
    if failed:
        sys.stderr.write("\n".join((*failed, "nothing was noted\n")))
        return 1
    table = {result.name: result.digest for result in played}
    TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
