"""Processes that send the same delivery many times at once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from multiprocessing.connection import Connection

import aiohttp

from billing.signature import sign
from tests.support.proof_server import FORK

TRIES_MAX, AGAIN_S = 100, 0.1


def send_copies(webhook: str, secret: str, body: bytes, *, processes: int, each: int) -> Counter[str]:
    """Send `processes * each` copies, all together; how often which status was answered."""
    pipes, senders = [], []
    for _ in range(processes):
        ours, theirs = FORK.Pipe()
        sender = FORK.Process(target=_send, args=(theirs, webhook, secret, body, each), daemon=True)
        sender.start()
        pipes.append(ours)
        senders.append(sender)
    for pipe in pipes:
        assert pipe.recv() == "ready"
    for pipe in pipes:
        pipe.send("go")
    statuses: Counter[str] = Counter()
    for pipe, sender in zip(pipes, senders, strict=True):
        assert pipe.poll(60), "a sender does not answer"
        statuses.update(pipe.recv())
        sender.join()
    return statuses


def _send(pipe: Connection, webhook: str, secret: str, body: bytes, each: int) -> None:
    pipe.send(asyncio.run(_send_all(pipe, webhook, secret, body, each)))


async def _send_all(pipe: Connection, webhook: str, secret: str, body: bytes, each: int) -> Counter[str]:
    headers = {"Stripe-Signature": sign(body, secret, int(time.time())), "Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as http:

        async def send() -> str:
            for _ in range(TRIES_MAX):
                async with http.post(webhook, data=body) as answer:
                    told = await answer.json()
                    if answer.status == 200:
                        return str(told["status"])
                    # More have come than may be connected at once; Stripe would come back, too.
                    assert (answer.status, told["code"]) == (503, "busy"), told
                await asyncio.sleep(AGAIN_S)
            raise AssertionError(f"busy {TRIES_MAX} times in a row")

        pipe.send("ready")
        pipe.recv()
        return Counter(await asyncio.gather(*(send() for _ in range(each))))
