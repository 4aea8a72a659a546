"""Every fault there is: those of the lab, and those that a running sandbox can be told to commit. Loads no server."""

from __future__ import annotations

import msgspec

from fixtures import faults as named

PROCESS_FAULTS: tuple[tuple[str, str, str, str], ...] = (
    ("clock-skew", "process", "A wrong clock", "The server's clock is minutes ahead of Stripe's."),
    ("slow-handler", "handler", "A slow handler", "Its transaction stays open meanwhile."),
    ("handler-error", "handler", "A handler that raises", "After all that it writes."),
    ("database-locked", "storage", "A locked database", "Another process holds the write lock."),
    ("disk-full", "storage", "A full disk", "No file of the server can grow."),
    ("crash-before-commit", "process", "Killed before a commit", "SIGKILL when all is written but the commit."),
    ("crash-after-commit", "process", "Killed after a commit", "SIGKILL before anybody is told of it."),
    ("restart", "process", "A restart", "Ended in order in the middle of the story, and started again."),
)
"""Name, area, title, what happens: of those that happen inside of a server."""

IN_LAB = (
    "drop", "lost-acknowledgement", "delay", "duplicate", "concurrent-duplicate", "reorder", "tamper",
    "stale-timestamp", "wrong-secret", "clock-skew", "stripe-429", "stripe-500", "charge-lost-answer", "slow-handler",
    "handler-error", "database-locked", "disk-full", "crash-before-commit", "crash-after-commit", "restart",
)  # fmt: skip
"""Those that the lab tries out, in its order."""


class FaultLine(msgspec.Struct, frozen=True, kw_only=True):
    """One fault."""

    name: str
    area: str
    """network, order, signature, stripe, handler, storage, process"""
    title: str
    what_happens: str
    lab: bool
    """`faults run` tries it out."""
    switchable: bool
    """`faults on` lets a running sandbox commit it."""


def all_faults() -> tuple[FaultLine, ...]:
    """Those of the lab in its order, then the others."""
    known = {fault.name: (fault.name, fault.area, fault.title, fault.what_happens) for fault in named.FAULTS}
    known |= {fault[0]: fault for fault in PROCESS_FAULTS}
    names = (*IN_LAB, *(name for name in known if name not in IN_LAB))
    return tuple(_line(*known[name]) for name in names)


def _line(name: str, area: str, title: str, what: str) -> FaultLine:
    return FaultLine(
        name=name,
        area=area,
        title=title,
        what_happens=what,
        lab=name in IN_LAB,
        switchable=name in named.BY_NAME,
    )
