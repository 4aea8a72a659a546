"""The sandbox beside localstripe: requests per second, latency, start-up, growth and memory."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench import load, localstripe
from tests.bench.figures import Goal, Series, ratio, report, series, void_note
from tests.bench.processes import LOAD_CORE, SERVER_CORE, pin

ROUNDS = 5
PER_ROUND = 150
WARM_UP = 200
"""Requests that change nothing, before what is counted: the first ones after a start cost more, on both sides."""
THEIR_FIRST = 20
"""So few customers tell what one costs localstripe at first: each makes the next one dearer."""
CONNECTIONS = 8
THEIRS_MANY = 1_000
"""It takes minutes for more."""
OURS_MANY = (3_000, 100_000)
AT_A_TIME = 5_000
HEAD = (
    "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer sk_test_bench_0000\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
)
READ = ("GET", "/v1/customers?limit=1", "")
CUSTOMER = ("POST", "/v1/customers", "email=u{n}%40example.com&name=Ada&metadata[company]={n}")
PAYMENT = (
    "POST",
    "/v1/payment_intents",
    "amount=1500&currency=eur&payment_method=pm_card_visa&confirm=true&metadata[n]={n}",
)


@dataclass(frozen=True)
class Standin:
    """A stand-in for Stripe that runs; `started_s` is how long that took."""

    port: int
    pid: int
    started_s: float


@contextlib.contextmanager
def sandbox() -> Iterator[Standin]:
    """Our own, on a new state file."""
    with tempfile.TemporaryDirectory() as directory:
        began, port = time.perf_counter(), localstripe.free_port()
        command = [sys.executable, "-m", "fixtures.sandbox", "--port", str(port)]
        process = subprocess.Popen([*command, "--path", str(Path(directory) / "s.db")], stdout=subprocess.DEVNULL)
        try:
            pin(process.pid, SERVER_CORE)
            localstripe.wait_until_open(port, process)
            yield Standin(port, process.pid, time.perf_counter() - began)
        finally:
            process.terminate()
            process.wait(10)


@contextlib.contextmanager
def other() -> Iterator[Standin]:
    """localstripe, from scratch. Raises `localstripe.Unavailable`."""
    localstripe.program()
    began = time.perf_counter()
    with localstripe.running() as (port, pid):
        yield Standin(port, pid, time.perf_counter() - began)


def send(standin: Standin, what: tuple[str, str, str], count: int, *, connections: int = CONNECTIONS) -> load.Result:
    """So many requests of a kind, as fast as they are answered."""
    method, path, form = what
    requests = []
    for number in range(count):
        body = form.format(n=f"{time.perf_counter_ns()}{number}")
        requests.append((HEAD.format(method=method, path=path, port=standin.port, length=len(body)) + body).encode())
    result = asyncio.run(load.closed_loop(port=standin.port, requests=requests, connections=connections))
    assert set(result.statuses) == {200}, result.statuses
    return result


def measure() -> None:
    """Both from nothing in each round, then ours until it holds a hundred thousand customers."""
    pin(0, LOAD_CORE)
    try:
        localstripe.program()
    except localstripe.Unavailable as error:
        print(f"sandbox beside localstripe: left out, because {error}", flush=True)
    else:
        _side_by_side()
        _grown(other, (THEIRS_MANY,), "localstripe", per_round=THEIR_FIRST)
    _grown(sandbox, OURS_MANY, "sandbox", per_round=PER_ROUND)


def _side_by_side() -> None:
    ours, theirs = list[Standin](), list[Standin]()
    results: dict[str, tuple[list[load.Result], list[load.Result]]] = {"customer": ([], []), "payment": ([], [])}
    for _ in range(ROUNDS):
        for start, kept, side in ((other, theirs, 1), (sandbox, ours, 0)):
            with start() as standin:
                kept.append(standin)
                send(standin, READ, WARM_UP)
                for name, what in (("customer", CUSTOMER), ("payment", PAYMENT)):
                    results[name][side].append(send(standin, what, PER_ROUND))
    for name, title in (("customer", "create a customer"), ("payment", "create and confirm a payment intent")):
        mine, base = (series([each.ok_per_second for each in side]) for side in results[name])
        report(
            f"{title}, {CONNECTIONS} connections, nearly empty",
            f"{mine} /s, {_latency(results[name][0])}",
            f"{base} /s, {_latency(results[name][1])}, localstripe",
            ratio(mine, base).median,
            Goal(must=3, aim=10) if name == "customer" else None,
            note=void_note(base),
        )
    mine, base = (series([each.started_s * 1000 for each in side]) for side in (ours, theirs))
    report("start-up, until it listens", f"{mine} ms", f"{base} ms, localstripe", ratio(mine, base).median, None)


def _grown(
    start: Callable[[], contextlib.AbstractContextManager[Standin]],
    counts: Sequence[int],
    name: str,
    *,
    per_round: int,
) -> None:
    """The cost of a customer when there are many already, beside that of the first ones."""
    with start() as standin:
        send(standin, READ, WARM_UP, connections=1)
        empty_mb = _memory_mb(standin)
        before = _ms_each(standin, per_round)
        made = ROUNDS * per_round
        for count in counts:
            while made < count:
                part = min(AT_A_TIME, count - made)
                send(standin, CUSTOMER, part)
                made += part
            after = _ms_each(standin, per_round)
            made += ROUNDS * per_round
            report(
                f"{name}: cost of a customer when there are {count:,}, one after the other",
                f"{after} ms, process {_memory_mb(standin):.0f} MB",
                f"{before} ms, process {empty_mb:.0f} MB, when there are none",
                after.median / before.median,
                Goal(must=1.15, aim=1.05, at_most=True) if name == "sandbox" else None,
                note=void_note(before) if name == "sandbox" else "",
            )


def _ms_each(standin: Standin, per_round: int) -> Series:
    """Milliseconds per customer, one after the other: the median of each round."""
    rounds = [send(standin, CUSTOMER, per_round, connections=1) for _ in range(ROUNDS)]
    return series([each.percentile_ms(50) for each in rounds])


def _latency(results: list[load.Result]) -> str:
    def middle(percent: float) -> float:
        return series([each.percentile_ms(percent) for each in results]).median

    return f"p50 {middle(50):.1f} ms, p99 {middle(99):.1f} ms"


def _memory_mb(standin: Standin) -> float:
    return psutil.Process(standin.pid).memory_info().rss / 1e6
