"""Amounts in the sentences that billing writes into reasons and descriptions."""

from __future__ import annotations


def euros(cents: int) -> str:
    """`5000` -> `50.00`, `-123456` -> `-1,234.56`."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def money(cents: int, currency: str = "EUR") -> str:
    """`5000` -> `50.00 EUR`."""
    return f"{euros(cents)} {currency.upper()}"
