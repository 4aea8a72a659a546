"""Every command that the README shows is run, as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import PROJECT, RunningServer, environment, run, server, until
from tests.support.tools import stripe_cli

README = (PROJECT / "README.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- tested: (\w+) -->\n```sh\n(.*?)```", README, re.DOTALL))


def commands(block: str) -> list[str]:
    return [line.split("  #")[0].strip() for line in BLOCKS[block].splitlines() if line.strip()]


def test_each_shell_block_is_tested_or_is_about_make() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    untested = [block for block in blocks if block not in BLOCKS.values()]
    assert [[line.split()[0] for line in block.splitlines()] for block in untested] == [["make", "make"]]


def test_each_make_target_of_the_readme_exists() -> None:
    for target in sorted(set(re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE))):
        tried = subprocess.run(["make", "-n", target], cwd=PROJECT, capture_output=True, text=True)
        assert tried.returncode == 0, (target, tried.stderr)


def test_the_picture_of_the_readme_is_there() -> None:
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (PROJECT / path).is_file()


@pytest.fixture(scope="module")
def fresh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with server(tmp_path_factory.mktemp("readme") / "home") as running:
        yield running


@pytest.mark.parametrize(
    "command", [*commands("verbs"), *commands("events"), *commands("forwards"), *commands("faults")]
)
def test_a_verb_of_the_readme_succeeds(fresh_server: RunningServer, command: str) -> None:
    """In the order of the README, on one server: a later line may speak of what an earlier one made."""
    program, *arguments = shlex.split(command)
    assert program == "devconsole"
    done = run(*arguments, home=fresh_server.home)
    assert done.stdout.strip()


@pytest.mark.parametrize("command", commands("scenarios"))
def test_a_scenario_command_of_the_readme_succeeds(tmp_path: Path, command: str) -> None:
    (tmp_path / "fixtures").symlink_to(PROJECT / "fixtures")
    _, *arguments = shlex.split(command)
    run(*arguments, home=tmp_path / "home", cwd=tmp_path)
    if "--junit" in arguments:
        assert "<testcase" in (tmp_path / "results.xml").read_text()


@pytest.mark.stripe_cli
def test_the_listening_server_of_the_readme_gets_ready(tmp_path: Path, fresh_server: RunningServer) -> None:
    """The block is run by a shell, as it stands, with a complete key and the sandbox as the address of Stripe."""
    stripe_cli()
    script = BLOCKS["stripe"].replace("sk_test_...", "sk_test_readme_0000000000")
    home = tmp_path / "home"
    process = shell(script + "\n", home, {"DEVCONSOLE_STRIPE_API": fresh_server.ready["sandbox"]})
    try:
        until(lambda: upstream_state(home) == "connected", what="the Stripe CLI's connection")
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.stripe_cli
def test_the_hand_run_listener_of_the_readme_names_real_options(fresh_server: RunningServer) -> None:
    """`stripe listen --print-secret` gives a signing secret; its other line forwards to our webhook."""
    first, second, third = commands("listen")
    assert second == "devconsole server"
    asked = shlex.split(re.findall(r"\$\((.*)\)", first)[0])
    api = ["--api-base", fresh_server.ready["sandbox"], "--api-key", "sk_test_readme_0000000000"]
    told = subprocess.run(
        [stripe_cli(), *asked[1:], *api], capture_output=True, text=True, timeout=60, env=os.environ.copy()
    )
    assert told.stdout.startswith("whsec_"), told.stderr
    path = fresh_server.ready["webhook"].split("/", 3)[3]
    assert third.startswith("stripe listen ")
    assert third.endswith(f"http://127.0.0.1:4242/{path}")


def shell(script: str, home: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    """A shell that finds `devconsole` where it is installed, on free ports."""
    found = {**environment(home, env), "DEVCONSOLE_PORT": "0", "DEVCONSOLE_SANDBOX_PORT": "0"}
    found["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    lines = script.strip().splitlines()
    script = "\n".join([*lines[:-1], f"exec {lines[-1]}"])
    return subprocess.Popen(["bash", "-ec", script], env=found, cwd=home.parent, stdin=subprocess.DEVNULL)


def upstream_state(home: Path) -> str | None:
    status = run("status", "--json", home=home, code=None)
    if status.code:
        return None
    return next((each["state"] for each in status.json["upstreams"] if each["name"] == "stripe_cli"), None)
