"""One server per home directory: whoever comes second is told who was first."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from filelock import FileLock, Timeout

from devconsole.output import Failure
from relay.home import Home


@contextlib.contextmanager
def exclusive(home: Home) -> Iterator[None]:
    """Hold the home directory. The system lets go of it when the process ends, however. Raises `Failure`."""
    lock = FileLock(home.server_lock)
    try:
        home.create()
        lock.acquire(blocking=False)
    except Timeout:
        raise already_running(home) from None
    except OSError as error:
        raise Failure(
            f"the home directory {home.path} cannot be used: {error.strerror or error}",
            remedy="Choose another one with --home or DEVCONSOLE_HOME.",
            code="home_unusable",
        ) from error
    try:
        yield
    finally:
        lock.release()


def is_held(home: Home) -> bool:
    """Whether a server holds this home, ready or not."""
    if not home.server_lock.exists():
        return False
    try:
        with FileLock(home.server_lock).acquire(blocking=False):
            return False
    except Timeout:
        return True


def already_running(home: Home) -> Failure:
    """Names the first server, as far as it has written its record."""
    record = home.read_server()
    who = f"pid {record.pid} at {record.relay_url}" if record is not None else "it is just starting or stopping"
    return Failure(
        f"a server runs on {home.path} already: {who}",
        remedy="Use it, end it, or choose another home directory with --home.",
        code="already_running",
    )
