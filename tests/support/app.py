"""An application of the user's that gets webhooks: it answers what it is told, and keeps what it got."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.support.relay import until


@dataclass
class App:
    """Answers with the statuses that it was given, then with `otherwise`."""

    statuses: Iterator[int]
    otherwise: int = 200
    url: str = ""
    got: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    answer_headers: dict[str, str] = field(default_factory=dict)
    answer_body: bytes = b""

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((await request.read(), dict(request.headers)))
        status = next(self.statuses, self.otherwise)
        return web.Response(status=status, headers=self.answer_headers, body=self.answer_body)

    async def received(self, count: int) -> None:
        async def enough() -> bool:
            return len(self.got) >= count

        await until(enough)

    @property
    def event_ids(self) -> list[str]:
        return [json.loads(body)["id"] for body, _ in self.got]


@asynccontextmanager
async def running_app(statuses: Sequence[int] = (), *, otherwise: int = 200, port: int = 0) -> AsyncIterator[App]:
    app = App(iter(statuses), otherwise)
    served = web.Application()
    served.router.add_post("/hook", app.take)
    runner = web.AppRunner(served, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    app.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield app
    finally:
        await runner.cleanup()
