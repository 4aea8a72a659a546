"""A story as a tree: branches, how long after the start, how long it took; for the command line and the console."""

from __future__ import annotations

from collections.abc import Sequence

from devconsole.format import latency
from relay.api import TraceNode


def branches(depths: Sequence[int]) -> list[str]:
    """The branch in front of each node, given the depths in order: `├─ `, `└─ `, `│  `."""
    drawn: list[str] = []
    open_: set[int] = set()
    for depth in reversed(depths):
        if depth == 0:
            drawn.append("")
            open_.clear()
            continue
        lines = "".join("│  " if level in open_ else "   " for level in range(1, depth))
        drawn.append(lines + ("├─ " if depth in open_ else "└─ "))
        open_ = {level for level in open_ if level < depth} | {depth}
    return drawn[::-1]


def took(node: TraceNode) -> str:
    return "" if node.took_us is None else latency(node.took_us)


def since_start(microseconds: int) -> str:
    """`+0.071 s`, `+2:03.071`, `+1:02:03`."""
    seconds = microseconds / 1_000_000
    if seconds < 60:
        return f"+{seconds:.3f} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"+{int(minutes)}:{rest:06.3f}"
    return f"+{int(minutes) // 60}:{int(minutes) % 60:02d}:{int(rest):02d}"
