"""The guard that stands before everything that moves money or asks Stripe."""

from __future__ import annotations

from typing import Protocol


class TestModeGuard(Protocol):
    """Knows whether test mode is on right now."""

    def check(self) -> None:
        """Raise `TestModeOff`, with the reason, while test mode is off."""


class AlwaysOn:
    """Test mode that cannot be switched off: for tools and tests that have no lock file."""

    def check(self) -> None:
        return None
