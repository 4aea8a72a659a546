"""The baseline: an aiohttp handler that reads the body and answers 200, on the same loop and core as ours."""

from __future__ import annotations

import asyncio
import sys

from aiohttp import web


async def answer(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=b'{"received":true}', content_type="application/json")


async def main() -> None:
    app = web.Application(client_max_size=1 << 20)
    app.router.add_post("/api/stripe/webhook", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
