"""Anything that can happen, in any order, on a real file: after each step the engine agrees with twenty lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.proof_machine import Engine

QUICK = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    derandomize=True,
)
LONG = settings(QUICK, derandomize=False, max_examples=100, stateful_step_count=50)


def play(empty_database: Path, profile: settings) -> None:
    machine = type("EngineOnItsFile", (Engine,), {"template": empty_database})
    run_state_machine_as_test(machine, settings=profile)


def test_the_engine_agrees_with_the_model(empty_database: Path) -> None:
    play(empty_database, QUICK)


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_the_engine_agrees_with_the_model_for_long(empty_database: Path) -> None:
    play(empty_database, LONG)
    print(f"{LONG.max_examples} lives of up to {LONG.stateful_step_count} steps")


def test_what_a_call_held_pays_for_one_that_waits(empty_database: Path) -> None:
    """A life that was found this way: rare enough to be told on purpose."""

    class Told(Engine):
        template = empty_database

    life = Told()
    try:
        life.begin(armed=False)
        for _ in range(3):
            life.start_call()
        life.call(seconds=3_000)
        life.call(seconds=900)
        assert life.model.unpaid
        life.end_call(which=0, seconds=1)
        assert not life.model.unpaid
        life.the_engine_agrees_with_the_model()
    finally:
        life.teardown()
