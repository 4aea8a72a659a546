"""`python -m devconsole` and the `devconsole` command."""

from __future__ import annotations

import sys

from devconsole import cli


def main() -> None:
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
