"""A story as a tree: branches, how long after the start, how long it took; for the command line and the console."""

from __future__ import annotations

from collections.abc import Sequence

from devconsole.format import latency
from relay.api import TraceNode


def branches(nodes: Sequence[TraceNode]) -> list[str]:
    """What stands before each node: `├─ `, `└─ `, with the lines of its ancestors that go on."""
    found = []
    goes_on: dict[int, bool] = {}
    for place in range(len(nodes) - 1, -1, -1):
        depth = nodes[place].depth
        sign = "" if not depth else "├─ " if goes_on.get(depth) else "└─ "
        found.append("".join("│  " if goes_on.get(level) else "   " for level in range(1, depth)) + sign)
        goes_on[depth] = True
        for deeper in [level for level in goes_on if level > depth]:
            del goes_on[deeper]
    return found[::-1]


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
