"""Naming what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A sentence that names the known word most like `given`, or else all of them."""
    names = sorted(known)
    alike = difflib.get_close_matches(given, names, n=1, cutoff=0.6)
    return f"Did you mean {alike[0]}?" if alike else f"There are: {', '.join(names)}."
