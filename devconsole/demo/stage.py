"""Where a demo plays: for each story a server of its own on a temporary home, which nobody else's money is on."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from devconsole.attach import Attachment
from devconsole.scenario.runner import Server
from devconsole.scenario.suite import ISOLATED, discard
from devconsole.source import Address
from relay.home import Home
from relay.sync_client import SyncControlClient


@dataclass(frozen=True)
class Stage:
    """A server that is ready, for the one who plays (`server`) and for those who watch (`address`)."""

    server: Server
    address: Address


class Stages(Protocol):
    """Builds stages. Entering and leaving one blocks for a second or two."""

    def __call__(self) -> AbstractContextManager[Stage]: ...


@contextlib.contextmanager
def isolated_stage() -> Iterator[Stage]:
    """A server that ends with the block, and takes its home directory with it."""
    home = Path(tempfile.mkdtemp(prefix="devconsole-demo-"))
    attachment = Attachment(Home(home), ISOLATED)
    try:
        attached = attachment.wait()
        yield Stage(SyncControlClient(attached.url, attached.token), Address(attached.url, attached.token))
    finally:
        attachment.close()
        discard(home)
