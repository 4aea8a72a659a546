"""A relay in a process of its own, to be killed: `python -m tests.support.relay_process HOME` prints its webhook."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.support.relay import running_relay


async def main(database: Path, home: Path) -> None:
    async with running_relay(database, home) as relay:
        print(relay.backend.webhook_url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
