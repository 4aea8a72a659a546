"""Coverage-guided fuzzing (atheris) of what reads unknown bytes at the webhook."""

from __future__ import annotations

import subprocess
import sys

import pytest

RUNS = 100_000
SECONDS_MAX = 60


@pytest.mark.proof
@pytest.mark.skipif(sys.platform != "linux", reason="atheris is there for Linux alone")
def test_a_fuzzer_that_follows_the_code_finds_no_input_that_breaks_the_door() -> None:
    command = [sys.executable, "-m", "tests.support.fuzz_door"]
    options = [f"-runs={RUNS}", f"-max_total_time={SECONDS_MAX}", "-seed=1", "-max_len=2400"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=SECONDS_MAX * 2)
    assert done.returncode == 0, done.stderr[-4_000:]
    assert "Done" in done.stdout + done.stderr
