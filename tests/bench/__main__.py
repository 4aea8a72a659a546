"""`make bench`: all measurements, or those named on the command line.

`engine:calls` measures a piece of one, `engine:topups,check,10000` two of them after ten thousand ledger rows.
"""

from __future__ import annotations

import platform
import sys
from importlib import import_module

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
    print(f"{platform.platform()}, Python {platform.python_version()}", flush=True)
    for name, _, pieces in asked:
        import_module(f"tests.bench.{name}").measure(*filter(None, pieces.split(",")))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
