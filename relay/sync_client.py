"""The control API without an event loop: for the command line, which must start fast, and for scripts."""

from __future__ import annotations

import http.client
from typing import TypeVar
from urllib.parse import urlsplit

from relay import wire
from relay.api.operation import Operation
from relay.errors import ServerUnreachable

R = TypeVar("R")


class SyncControlClient:
    """One connection per call: nothing to close, and a repeated call can never be sent twice by a stale connection."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 120.0) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._timeout_s = timeout_s
        address = urlsplit(self.url)
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80

    def call(self, operation: Operation[R]) -> R:
        """Send one operation. Raises `ServerUnreachable`, `OperationRefused` or `AnswerUnreadable`."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        try:
            connection.request(
                "POST", wire.path_of(operation), body=wire.body_of(operation), headers=wire.headers(self._token)
            )
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise ServerUnreachable(self.url, str(error) or type(error).__name__) from error
        finally:
            connection.close()
        return wire.read_answer(operation, self.url, response.status, body)
