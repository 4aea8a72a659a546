"""What a server is made of, where somebody may want it made of something else.

The fault lab and the proofs put a database that dies at a commit, a clock that is wrong or a handler that fails in
its place. No option, no variable and no request reaches this: it is given in Python, by whoever starts the process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from billing.clock import Clock, SystemClock
from billing.db import Database
from billing.handlers import HANDLERS, Rule
from billing.stripe_gateway import StripeGateway


@dataclass(frozen=True)
class Parts:
    """The defaults are what every server is made of."""

    database: Callable[[Path], Database] = Database
    gateway: Callable[..., StripeGateway] = StripeGateway
    clock: Callable[[], Clock] = SystemClock
    rules: Mapping[str, Rule[Any]] = field(default_factory=lambda: HANDLERS)
