"""What a story may not have: files of this machine, and what proves an identity elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from relay.api import RestoreSandbox, SnapshotSandbox
from relay.masking import MASK

ON_FILES: Final[Mapping[str, str]] = {
    SnapshotSandbox.name: "it writes a file of this machine",
    RestoreSandbox.name: "it reads a file of this machine",
}
"""Operations that no story does, and why."""
SECRET: Final = re.compile(r"\b(?:whsec|sk_test|sk_live|rk_test|rk_live)_\w+")
"""Signing secrets and API keys, wherever they stand in a text."""


def without_secrets(answer: Any) -> Any:
    """The same with every signing secret and API key masked: neither a later step nor a report can tell it."""
    if isinstance(answer, str):
        return SECRET.sub(MASK, answer)
    if isinstance(answer, dict):
        return {key: without_secrets(value) for key, value in answer.items()}
    if isinstance(answer, list | tuple):
        return [without_secrets(value) for value in answer]
    return answer
