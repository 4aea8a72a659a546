"""Entry of how long a call lasted."""

from __future__ import annotations

from devconsole.entry import EntryRefused, read_seconds
from devconsole.widgets.field import Field

PRESETS = ("30 s", "2:37", "10 min")


class DurationInput(Field[int]):
    """Seconds, m:ss or minutes, read as seconds."""

    def __init__(self, *, value: str = "", hint: str = "seconds, m:ss or 10 min", id: str = "duration") -> None:
        super().__init__("Duration", read_seconds, value=value, hint=hint, presets=PRESETS, id=id)


class OptionalDurationInput(Field[int | None]):
    """The same; an empty entry means that the clock decides."""

    def __init__(self, *, hint: str, id: str = "duration") -> None:
        super().__init__("Duration", _read_or_none, hint=hint, presets=PRESETS, id=id)


def _read_or_none(text: str) -> int | None:
    if not text.strip():
        return None
    if (duration_s := read_seconds(text)) == 0:
        raise EntryRefused("At least one second, or leave it empty")
    return duration_s
