"""Follows the live feed from the command line, until interrupted."""

from __future__ import annotations

import asyncio

from devconsole import output
from devconsole.headless import Narrator
from relay.api import FeedItem
from relay.client import ControlClient
from relay.errors import RelayError

ARRIVED_MAX = 10_000
TOGETHER_S = 0.1
"""A balance may follow its event in the feed; a line waits this long, so that it shows the balance after it."""


def follow(url: str, token: str, *, after: str | None, as_json: bool) -> None:
    """Print the feed: every item as a line of JSON, or every event as a line for people.

    Raises `ServerUnreachable` when nobody answers at first; a connection that breaks later is taken up again.
    """
    asyncio.run(_follow(url, token, after=after, as_json=as_json))


async def _follow(url: str, token: str, *, after: str | None, as_json: bool) -> None:
    async with ControlClient(url, token) as client:
        connected = False

        def lost(error: RelayError) -> None:
            if not connected:
                raise error
            output.say(f"devconsole: {error}; trying again")

        arrived: asyncio.Queue[FeedItem] = asyncio.Queue(ARRIVED_MAX)
        printing = asyncio.create_task(_print_all(arrived, as_json=as_json))
        try:
            async for item in client.feed(after=after, on_lost=lost):
                if not connected:
                    output.say(f"Following {url}; Ctrl+C ends it.")
                connected = True
                await arrived.put(item)
                if printing.done():
                    break
        finally:
            printing.cancel()
        await printing


async def _print_all(arrived: asyncio.Queue[FeedItem], *, as_json: bool) -> None:
    narrator = Narrator()
    while True:
        items = [await arrived.get()]
        if not as_json:
            await asyncio.sleep(TOGETHER_S)
        while not arrived.empty():
            items.append(arrived.get_nowait())
        if as_json:
            for item in items:
                output.write_json_line(item)
        else:
            for line in narrator.lines(items):
                output.write(line)
