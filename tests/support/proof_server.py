"""devconsole's own server in a process that can be killed: forked from one that has loaded everything before.

The real composition root runs; only its database and gateway are exchanged, for ones that count what they pass.
"""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

import devconsole.wiring  # noqa: F401  everything that a server loads is loaded before the fork
from devconsole.lab.points import Point, Points, database_with, gateway_with
from devconsole.parts import Parts
from devconsole.server import run_server
from relay.home import Home, ServerRecord
from tests.support.processes import SETTINGS, until

FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["tests.support.proof_server", "stripe", "uvloop"])


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a server is started. `points` is where it notes what it passes."""

    home: Path
    stripe_api: str
    webhook_secret: str
    port: int = 0
    points: Path | None = None
    deadly: Point | None = None


class Server:
    """One server process after another on the same home and port."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.process = FORK.Process(target=serve, args=(plan,), daemon=True)
        self.process.start()

    def ready(self) -> ServerRecord | None:
        """The record of this process once it answers; None when it died before."""

        def found() -> ServerRecord | bool | None:
            record = Home(self.plan.home).read_server()
            return record if record is not None and record.pid == self.process.pid else not self.process.is_alive()

        answer = until(found, what="a server that is ready")
        return answer if isinstance(answer, ServerRecord) else None

    @property
    def was_killed(self) -> bool:
        return self.process.exitcode == -9

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def end(self) -> None:
        """In order, as Ctrl+C would."""
        self.process.terminate()
        self.process.join(20)
        if self.process.is_alive():
            stacks = psutil.Process(self.process.pid).status()
            self.kill()
            raise AssertionError(f"the server did not end: {stacks}")

    def again(self) -> Server:
        """A new process on the same home, which nothing kills."""
        return Server(replace(self.plan, deadly=None))


def serve(plan: Plan) -> None:
    """The body of the process."""
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        del os.environ[name]
    os.environ |= {"DEVCONSOLE_HOME": str(plan.home), "STRIPE_WEBHOOK_SECRET": plan.webhook_secret}
    os.chdir(plan.home)
    with (plan.home / "output").open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    parts = None
    if plan.points is not None:
        points = Points(plan.points, plan.deadly)
        parts = Parts(database=database_with(points), gateway=gateway_with(points))
    start = {"port": plan.port, "stripe_api": plan.stripe_api}
    raise SystemExit(run_server(Home(plan.home), start=start, as_json=True, parts=parts))
