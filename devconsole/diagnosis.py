"""What can be checked without a server: Python, packages, settings, home directory, ports, tools, terminal."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator
from importlib import metadata

from devconsole.attach import running_server
from devconsole.format import masked
from devconsole.output import Failure
from devconsole.settings import Settings, read_settings
from relay.api import Finding
from relay.home import Home

PACKAGES = ("aiohttp", "sqlmodel", "stripe", "textual", "watchfiles")
TERMINAL_LEAST = (80, 24)


def diagnose(home: Home) -> tuple[Finding, ...]:
    """One finding per check, the machine first. Nothing is changed."""
    return tuple(_findings(home))


def _findings(home: Home) -> Iterator[Finding]:
    yield _python()
    yield from (_package(name) for name in PACKAGES)
    try:
        settings = read_settings()
    except Failure as failure:
        yield Finding(check="settings", ok=False, detail=failure.message, remedy=failure.remedy)
    else:
        yield _settings(settings)
        yield from _server(home, settings)
    yield _home(home)
    yield _stripe_cli()
    yield _terminal()


def _server(home: Home, settings: Settings) -> Iterator[Finding]:
    """The server that runs, or whether one could start."""
    if (server := running_server(home)) is not None:
        yield Finding(check="server", ok=True, detail=f"pid {server.pid} at {server.relay_url}")
        return
    yield Finding(check="server", ok=True, detail="not running; `devconsole` starts it")
    yield _port("relay port", settings.devconsole_port, "--port")
    if settings.uses_sandbox:
        yield _port("sandbox port", settings.devconsole_sandbox_port, "--sandbox-port")


def _python() -> Finding:
    ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding(
        check="python",
        ok=ok,
        detail=platform.python_version(),
        remedy=None if ok else "Use Python 3.11, 3.12 or 3.13.",
    )


def _package(name: str) -> Finding:
    try:
        return Finding(check=name, ok=True, detail=metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(check=name, ok=False, detail="not installed", remedy="Run `make install`.")


def _settings(settings: Settings) -> Finding:
    if settings.uses_sandbox:
        detail = "sandbox"
    else:
        key = masked(settings.stripe_secret.get_secret_value()) if settings.stripe_secret else "no key"
        detail = f"{settings.devconsole_stripe_api or 'Stripe test mode'}, {key}"
    return Finding(check="settings", ok=True, detail=detail)


def _home(home: Home) -> Finding:
    place = home.path
    while not place.exists():
        place = place.parent
    ok = place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    return Finding(
        check="home directory",
        ok=ok,
        detail=str(home.path) if ok else f"{place} cannot be written to",
        remedy=None if ok else "Choose another one with --home or DEVCONSOLE_HOME.",
    )


def _port(check: str, port: int, option: str) -> Finding:
    if port == 0:
        return Finding(check=check, ok=True, detail="any free one")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return Finding(
                check=check, ok=False, detail=f"{port} is in use", remedy=f"Choose another one with {option} N."
            )
    return Finding(check=check, ok=True, detail=f"{port} is free")


def _stripe_cli() -> Finding:
    found = shutil.which("stripe")
    return Finding(
        check="Stripe CLI",
        ok=True,
        detail=found or "not installed; only --listen needs it (npm install -g @stripe/cli)",
    )


def _terminal() -> Finding:
    if not sys.stdout.isatty():
        return Finding(check="terminal", ok=True, detail="none; the server runs without a screen")
    size = shutil.get_terminal_size()
    ok = size.columns >= TERMINAL_LEAST[0] and size.lines >= TERMINAL_LEAST[1]
    return Finding(
        check="terminal",
        ok=ok,
        detail=f"{size.columns}x{size.lines}",
        remedy=None if ok else f"Make it at least {TERMINAL_LEAST[0]}x{TERMINAL_LEAST[1]}.",
    )
