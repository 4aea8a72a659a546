"""What of a dry run is told, on the screen and on the command line."""

from __future__ import annotations

from devconsole.format import euros
from relay.api import FieldChange, Rehearsal, RowChange

VERDICTS = ("fixed", "regressed", "same", "new")
EMPTY = (None, "", 0)
MONEY = frozenset(
    {
        *("amount", "bonus_amount", "reserved_amount", "amount_cents", "amount_charged", "booked_amount"),
        *("balance", "bonus_balance", "reserved_balance", "balance_before", "balance_after", "bonus_after"),
        *("reserved_after", "paid_by_bonus", "refunded_amount", "refunded_bonus", "total_bonus_given"),
        *("total", "subtotal", "tax_amount", "auto_topup_amount", "auto_topup_threshold", "low_balance_threshold"),
    }
)
"""Columns that hold cents."""


def verdicts(rehearsal: Rehearsal) -> str:
    """How many of each: `1 fixed, 2 same`."""
    found = [event.verdict for event in rehearsal.events]
    return ", ".join(f"{found.count(verdict)} {verdict}" for verdict in VERDICTS if verdict in found) or "nothing tried"


def value_text(field: FieldChange, value: str | int | float | None) -> str:
    """A value of this field as people read it: cents as euros."""
    if value is None:
        return ""
    return euros(value) if field.name in MONEY and isinstance(value, int) else str(value)


def told(change: RowChange) -> tuple[FieldChange, ...]:
    """Of a new row what it says, without what it leaves empty; of any other what changes."""
    return tuple(field for field in change.fields if change.change != "added" or field.after not in EMPTY)
