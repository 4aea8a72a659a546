"""Grading webhook handlers: one by the book gets twelve of twelve, one from an afternoon learns what to mend."""

from __future__ import annotations

import json
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from pathlib import Path

import pytest

from billing.clock import SystemClock
from relay.api import AddForwardTarget, GradeForwardTarget, GradeView
from relay.errors import OperationRefused
from relay.grading import Probe, grade
from relay.grading.grader import EffectsNotShown
from tests.support.handlers import SECRET, BadHandler, GoodHandler, serving
from tests.support.processes import environment
from tests.support.relay import RunningRelay, Templates


async def graded(handler: GoodHandler | BadHandler, *, observe: bool = True) -> GradeView:
    async with serving(handler) as url:
        probe = Probe(
            f"{url}/hook",
            SECRET,
            templates=Templates(),
            clock=SystemClock(),
            observe=f"{url}/booked" if observe else None,
        )
        return await grade(probe)


async def test_a_handler_by_the_book_gives_every_guarantee() -> None:
    grades = await graded(GoodHandler())
    assert [(row.name, row.seen) for row in grades.guarantees if not row.held] == []
    assert (grades.passed, grades.of, grades.observed) == (12, 12, True)
    assert all(row.remedy is None for row in grades.guarantees)


async def test_a_handler_from_an_afternoon_learns_what_to_mend() -> None:
    grades = await graded(BadHandler())
    rows = {row.name: row for row in grades.guarantees}
    assert {name for name, row in rows.items() if row.held} == {"survives-a-rolled-secret", "answers-in-time"}
    assert "no Stripe-Signature: 500" in rows["rejects-unsigned"].seen
    assert "it had an effect" in rows["rejects-forged"].seen
    assert "another secret: 200" in rows["rejects-forged"].seen
    assert "200, 409, 409; the effect was 1, that of one event 1" in rows["tolerates-duplicates"].seen
    assert "the effect was 5, that of one event 1" in rows["tolerates-concurrent-duplicates"].seen
    assert "404" in rows["tolerates-reordering"].seen
    assert rows["refuses-get"].seen == "GET: 200"
    assert all(row.remedy for name, row in rows.items() if not row.held)


async def test_without_a_look_at_effects_only_answers_count() -> None:
    grades = await graded(GoodHandler(), observe=False)
    assert (grades.passed, grades.observed) == (12, False)
    duplicates = next(row for row in grades.guarantees if row.name == "tolerates-duplicates")
    assert duplicates.seen == "200, 200, 200; whether it took effect once was not looked at"


async def test_effects_must_be_one_number() -> None:
    async with serving(GoodHandler()) as url:
        probe = Probe(f"{url}/hook", SECRET, templates=Templates(), clock=SystemClock(), observe=f"{url}/hook")
        with pytest.raises(EffectsNotShown, match="not one number"):
            await grade(probe)


async def test_a_forward_target_is_graded_under_its_own_secret(relay: RunningRelay, unused_tcp_port: int) -> None:
    async with serving(BadHandler()) as url:
        await relay.client.call(AddForwardTarget(url=f"{url}/hook", target_name="app"))
        grades = await relay.client.call(GradeForwardTarget(target="app", observe=f"{url}/booked"))
        assert (grades.of, grades.observed) == (12, True)
        with pytest.raises(OperationRefused) as elsewhere:
            await relay.client.call(GradeForwardTarget(target="app", observe="http://example.com/"))
        assert elsewhere.value.problem.code == "address_refused"
    await relay.client.call(AddForwardTarget(url=f"http://127.0.0.1:{unused_tcp_port}/", target_name="gone"))
    with pytest.raises(OperationRefused) as gone:
        await relay.client.call(GradeForwardTarget(target="gone"))
    assert gone.value.problem.code == "handler_unreachable"


async def grade_by_command(url: str, *options: str, home: Path) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "devconsole", "faults", "grade", url, *options]
    process = await create_subprocess_exec(*command, env=environment(home), stdout=PIPE, stderr=PIPE)
    stdout, stderr = await process.communicate()
    assert process.returncode is not None
    return process.returncode, stdout.decode(), stderr.decode()


async def test_any_address_is_graded_from_the_command_line_without_a_server(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with serving(GoodHandler()) as url:
        code, stdout, _ = await grade_by_command(
            f"{url}/hook", "--secret", SECRET, "--observe", f"{url}/booked", "--json", home=home
        )
        assert (code, json.loads(stdout)["passed"]) == (0, 12)
        code, stdout, stderr = await grade_by_command(f"{url}/hook", "--secret", "whsec_another_one_012345", home=home)
    assert code == 1
    assert "NOT given  Answers in time" in stderr
    assert "mend: Store the event, answer 200" in stdout
    code, _, stderr = await grade_by_command("http://example.com/", "--secret", SECRET, home=home)
    assert code == 1
    assert "--allow-remote" in stderr
