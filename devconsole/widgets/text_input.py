"""Entry of words."""

from __future__ import annotations

from devconsole.widgets.field import Field


class TextInput(Field[str]):
    """Words that must be there."""


class OptionalTextInput(Field[str | None]):
    """Words that may be missing."""
