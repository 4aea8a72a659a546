"""Amounts in the sentences that billing writes into reasons and descriptions."""

from __future__ import annotations


def euros(cents: int) -> str:
    """`5000` -> `50.00`, `-123456` -> `-1,234.56`."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def money(cents: int, currency: str = "EUR") -> str:
    """`5000` -> `50.00 EUR`."""
    return f"{euros(cents)} {currency.upper()}"


def money_in(cents: int, language: str, currency: str = "EUR") -> str:
    """As people of that language write it: `de` -> `1.234,56 EUR`, everybody else -> `1,234.56 EUR`."""
    text = money(cents, currency)
    return text.translate(_GERMAN_SIGNS) if language == "de" else text


_GERMAN_SIGNS = str.maketrans({",": ".", ".": ","})
