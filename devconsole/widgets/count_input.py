"""Entry of a small whole number."""

from __future__ import annotations

from devconsole.entry import read_count
from devconsole.widgets.field import Field


class CountInput(Field[int]):
    """A whole number within a small range, all of which is offered."""

    def __init__(self, label: str, *, least: int, most: int, value: int, id: str | None = None) -> None:
        super().__init__(
            label,
            lambda text: read_count(text, least=least, most=most),
            value=str(value),
            presets=tuple(str(number) for number in range(least, most + 1)),
            id=id,
        )
