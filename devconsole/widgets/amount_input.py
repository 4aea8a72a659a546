"""Entry of an amount in euros."""

from __future__ import annotations

from devconsole.entry import AmountRange
from devconsole.widgets.field import Field


class AmountInput(Field[int]):
    """Decimal euros, at most two decimals, read as cents."""

    def __init__(
        self,
        label: str,
        amounts: AmountRange,
        *,
        cents: int | None = None,
        presets_cents: tuple[int, ...] = (),
        hint: str | None = None,
        id: str | None = None,
    ) -> None:
        super().__init__(
            label,
            amounts.read,
            value="" if cents is None else as_typed(cents),
            hint=str(amounts) if hint is None else hint,
            short=True,
            presets=tuple(as_typed(preset) for preset in presets_cents),
            id=id,
        )


def as_typed(cents: int) -> str:
    """Cents the way a person would type them: 5000 -> `50.00`."""
    return f"{cents // 100}.{cents % 100:02d}"
