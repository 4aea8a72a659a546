"""`python -m devconsole.leash COMMAND…`: runs a command and ends it, with all that it started, when our stdin closes.

Whoever holds the other end of the pipe need not be able to say goodbye: a killed process lets go of it all the same.
A signal on parent death would not do here: the `stripe` of npm is a script that waits for the real program and dies
without it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE_S = 3.0
"""Between asking a command to end and making it."""


def run(command: list[str]) -> int:
    """The exit code of the command, which runs in a process group of its own and inherits stdout and stderr."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - its whole purpose
    watcher = threading.Thread(target=_end_when_stdin_closes, args=(process,), daemon=True)
    watcher.start()
    code = process.wait()
    _signal(process, signal.SIGTERM)  # what the command left behind
    return code


def _end_when_stdin_closes(process: subprocess.Popen[bytes]) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)
    _signal(process, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
