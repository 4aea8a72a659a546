"""The plugin as it is installed: a stranger's directory, a test that asks for the fixture, nothing imported."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.support.processes import PROJECT, environment

README = (PROJECT / "README.md").read_text(encoding="utf-8")
TESTS = re.findall(r"<!-- tested: plugin -->\n```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.skipif(
    not entry_points(group="pytest11", name="devconsole") and "DEVCONSOLE_TESTS_NO_SKIP" not in os.environ,
    reason="the plugin is not installed: `make install` installs it",
)
def test_the_fixture_is_there_once_the_package_is_installed(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(TESTS[0])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"],
        cwd=tmp_path,
        env=environment(tmp_path / "home", {"PYTHONPATH": "", "STRIPE_SECRET": "sk_test_51Nneverusethisonehere"}),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
