"""`make picture`: the README's pictures, drawn by the console itself while it runs, and its demo as a recording."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from devconsole.app import DevConsole
from devconsole.demo import film
from devconsole.demo.film import own_fonts
from devconsole.demo.reel import reel_of
from devconsole.demo.stage import OwnStages
from devconsole.source import Address, RemoteSource
from relay.api import CheckoutTopup, CreateTopup, DrainBalance, SimulateCall, StartCall
from relay.api.operation import Operation
from relay.home import Home
from tests.support.processes import PROJECT, server

PICTURE = PROJECT / ".github" / "console.svg"
CAST, ANIMATION = PROJECT / ".github" / "demo.cast", PROJECT / ".github" / "demo.svg"
FILMED, PACE_S = "manual-topup", 4.0
SIZE = (132, 38)
PATIENCE_S = 20.0

STORY: tuple[Operation[object], ...] = (
    CreateTopup(company="acme-telefon", amount_cents=5_000, card="visa"),
    CreateTopup(company="nordlicht-service", amount_cents=2_500, card="insufficient-funds"),
    SimulateCall(company="acme-telefon", duration_s=157),
    DrainBalance(company="bergblick-praxis", to_cents=2_010),
    SimulateCall(company="bergblick-praxis", duration_s=120),
    CheckoutTopup(company="kaffeehaus-linz", amount_cents=10_000),
    StartCall(company="acme-telefon"),
)
"""Something of everything: credited, declined, charged, low and filled up by itself, waiting, running."""


async def draw(url: str, token: str) -> str:
    """Play the story through the console's own source and return its screen as SVG."""
    console = DevConsole(RemoteSource(lambda: Address(url, token)))
    async with console.run_test(size=SIZE) as pilot:
        await until(lambda: len(console.snapshot.companies) == 5)
        for operation in STORY:
            await console.source.call(operation)
        await until(lambda: any(row.allowed for row in console.snapshot.decisions))
        await until(lambda: console.snapshot.status is not None and console.snapshot.status.queue_depth == 0)
        await pilot.pause(3)  # the charge's last event comes two seconds after it
        return own_fonts(console.export_screenshot(title="devconsole"))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.05)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch, server(Path(scratch) / "home") as running:
        token = Home(running.home).token()
        svg = asyncio.run(draw(running.ready["relay"], token))
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(svg, encoding="utf-8")
    print(PICTURE.relative_to(PROJECT))
    with contextlib.closing(OwnStages()) as stages:
        taken = film.film(reel_of([FILMED]), stages=stages, pace_s=PACE_S)
    for path in film.written(taken, cast=CAST, frames=None, animation=ANIMATION, title=f"devconsole: {FILMED}"):
        print(Path(path).relative_to(PROJECT))


if __name__ == "__main__":
    main()
