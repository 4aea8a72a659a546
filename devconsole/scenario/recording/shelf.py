"""Where stories go that the console records: beside the data of the server that they tell about."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = "scenarios"


def folder_of(home: str | Path) -> Path:
    return Path(home) / FOLDER


def keep(text: str, *, home: str | Path, name: str) -> Path:
    """Write a story under a name that nothing has yet; returns where."""
    folder = folder_of(home)
    folder.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "recorded"
    number = 1
    while True:
        path = folder / (f"{stem}.yaml" if number == 1 else f"{stem}-{number}.yaml")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            number += 1
        else:
            return path
