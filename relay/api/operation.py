"""What an operation is: a typed request with a name, a result type, a role and one line of help.

Every door (control API, command line, screens) reaches the server through these and nothing else.
This package is what a client loads, so it stays light: no database, no web server, no Stripe.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar, get_args

import msgspec

R = TypeVar("R")


class Role(StrEnum):
    """Who may call an operation, the one with the least to say first. Each may do what those before it may."""

    SUPPORT = "support"
    """Looks."""
    MANAGEMENT = "management"
    """Looks, and writes notes."""
    DEVELOPER = "developer"
    """Everything."""

    def may(self, needed: Role) -> bool:
        """Whether this role may call an operation that needs `needed`."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Operation(msgspec.Struct, Generic[R], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all requests; the docstring of a subclass is its one line of help."""

    name: ClassVar[str]
    role: ClassVar[Role] = Role.DEVELOPER

    @classmethod
    def result_type(cls) -> Any:
        """The type that the answer is decoded into."""
        return get_args(cls.__orig_bases__[0])[0]  # type: ignore[attr-defined]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all answers. Money is integer cents in fields that end in `_cents`, times are RFC 3339 UTC."""


class Problem(View, frozen=True, kw_only=True):
    """Why an operation was refused or failed: `code` is stable, `message` names the cause, `remedy` the way out."""

    code: str
    message: str
    remedy: str | None = None


class Page(View, Generic[R], frozen=True, kw_only=True):
    """Rows of a longer list, newest first."""

    rows: tuple[R, ...]
    total: int
    """How many rows match altogether."""
