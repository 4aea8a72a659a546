"""Who may come in: loopback names only, and whoever knows the token."""

from __future__ import annotations

import functools
import math
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from aiohttp import HttpVersion11, web

from relay.allowance import Allowance
from relay.api.operation import Problem, Role

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

REQUESTS_AT_ONCE: Final = 2_000.0
REQUESTS_PER_S: Final = 500.0
"""Of one role: a console needs some ten, a script in a loop a hundred."""
GUESSES_AT_ONCE: Final = 100.0
GUESSES_PER_S: Final = 5.0
"""Wrong tokens; whoever has a right one is never kept waiting by them."""
ROLE: Final = web.RequestKey("role", Role)

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


class Doorkeeper:
    """Knows the token of each role, how many requests each may make, and how many guesses there may be."""

    def __init__(self, tokens: Mapping[Role, str], *, per_s: float = REQUESTS_PER_S, burst: float = REQUESTS_AT_ONCE):
        self._expected = {role: f"Bearer {token}".encode() for role, token in tokens.items()}
        self._requests = {role: Allowance(per_s=per_s, burst=burst) for role in tokens}
        self._guesses = Allowance(per_s=GUESSES_PER_S, burst=GUESSES_AT_ONCE)

    def with_token(self, handler: Handler) -> Handler:
        """`loopback_only`, and a bearer token of the home directory; its role is `request[ROLE]` from then on."""

        @loopback_only
        @functools.wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            role = self._role(request.headers.get("Authorization", ""))
            if role is None:
                return _too_many(self._guesses) if not self._guesses.take() else _unauthorized()
            if not self._requests[role].take():
                return _too_many(self._requests[role])
            request[ROLE] = role
            return await handler(request)

        return guarded

    def _role(self, authorization: str) -> Role | None:
        given = authorization.encode("utf-8", "surrogateescape")
        # All are compared, so that the time tells nothing.
        fitting = [role for role, expected in self._expected.items() if secrets.compare_digest(given, expected)]
        return fitting[0] if fitting else None


def _unauthorized() -> web.Response:
    return problem(
        401,
        "unauthorized",
        "the request has no valid token",
        "Send `Authorization: Bearer …` with the content of the file `token` in the home directory.",
    )


def _too_many(allowance: Allowance) -> web.Response:
    wait_s = max(1, math.ceil(allowance.wait_s()))
    answer = problem(429, "too_many_requests", "too many requests in a short time", f"Try again in {wait_s} s.")
    answer.headers["Retry-After"] = str(wait_s)
    return answer


async def expected(request: web.Request) -> web.StreamResponse | None:
    """Answer an `Expect` header; aiohttp's own answer breaks on one that is not ASCII."""
    if request.version < HttpVersion11:
        return None
    if request.headers.get("Expect", "").lower() != "100-continue":
        return problem(417, "expectation_failed", "only `Expect: 100-continue` is understood", "Leave the header out.")
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # the answer itself has not begun yet
    return None


def host_name(host: str) -> str:
    """The name of a Host header without its port, in lower case."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()
