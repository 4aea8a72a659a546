"""The sample app on a free port, and the fixtures of the plugin, whether it is installed or only on the path."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import pytest

from devconsole.pytest_plugin import (  # noqa: F401 - pytest finds them by their names
    devconsole,
    devconsole_cards,
    devconsole_clock,
    devconsole_host,
    devconsole_play,
)

pytest.importorskip("flask", reason="the sample app needs flask: `make install` installs it")

Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve a WSGI app, as `serve(create_app(…))`; the answer is its address."""
    from werkzeug.serving import make_server

    with contextlib.ExitStack() as ends:

        def started(app: object) -> str:
            server = make_server("127.0.0.1", 0, app, threaded=True)  # type: ignore[arg-type]
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            ends.callback(thread.join)
            ends.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield started
