"""A home with a company for each story, made once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.proof_crash import prepare


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return asyncio.run(prepare(tmp_path_factory.mktemp("proof") / "template"))
