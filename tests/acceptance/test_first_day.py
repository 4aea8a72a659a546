"""The first day of a developer: a real terminal, a real browser, the three flows, nothing configured."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.fixtures.checkout_page.conftest import CHROMIUM_FLAGS
from tests.support import tools
from tests.support.processes import environment, is_gone, run, until

SIZE = ("120", "40")
PATIENCE_S = 30.0


class Terminal:
    """The console in tmux: keys go in, the screen comes out."""

    def __init__(self, home: Path, browser_log: Path) -> None:
        self._tmux = [tools.tmux(), "-L", f"devconsole-{uuid.uuid4().hex[:8]}"]
        browser = home.parent / "browser"
        browser.write_text(f'#!/bin/sh\necho "$1" >> {browser_log}\n')
        browser.chmod(0o755)
        found = environment(home, {"BROWSER": str(browser), "TERM": "xterm-256color"})
        for name in ("TMUX", "COLUMNS", "LINES"):
            found.pop(name, None)
        command = f"{sys.executable} -m devconsole --port 0 --sandbox-port 0; echo console ended $?; sleep 600"
        self._run("new-session", "-d", "-x", SIZE[0], "-y", SIZE[1], command, env=found)

    def press(self, *keys: str) -> None:
        self._run("send-keys", *keys)

    def screen(self) -> str:
        return self._run("capture-pane", "-p").stdout

    def shows(self, pattern: str) -> re.Match[str]:
        """Wait until the screen matches."""
        try:
            found: re.Match[str] = until(
                lambda: re.search(pattern, self.screen()), within_s=PATIENCE_S, what=f"{pattern!r} on the screen"
            )
        except AssertionError as error:
            raise AssertionError(f"{error}; it shows\n{self.screen()}") from None
        return found

    def close(self) -> None:
        self._run("kill-server", check=False)

    def _run(
        self, *arguments: str, env: dict[str, str] | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._tmux, *arguments], env=env or os.environ.copy(), check=check, capture_output=True, text=True
        )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def browser_log(tmp_path: Path) -> Path:
    return tmp_path / "opened"


@pytest.fixture
def terminal(home: Path, browser_log: Path) -> Iterator[Terminal]:
    opened = Terminal(home, browser_log)
    yield opened
    opened.close()


def pay(url: str, number: str) -> str:
    """Pay on the hosted page as a person does; the answer is what the page says then."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=tools.chromium(), args=CHROMIUM_FLAGS)
        page = browser.new_page(locale="en-GB")
        page.goto(url)
        page.locator("[name=number]").fill(number)
        page.locator("[name=expiry]").fill("12 / 34")
        page.locator("[name=cvc]").fill("123")
        page.locator("button[type=submit]").first.click()
        page.wait_for_url("**/checkout/done**")
        said = page.inner_text("body")
        browser.close()
    return said


@pytest.mark.terminal
@pytest.mark.browser
@pytest.mark.timeout(600)
def test_the_three_flows_by_keys_and_in_the_browser(terminal: Terminal, home: Path, browser_log: Path) -> None:
    """Call, Checkout paid in the browser, automatic top-up after a drain, then quit: the server ends too."""
    terminal.shows(r"live")
    terminal.shows(r"Acme Telefon.*100\.00")

    terminal.press("c")
    terminal.shows(r"157 s × 0\.42 EUR/min = 1\.10 EUR")
    terminal.press("Enter")
    terminal.shows(r"Acme Telefon.*98\.90")

    terminal.press("o")
    terminal.shows(r"╭─.*Checkout")
    terminal.press("Enter")
    url = until(lambda: browser_log.exists() and browser_log.read_text().strip(), what="the browser being opened")
    assert "/c/pay/cs_test_" in url
    assert "watch it in the console" in pay(url, "4242424242424242")
    terminal.shows(r"Acme Telefon.*148\.90")
    terminal.shows(r"completed +checkout\.session\.completed +acme-")

    run("balances", "drain", "--company", "bergblick-praxis", "--to", "20.10", home=home)
    run("calls", "simulate", "--company", "bergblick-praxis", "--duration", "60", home=home)
    terminal.shows(r"charged +bergblick.* +19\.68 EUR is at or below 20\.00 EUR")
    terminal.shows(r"Bergblick.*69\.68")

    assert run("ledger", "check", "--json", home=home).json["ok"]
    server = run("status", "--json", home=home).json["pid"]
    terminal.press("q")
    terminal.shows(r"console ended 0")
    until(lambda: is_gone(server), what="the end of the server")
