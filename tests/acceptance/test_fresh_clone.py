"""From a clone to a running server with one command, and at once the second time."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import PROJECT, environment

INSTALL_S = 600.0


def make_run(clone: Path, home: Path) -> list[str]:
    """What `make run` prints without a terminal until the server is ready; then it is interrupted."""
    process = subprocess.Popen(
        ["make", "run", "ARGS=--port 0 --sandbox-port 0"],
        cwd=clone, env=environment(home), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if "is ready" in line:
                break
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
    return said


@pytest.mark.proof
@pytest.mark.timeout(INSTALL_S * 2)
def test_a_clone_runs_with_one_command_and_installs_once(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(clone)], check=True)
    first = make_run(clone, tmp_path / "home")
    assert any("Installing devconsole" in line for line in first), first
    assert "is ready" in first[-1], first
    second = make_run(clone, tmp_path / "home")
    assert not any("Installing" in line for line in second)
    assert "is ready" in second[-1], second


def test_a_machine_without_a_fitting_python_is_told_so(tmp_path: Path) -> None:
    makefile = tmp_path / "Makefile"
    makefile.write_bytes((PROJECT / "Makefile").read_bytes())
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "constraints.txt").touch()
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "rm"):
        (tools / name).symlink_to(f"/bin/{name}")
    tried = subprocess.run(
        ["make", "run"], cwd=tmp_path, env={"PATH": str(tools), "HOME": str(tmp_path)},
        executable="/usr/bin/make", capture_output=True, text=True,
    )  # fmt: skip
    assert tried.returncode != 0
    assert "devconsole needs Python 3.11, 3.12 or 3.13 and found none" in tried.stderr
