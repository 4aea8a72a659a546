"""The fault lab: every fault alone and every two at once, and a verdict that is not always yes."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
import threading
from collections import Counter
from contextlib import aclosing, closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import pytest

from devconsole import cli
from devconsole.lab import experiments, story
from devconsole.lab.catalog import BREWS
from devconsole.lab.child import run_in_child
from devconsole.lab.hazards import ORPHANED, Hazards
from devconsole.lab.host import PROCESSES
from devconsole.lab.listing import IN_LAB, all_faults
from devconsole.lab.verdict import INVARIANTS, judge
from devconsole.lab.world import running_world
from devconsole.output import ExitCode
from fixtures.faults import BY_NAME
from relay.api import CreateTopup, ListTopups
from relay.errors import OperationRefused
from tests.support.processes import run


def results_of(stdout: str) -> dict[str, Any]:
    results = [json.loads(line) for line in stdout.splitlines()]
    return {" + ".join(result["faults"]): result for result in results}


def broken_of(result: dict[str, Any]) -> dict[str, str]:
    return {name: each["seen"] for name, each in result["invariants"].items() if not each["held"]}


def test_every_fault_of_the_lab_is_listed_and_can_be_brought_about() -> None:
    assert tuple(BREWS) == IN_LAB
    assert len(IN_LAB) >= 18
    names = [fault.name for fault in all_faults()]
    assert len(names) == len(set(names))


@pytest.mark.proof
def test_faults_are_tried_out_and_tell_what_struck(tmp_path: Path) -> None:
    names = ("concurrent-duplicate", "handler-error", "crash-after-commit")
    results = results_of(run("faults", "run", *names, "--json", home=tmp_path / "home").stdout)
    assert {name: result["verdict"] for name, result in results.items()} == dict.fromkeys(names, "held")
    for result in results.values():
        assert result["struck"] == [True]
        assert {each["held"] for each in result["invariants"].values()} == {True}
        assert len(result["invariants"]) == len(INVARIANTS)
    assert results["crash-after-commit"]["deaths"] >= 1
    assert not (tmp_path / "home").exists(), "the lab leaves the user's home alone"


def test_what_cannot_be_tried_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["faults", "run", "duplicat", "--json"]) == ExitCode.REFUSED
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["code"], error["remedy"]) == ("unknown_fault", "Did you mean duplicate?")
    assert cli.main(["faults", "run", "drop", "--pairs"]) == ExitCode.REFUSED
    assert "two faults" in capsys.readouterr().err


async def test_the_verdict_finds_money_that_is_wrong(tmp_path: Path) -> None:
    """Somebody who writes into the tables, charges a card twice or loses an event is found out."""
    calm = await experiments.observe_calm(tmp_path)
    async with running_world(tmp_path / "world", template=calm.template) as world:
        await story.play(world)
        assert all(each.held for each in await judge(world, calm.money, stuck=None))
        with closing(sqlite3.connect(world.database)) as thief:
            thief.execute("UPDATE prepaid_balances SET balance = balance + 100 WHERE id = 1")
            thief.execute("PRAGMA foreign_keys = OFF")
            thief.execute("DELETE FROM webhook_events WHERE event_type = 'charge.refunded'")
            thief.commit()
        second = {"amount": 500, "currency": "eur", "payment_method": "pm_card_visa", "confirm": "true"}
        second |= {"payment_method_types[]": "card", "metadata[company_id]": "1"}
        await world.stripe("POST", "/v1/payment_intents", data=second)
        found = {each.name: each for each in await judge(world, calm.money, stuck="nothing moves")}
    assert {name: each.held for name, each in found.items()} == dict.fromkeys(INVARIANTS, False)
    assert "2 charges of pays-a-page instead of 1" in found["charged once"].seen
    assert "not in the inbox" in found["acknowledged"].seen
    assert "pays-a-page has 51.00 EUR instead of 50.00 EUR" in found["balances"].seen


@pytest.mark.proof
async def test_a_worker_that_could_not_be_told_the_time_is_told_it_later(tmp_path: Path) -> None:
    """A lock, at the moment when the clocks are set ahead to what is due, must not leave the worker asleep."""
    async with running_world(tmp_path / "world", impatient=True) as world:
        await story.prepare(world)
        world.sandbox.faults.add(BY_NAME["stripe-500"].armed(path="/v1/payment_intents", times=9))
        with pytest.raises(OperationRefused):
            await world.client.call(CreateTopup(company=story.CARD, amount_cents=5_000, card="visa"))
        world.sandbox.faults.clear()
        with closing(sqlite3.connect(world.database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            _, later = world.unfinished()
            assert later is not None
            await world.pass_time(later)
            other.execute("ROLLBACK")
        async with asyncio.timeout(10):  # asleep, it would look again after half a minute
            await world.quiet()
        (topup,) = (await world.client.call(ListTopups(company=story.CARD))).rows
        assert topup.status == "succeeded"


def test_a_server_ends_with_its_lab(tmp_path: Path) -> None:
    """Also if the lab goes away between a word and its answer."""
    line, theirs = PROCESSES.Pipe()
    line.send(("ahead", 1.0))
    line.close()
    process = PROCESSES.Process(target=listen_for_ever, args=(theirs, tmp_path / "struck"), daemon=True)
    process.start()
    theirs.close()
    process.join(30)
    assert process.exitcode == ORPHANED


def listen_for_ever(line: Connection, struck: Path) -> None:
    """Stands for a server that has nothing to do."""
    Hazards(line, struck).listen()
    threading.Event().wait()


@pytest.mark.proof
async def test_the_console_has_the_lab_in_a_process_that_ends_with_it() -> None:
    """What the screen does: the results come one by one, and whoever stops listening ends servers and homes too."""
    before = set(Path(tempfile.gettempdir()).glob("devconsole-faults-*"))
    async with aclosing(run_in_child(["duplicate", "tamper", "restart"])) as lab:
        first = await anext(lab)
        assert (first["verdict"], len(first["invariants"])) == ("held", len(INVARIANTS))
        (laboratory,) = (child for child in psutil.Process().children() if "faults run" in " ".join(child.cmdline()))
        processes = [laboratory, *laboratory.children(recursive=True)]
        assert len(processes) > 1, "it has a server"
        commands = {process.pid: " ".join(process.cmdline()) for process in processes}
    _, alive = psutil.wait_procs(processes, timeout=10)
    assert [(process, commands[process.pid]) for process in alive] == []
    assert set(Path(tempfile.gettempdir()).glob("devconsole-faults-*")) <= before


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.parametrize("options", [(), ("--pairs",)], ids=["singles", "pairs"])
def test_every_invariant_holds_under_every_fault(options: tuple[str, ...], tmp_path: Path) -> None:
    done = run("faults", "run", *options, "--json", home=tmp_path / "home", code=None, within_s=580)
    results = results_of(done.stdout)
    expected = experiments.pairs_of(()) if options else experiments.singles_of(())
    verdicts = Counter(result["verdict"] for result in results.values())
    print(f"\n{len(results)} experiments: {dict(verdicts)}")
    assert len(results) == len(expected), done.stderr
    assert {name: broken_of(result) for name, result in results.items() if result["verdict"] == "broken"} == {}
    assert done.code == 0
    if not options:
        assert verdicts == {"held": len(IN_LAB)}
