"""What a client of the server may meet.

RelayError
├── ServerUnreachable    nobody answers at the address
├── OperationRefused     the server answered, and says why it did not do it (`problem`)
└── AnswerUnreadable     an answer that is none of ours: another program, or another version
"""

from __future__ import annotations

from relay.api.operation import Problem


class RelayError(Exception):
    """Anything that a call to the server raises on purpose."""


class ServerUnreachable(RelayError):
    """No connection, or it broke before the whole answer was there: whether the operation ran is not known."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"no server answers at {url}: {why}")
        self.url, self.why = url, why


class OperationRefused(RelayError):
    """The server's reason, with what to do about it."""

    def __init__(self, problem: Problem, *, http_status: int) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.http_status = http_status


class AnswerUnreadable(RelayError):
    """The address belongs to another program, or to a server of another version."""

    def __init__(self, url: str, http_status: int, why: str) -> None:
        super().__init__(f"{url} answered {http_status} with something that this version cannot read: {why}")
        self.url, self.http_status = url, http_status
