"""devconsole's own server as a process of the lab: the real composition root, with parts in which things go wrong.

Processes are forked from one that has loaded everything before, where the system can do that: a lab starts hundreds.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from billing.locks import LOCK_PATIENCE_S
from devconsole.lab.hazards import Hazards
from devconsole.lab.points import Point, Points, database_with, gateway_with
from devconsole.output import Failure
from devconsole.parts import Parts
from devconsole.server import run_server
from relay.home import Home

_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
PROCESSES: Any = multiprocessing.get_context(_METHOD)
PRELOADED = ("devconsole.lab.host", "devconsole.wiring", "stripe", "uvloop")
SETTINGS = ("STRIPE_", "DEVCONSOLE_", "DEFAULT_", "PREPAID_", "AUTO_TOPUP_")
"""What the environment says to a server is kept out of the lab."""
READY_S = 30.0
KILLED = -9
"""Exit code of a process that did as a deadly point says."""
POLL_S = 0.01
IMPATIENT_S = 0.2
"""How long a writer waits for the lock where a locked database is to be noticed; otherwise ten seconds."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a server is started. It notes the points that it passes in `points`, and what has struck in `struck`."""

    home: Path
    port: int
    stripe_api: str
    webhook_secret: str
    points: Path
    struck: Path
    deadly: tuple[Point, ...] = ()
    impatient: bool = False


class ServerProcess:
    """One server process on a home."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._line, theirs = PROCESSES.Pipe()
        self._process = PROCESSES.Process(target=serve, args=(plan, theirs), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def is_alive(self) -> bool:
        return bool(self._process.is_alive())

    @property
    def exit_code(self) -> int | None:
        code: int | None = self._process.exitcode
        return code

    def tell(self, name: str, value: object) -> bool:
        """Ask for a hazard and wait until it is so; False when the process is gone."""
        try:
            self._line.send((name, value))
            self._line.recv()
        except (EOFError, OSError):
            return False
        return True

    async def ready(self) -> bool:
        """Return when it answers (True), or has ended before it could (False)."""
        deadline = time.monotonic() + READY_S
        while self.is_alive and time.monotonic() < deadline:
            record = Home(self.plan.home).read_server()
            if record is not None and record.pid == self._process.pid:
                return True
            await asyncio.sleep(POLL_S)
        return False

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self._line.close()

    async def end(self) -> None:
        """In order, as Ctrl+C would."""
        self._process.terminate()
        await asyncio.to_thread(self._process.join, READY_S)
        self.kill()

    def again(self) -> ServerProcess:
        """A new process on the same home. If this one has died, the point at which it did is behind it."""
        deadly = self.plan.deadly[1:] if self.exit_code == KILLED else self.plan.deadly
        return ServerProcess(replace(self.plan, deadly=deadly))


def preload() -> None:
    """Load what a server needs into the process that the others are forked from."""
    if _METHOD == "forkserver":
        PROCESSES.set_forkserver_preload(list(PRELOADED))


def serve(plan: Plan, line: Connection) -> None:
    """The body of the process."""
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        del os.environ[name]
    os.environ |= {"DEVCONSOLE_HOME": str(plan.home), "STRIPE_WEBHOOK_SECRET": plan.webhook_secret}
    os.chdir(plan.home)
    with (plan.home / "output").open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    hazards = Hazards(line, plan.struck)
    hazards.listen()
    points = Points(plan.points, plan.deadly[0] if plan.deadly else None)
    patience_s = IMPATIENT_S if plan.impatient else LOCK_PATIENCE_S
    parts = Parts(
        database=partial(database_with(points), patience_s=patience_s),
        gateway=gateway_with(points),
        clock=lambda: hazards,
        rules=hazards.rules(),
    )
    start = {"port": plan.port, "stripe_api": plan.stripe_api}
    try:
        raise SystemExit(run_server(Home(plan.home), start=start, as_json=True, parts=parts))
    except Failure as failure:
        raise SystemExit(f"{failure.code}: {failure.message}") from None
