"""Other people's programs that we are measured beside: installed apart from us, never a dependency of ours."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PLACE = Path(__file__).parents[2] / ".ci" / "tools" / "rivals"


class NotInstalled(Exception):
    """It could not be installed here; the message says why."""


def python_with(name: str, requirements: Sequence[str]) -> Path:
    """The Python of a virtual environment of its own that has these requirements; made once. Raises `NotInstalled`."""
    home = PLACE / name
    python, stamp = home / "bin" / "python", home / "requirements"
    wanted = "\n".join(requirements)
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    for command in ([sys.executable, "-m", "venv", str(home)], [str(python), "-m", "pip", "install", *requirements]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstalled(f"{name} could not be installed: {done.stderr.strip().splitlines()[-1:]}")
    stamp.write_text(wanted)
    return python
