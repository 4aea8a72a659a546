"""`make bench`: all measurements, or those named on the command line."""

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
    unknown = set(names) - set(MEASUREMENTS)
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(MEASUREMENTS)}", file=sys.stderr)
        return 2
    print(f"{platform.platform()}, Python {platform.python_version()}", flush=True)
    for name in names or MEASUREMENTS:
        import_module(f"tests.bench.{name}").measure()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
