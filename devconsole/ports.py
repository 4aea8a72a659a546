"""Ports of this machine: taking one, and saying which option chooses another when it is taken."""

from __future__ import annotations

import errno
import socket
import sys

from devconsole.output import Failure

HOST = "127.0.0.1"
BACKLOG = 1024
"""Connections that wait while the relay is not ready yet, or has its hands full."""


def bind(port: int, option: str) -> socket.socket:
    """A socket that takes connections from now on; they wait until the relay is ready. Raises `Failure`."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise port_refused(port, option, error) from error
    bound.setblocking(False)
    return bound


def port_refused(port: int, option: str, error: OSError) -> Failure:
    why = "in use" if error.errno == errno.EADDRINUSE else f"not to be had ({error.strerror or error})"
    return Failure(
        f"port {port} is {why}",
        remedy=f"Choose another with {option} N (0 = any free one), or end the program that uses it.",
        code="port_in_use",
    )


def url_of(bound: socket.socket) -> str:
    host, port = bound.getsockname()
    return f"http://{host}:{port}"
