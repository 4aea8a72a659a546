"""A dry run to read: each event with its verdict, below it the rows that a replay would write."""

from __future__ import annotations

from collections.abc import Iterator

from textual import on

from devconsole.format import count, size, words
from devconsole.looks import Tone
from devconsole.rehearsed import told, value_text, verdicts
from devconsole.screens.reading import ReadingLine, ReadingScreen, Title
from devconsole.widgets.row_list import RowList
from relay.api import EventRehearsal, FieldChange, Rehearsal

TONES = {"fixed": Tone.GOOD, "regressed": Tone.BAD, "same": Tone.PLAIN, "new": Tone.ACCENT}
SIGNS = {"added": ("+", Tone.GOOD), "removed": ("-", Tone.BAD), "changed": ("~", Tone.WARN)}
Cells = tuple[tuple[str, Tone], ...]


class RehearsalScreen(ReadingScreen):
    """Nothing was written; the copy is gone."""

    title_text = "What a replay would do"
    columns_shown = (Title("", 10), Title("What", 0.36), Title("Before", 0.22), Title("After", 0))
    nothing = "No event was selected."

    def __init__(self, rehearsal: Rehearsal) -> None:
        super().__init__()
        self._rehearsal = rehearsal

    def on_mount(self) -> None:
        self.call_after_refresh(self._show_rehearsal)

    def _show_rehearsal(self) -> None:
        rehearsal = self._rehearsal
        lines = [
            ReadingLine(place, cells, reference)
            for place, (cells, reference) in enumerate(found for event in rehearsal.events for found in _event(event))
        ]
        self.fill(_head(rehearsal), lines, note=count(len(rehearsal.events), "event"))

    @on(RowList.Opened, "#reading-list")
    def _event_opened(self, message: RowList.Opened) -> None:
        if message.row.reference is not None:
            self.console.open_event(message.row.reference)


def _head(rehearsal: Rehearsal) -> list[tuple[str, Tone]]:
    copied = f"Tried on a copy of {size(rehearsal.copied_bytes)} in {rehearsal.duration_ms} ms"
    head = [(f"{verdicts(rehearsal)}. Nothing was sent or written.", Tone.STRONG)]
    if rehearsal.ledger_ok:
        head.append((f"{copied}; the ledger would add up.", Tone.MUTED))
    else:
        head += [(f"{copied}; the ledger would not add up:", Tone.BAD)]
        head += [(f"{breach.rule}: {breach.detail}", Tone.BAD) for breach in rehearsal.breaches[:5]]
    return head


def _event(event: EventRehearsal) -> Iterator[tuple[Cells, str | None]]:
    tone = TONES[event.verdict]
    before = words(event.status_before) if event.status_before else ""
    after = f"{words(event.status_after)}: {event.reason_after}" if event.reason_after else words(event.status_after)
    yield ((event.verdict, tone), (event.event_id, Tone.STRONG), (before, Tone.PLAIN), (after, tone)), event.event_id
    for change in event.changes:
        sign, tone = SIGNS[change.change]
        yield (
            ((f"  {sign}", tone), (f"{change.table} {change.id}", Tone.PLAIN), ("", Tone.PLAIN), ("", Tone.PLAIN)),
            None,
        )
        for field in told(change):
            yield (("", tone), (f"  {words(field.name)}", Tone.MUTED), *_values(field, tone)), None


def _values(field: FieldChange, tone: Tone) -> tuple[tuple[str, Tone], tuple[str, Tone]]:
    before, after = value_text(field, field.before), value_text(field, field.after)
    return (before, Tone.PLAIN), (after, tone)
