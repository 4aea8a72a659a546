"""The control API: each operation at `POST /api/control/<name>`, its fields as JSON, its view or a problem back."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from aiohttp import web

from relay.api import OPERATIONS, Operation, Role
from relay.api.feed import FeedKind
from relay.api.performed import DONE
from relay.backend import Backend
from relay.doors import ROLE, Handler, problem, problem_response
from relay.openapi import document
from relay.operations import HANDLERS
from relay.problems import problem_of
from relay.storable import unstorable
from relay.suggestions import did_you_mean

BODY_MAX = 1 << 20

_encode = msgspec.json.Encoder().encode


class OperationLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `GET /api/control`."""

    name: str
    role: str
    help: str
    fields: tuple[str, ...]


def call_operation(backend: Backend) -> Handler:
    """The handler of `POST /api/control/{name}`."""

    async def call(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        operation = OPERATIONS.get(name)
        if operation is None:
            return problem(404, "unknown_operation", f"there is no operation {name!r}", did_you_mean(name, OPERATIONS))
        if not request[ROLE].may(operation.role):
            return problem(
                403,
                "role_not_enough",
                f"{name} needs the role {operation.role}; this token has the role {request[ROLE]}",
                "Use the token of that role: see `devconsole access list`.",
            )
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return problem(413, "body_too_large", f"an operation has at most {BODY_MAX:,} bytes")
        except web.RequestPayloadError as error:
            return problem(400, "invalid_request", f"{name}: the body cannot be read: {' '.join(str(error).split())}")
        try:
            asked = _decoder(operation).decode(body or b"{}")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return problem(400, "invalid_request", f"{name}: {error}", f"Its fields: {_fields(operation)}.")
        if (odd := unstorable(asked)) is not None:
            return problem(400, "invalid_request", f"{name}: {odd}", f"Its fields: {_fields(operation)}.")
        # Shielded: a client that goes away in the middle must not leave half an operation behind.
        return await asyncio.shield(asyncio.ensure_future(_carry_out(backend, asked)))

    return call


async def _carry_out(backend: Backend, asked: Operation[Any]) -> web.Response:
    began = backend.clock.now()
    try:
        view = await _perform(backend, asked)
    except Exception as error:
        status, found = problem_of(error)
        _record(backend, asked, at=began, outcome=found.code)
        return problem_response(status, found)
    _record(backend, asked, at=began, outcome=DONE, answer=view)
    return web.Response(body=_encode(view), content_type="application/json")


async def _perform(backend: Backend, asked: Operation[Any]) -> Any:
    """Under a virtual clock what changes something is carried out alone, with all that follows from it."""
    handler = HANDLERS[asked.name]
    if backend.timekeeper is None or asked.role is Role.SUPPORT:
        return await handler(backend, asked)
    return await backend.timekeeper.alone(lambda: handler(backend, asked))


def _record(backend: Backend, asked: Operation[Any], *, at: datetime, outcome: str, answer: object = None) -> None:
    if asked.role is not Role.SUPPORT:
        now = backend.clock.now()
        noted = backend.performed.append(asked, at=at, ended_at=now, outcome=outcome, answer=answer)
        backend.feed.publish([(FeedKind.OPERATION, noted)])


async def list_operations(_request: web.Request) -> web.StreamResponse:
    """The handler of `GET /api/control`."""
    lines = [
        OperationLine(
            name=name,
            role=operation.role,
            help=(operation.__doc__ or "").strip(),
            fields=operation.__struct_fields__,
        )
        for name, operation in OPERATIONS.items()
    ]
    return web.Response(body=_encode({"operations": lines}), content_type="application/json")


def openapi_document(version: str) -> Handler:
    """The handler of `GET /openapi.json`."""

    async def tell(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=_encode(document(version)), content_type="application/json")

    return tell


@cache
def _decoder(operation: type[Operation[Any]]) -> msgspec.json.Decoder[Operation[Any]]:
    return msgspec.json.Decoder(operation)


def _fields(operation: type[Operation[Any]]) -> str:
    return ", ".join(operation.__struct_fields__) or "none"
