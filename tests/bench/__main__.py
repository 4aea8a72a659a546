"""`make bench`: all measurements, or those named on the command line.

`engine:calls` measures a piece of one, `engine:topups,check,10000` two of them after ten thousand ledger rows.
"""

from __future__ import annotations

import platform
import sys
from importlib import import_module

import psutil

from tests.bench.figures import print_table

MEASUREMENTS = (
    "webhooks",
    "relays",
    "visible",
    "keys",
    "search",
    "startup",
    "command_line",
    "sandbox",
    "scenarios",
    "engine",
)


def main(names: list[str]) -> int:
    """Run the named measurements, all by default; print the machine first."""
    asked = [name.partition(":") for name in names or MEASUREMENTS]
    unknown = {name for name, _, _ in asked} - set(MEASUREMENTS)
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(MEASUREMENTS)}", file=sys.stderr)
        return 2
    print(machine(), flush=True)
    for name, _, pieces in asked:
        import_module(f"tests.bench.{name}").measure(*filter(None, pieces.split(",")))
    print_table()
    return 0


def machine() -> str:
    """What the figures were taken on: without it they mean nothing."""
    memory_gb = psutil.virtual_memory().total / (1 << 30)
    cores = f"{psutil.cpu_count()} cores, {platform.machine()}, {memory_gb:.0f} GB"
    return f"{cores}; {platform.system()} {platform.release().partition('-')[0]}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
