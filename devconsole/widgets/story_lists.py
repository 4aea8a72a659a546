"""Stories to choose from, and the steps of one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from devconsole.format import count
from devconsole.looks import Tone
from devconsole.playback import Played
from devconsole.scenario.runner import title_of
from devconsole.scenario.script import Script
from devconsole.widgets.row_list import Cell, Column, TupleList

SIGNS: dict[bool | None, Cell] = {
    None: ("○", Tone.MUTED),
    True: ("✓", Tone.GOOD),
    False: ("✗", Tone.BAD),
}


class StoryList(TupleList[Script]):
    """By name."""

    def key_of(self, row: Script) -> Hashable:
        return row.name

    def columns(self, width: int) -> Sequence[Column]:
        columns = [Column("Story", 30 if width >= 90 else 24, lambda row: (row.name, Tone.PLAIN))]
        if width >= 90:
            columns.append(Column("Tags", 22, lambda row: (", ".join(row.story.tags), Tone.MUTED)))
        return [*columns, Column("What it tells", 0, lambda row: (row.story.title, Tone.PLAIN))]


@dataclass(frozen=True)
class StepRow:
    """A step, and what came of it if it was played."""

    number: int
    title: str
    played: Played | None

    @property
    def caused(self) -> int:
        """How many events."""
        return 0 if self.played is None else self.played.last - self.played.first


class StepList(TupleList[StepRow]):
    """In their order."""

    def key_of(self, row: StepRow) -> Hashable:
        return row.number

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            Column("", 2, _sign),
            Column("Step", 4, lambda row: (str(row.number), Tone.MUTED), "right"),
            Column("What happens", 0, lambda row: (row.title, Tone.STRONG if row.played else Tone.PLAIN)),
        ]
        if width >= 60:
            columns.append(Column("Caused", 11, _caused))
        return columns


def _sign(row: StepRow) -> Cell:
    return SIGNS[None if row.played is None else row.played.result.passed]


def _caused(row: StepRow) -> Cell:
    if row.played is None:
        return "", Tone.MUTED
    return ("no event", Tone.MUTED) if not row.caused else (f"{count(row.caused, 'event')} →", Tone.ACCENT)


def rows_of(script: Script, played: Sequence[Played]) -> tuple[StepRow, ...]:
    """The steps of a script, with what came of those that were played."""
    titles = [title_of(step) for step in script.story.steps]
    if script.story.expect is not None:
        titles.append("the end")
    done = dict(enumerate(played, start=1))
    return tuple(StepRow(number, title, done.get(number)) for number, title in enumerate(titles, start=1))
