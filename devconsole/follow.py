"""Follows the live feed from the command line, until interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from devconsole import output
from devconsole.headless import Narrator
from relay.api import EventView, FeedItem, FeedKind, ListEvents
from relay.client import ControlClient
from relay.errors import RelayError

ARRIVED_MAX = 10_000
TOGETHER_S = 0.1
"""A balance may follow its event in the feed; a line waits this long, so that it shows the balance after it."""


def follow(url: str, token: str, *, after: str | None, filter: str | None, as_json: bool) -> None:
    """Print the feed: every item as a line of JSON, or every event as a line for people; `filter` narrows both.

    Raises `ServerUnreachable` when nobody answers at first; a connection that breaks later is taken up again.
    """
    asyncio.run(_follow(url, token, after=after, filter=filter, as_json=as_json))


async def _follow(url: str, token: str, *, after: str | None, filter: str | None, as_json: bool) -> None:
    async with ControlClient(url, token) as client:
        connected = False

        def lost(error: RelayError) -> None:
            if not connected:
                raise error
            output.say(f"devconsole: {error}; trying again")

        arrived: asyncio.Queue[FeedItem] = asyncio.Queue(ARRIVED_MAX)
        sieve = None if filter is None else Sieve(client, filter)
        printing = asyncio.create_task(_print_all(arrived, sieve, as_json=as_json))
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


async def _print_all(arrived: asyncio.Queue[FeedItem], sieve: Sieve | None, *, as_json: bool) -> None:
    narrator = Narrator()
    while True:
        items = [await arrived.get()]
        if not as_json or sieve is not None:
            await asyncio.sleep(TOGETHER_S)
        while not arrived.empty():
            items.append(arrived.get_nowait())
        if sieve is not None:
            items = await sieve.sieved(items)
        if as_json:
            for item in items:
                output.write_json_line(item)
        else:
            for line in narrator.lines(items):
                output.write(line)


class Sieve:
    """Lets through the events that a filter does; the server says which, because it alone has the bodies."""

    def __init__(self, client: ControlClient, filter: str) -> None:
        self._client, self._filter = client, filter

    async def sieved(self, items: Sequence[FeedItem]) -> list[FeedItem]:
        """The events among these that match, in their order. Raises `RelayError`."""
        events = [(item, msgspec.json.decode(item.row, type=EventView).id) for item in items if _is_event(item)]
        if not events:
            return []
        numbers = [id_ for _, id_ in events]
        asked = ListEvents(filter=self._filter, after=min(numbers) - 1, before=max(numbers) + 1, limit=1000)
        matching = {row.id for row in (await self._client.call(asked)).rows}
        return [item for item, id_ in events if id_ in matching]


def _is_event(item: FeedItem) -> bool:
    return item.kind is FeedKind.EVENT
