"""How an operation and its answer look over HTTP: shared by both clients, so that they cannot differ."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from relay.api.operation import Operation, Problem
from relay.errors import AnswerUnreadable, OperationRefused

R = TypeVar("R")

CONTROL_PATH = "/api/control"
FEED_PATH = "/api/feed"
WEBHOOK_PATH = "/api/stripe/webhook"
HEALTH_PATH = "/healthz"
OPENAPI_PATH = "/openapi.json"

_encode = msgspec.json.Encoder().encode
_problem = msgspec.json.Decoder(Problem)


def path_of(operation: Operation[Any]) -> str:
    return f"{CONTROL_PATH}/{operation.name}"


def headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def body_of(operation: Operation[Any]) -> bytes:
    return _encode(operation)


def read_answer(operation: Operation[R], url: str, http_status: int, body: bytes) -> R:
    """The typed result of a 200. Raises `OperationRefused` or `AnswerUnreadable` for everything else."""
    if http_status != 200:
        raise refusal(url, http_status, body)
    try:
        return cast(R, _decoder(type(operation)).decode(body))
    except msgspec.DecodeError as error:
        raise AnswerUnreadable(url, http_status, str(error)) from error


def refusal(url: str, http_status: int, body: bytes) -> OperationRefused | AnswerUnreadable:
    """What to raise for an answer that is not 200."""
    try:
        return OperationRefused(_problem.decode(body), http_status=http_status)
    except msgspec.DecodeError as error:
        return AnswerUnreadable(url, http_status, str(error))


@cache
def _decoder(operation: type[Operation[Any]]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(operation.result_type())
