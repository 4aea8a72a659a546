"""How an amount divides into money and bonus, on the way out and on the way back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Split:
    """Parts of one amount, both not negative."""

    money_cents: int
    bonus_cents: int


def split_spending(amount_cents: int, *, bonus_available_cents: int) -> Split:
    """Bonus first, then money."""
    assert amount_cents >= 0, amount_cents
    bonus_cents = min(amount_cents, max(0, bonus_available_cents))
    return Split(money_cents=amount_cents - bonus_cents, bonus_cents=bonus_cents)


def split_refund(amount_cents: int, *, paid: Split, refunded: Split) -> Split:
    """Back to where it came from: money first, capped at what money paid and was not given back, then bonus."""
    money_left_cents = paid.money_cents - refunded.money_cents
    bonus_left_cents = paid.bonus_cents - refunded.bonus_cents
    assert 0 <= amount_cents <= money_left_cents + bonus_left_cents, "more than is left to refund"
    money_cents = min(amount_cents, money_left_cents)
    return Split(money_cents=money_cents, bonus_cents=amount_cents - money_cents)
