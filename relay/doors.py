"""Who may come in: loopback names only, and whoever knows the token."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiohttp import web

from relay.api.operation import Problem

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def problem(status: int, code: str, message: str, remedy: str | None = None) -> web.Response:
    return problem_response(status, Problem(code=code, message=message, remedy=remedy))


def problem_response(status: int, what: Problem) -> web.Response:
    return web.Response(body=msgspec.json.encode(what), status=status, content_type="application/json")


def loopback_only(handler: Handler) -> Handler:
    """Refuse requests that were addressed to another name: a web page that had its own name resolve to us."""

    @functools.wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        if host_name(request.host) not in LOOPBACK_NAMES:
            return problem(
                403,
                "foreign_host",
                f"this server does not answer to the name {request.host}",
                "Use http://127.0.0.1 or http://localhost with its port.",
            )
        return await handler(request)

    return guarded


def with_token(token: str, handler: Handler) -> Handler:
    """`loopback_only`, and the bearer token of the home directory."""
    expected = f"Bearer {token}".encode()

    @loopback_only
    @functools.wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not secrets.compare_digest(given, expected):
            return problem(
                401,
                "unauthorized",
                "the request has no valid token",
                "Send `Authorization: Bearer …` with the content of the file `token` in the home directory.",
            )
        return await handler(request)

    return guarded


def host_name(host: str) -> str:
    """The name of a Host header without its port, in lower case."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()
