"""The OpenAPI 3.1 document of the control API, made from the operations themselves, so that it cannot lag behind."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec

from relay import wire
from relay.api import OPERATIONS
from relay.api.feed import FeedKind
from relay.api.operation import Operation, Problem, Role

REF: Final = "#/components/schemas/{name}"
PROBLEMS: Final = {
    "400": "The request breaks a rule, or a card was declined; nothing was changed unless the message says so.",
    "401": "No valid token.",
    "403": "Addressed to another name than this machine's, or the token's role is not enough.",
    "404": "Something that is named does not exist.",
    "409": "It contradicts what is there: test mode is off, a slug is taken.",
    "413": "The body has more than a mebibyte.",
    "429": "Too many requests in a short time; `Retry-After` says when to come back.",
    "500": "An error that should not happen; its number is in the server's log.",
    "502": "Stripe could not be asked.",
    "503": "The server is ending, or its webhook does not answer.",
}


@cache
def document(version: str) -> dict[str, Any]:
    """The whole document, as JSON can hold it."""
    results = [operation.result_type() for operation in OPERATIONS.values()]
    types = [*OPERATIONS.values(), *results, Problem]
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    asked, answered = schemas[: len(OPERATIONS)], schemas[len(OPERATIONS) : 2 * len(OPERATIONS)]
    paths = {
        f"{wire.CONTROL_PATH}/{operation.name}": {"post": _operation(operation, request, result)}
        for operation, request, result in zip(OPERATIONS.values(), asked, answered, strict=True)
    }
    whole = {
        "openapi": "3.1.0",
        "info": {
            "title": "devconsole",
            "version": version,
            "description": "The control API of a devconsole server. Money is integer cents in fields that end in "
            "`_cents`; times are RFC 3339 UTC. Roles, each may do what those before it may: " + ", ".join(Role) + ".",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "http://127.0.0.1:4242"}],
        "security": [{"token": []}],
        "tags": [{"name": noun} for noun in dict.fromkeys(map(_noun, OPERATIONS.values()))],
        "paths": {**paths, wire.FEED_PATH: {"get": _feed()}, wire.HEALTH_PATH: {"get": _health()}},
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "What `token`, `token.management` or `token.support` in the home directory holds.",
                }
            },
            "responses": {
                f"Problem{status}": {"description": text, "content": _json({"$ref": REF.format(name="Problem")})}
                for status, text in PROBLEMS.items()
            },
        },
    }
    # Once through JSON: defaults may be tuples, which have no place in a schema.
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
    return plain


def _operation(operation: type[Operation[Any]], request: Any, result: Any) -> dict[str, Any]:
    return {
        "operationId": operation.name,
        "tags": [_noun(operation)],
        "summary": (operation.__doc__ or "").strip(),
        "description": f"Needs the role `{operation.role}`.",
        "x-role": operation.role.value,
        "requestBody": {"required": any(_required(operation)), "content": _json(request)},
        "responses": {"200": {"description": "Done.", "content": _json(result)}, **_problems()},
    }


def _required(operation: type[Operation[Any]]) -> list[bool]:
    return [field.required for field in msgspec.structs.fields(operation)]


def _problems() -> dict[str, Any]:
    return {status: {"$ref": f"#/components/responses/Problem{status}"} for status in PROBLEMS}


def _feed() -> dict[str, Any]:
    item = {
        "type": "object",
        "properties": {
            "kind": {"enum": [kind.value for kind in FeedKind]},
            "seq": {"type": "integer"},
            "epoch": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
            "resumed": {"type": ["boolean", "null"]},
            "row": {"description": "The view of its kind, as it is now, or null."},
        },
        "required": ["kind", "seq", "epoch", "at"],
    }
    after = {
        "name": "after",
        "in": "query",
        "description": "EPOCH:SEQ of the last item known; what came after it follows, or a hello that says reload.",
        "schema": {"type": "string"},
    }
    return {
        "operationId": "feed",
        "tags": ["feed"],
        "summary": "Follow the live feed: one JSON document a line, without end.",
        "parameters": [after],
        "responses": {
            "200": {"description": "The feed.", "content": {"application/x-ndjson": {"schema": item}}},
            **_problems(),
        },
    }


def _health() -> dict[str, Any]:
    shape = {
        "type": "object",
        "properties": {"ready": {"type": "boolean"}, "pid": {"type": "integer"}},
        "required": ["ready", "pid"],
    }
    forbidden = {"403": {"$ref": "#/components/responses/Problem403"}}
    return {
        "operationId": "health",
        "tags": ["server"],
        "summary": "Tell that the server answers.",
        "security": [],
        "responses": {"200": {"description": "It does.", "content": _json(shape)}, **forbidden},
    }


def _noun(operation: type[Operation[Any]]) -> str:
    return operation.name.partition(".")[0]


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
