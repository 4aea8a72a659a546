"""How many events the inbox holds, for lists that say so with each of their pages."""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy import bindparam, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from relay.pace import rest_s
from relay.views.events import EVENTS
from relay.views.query import fetch

QUICK_S: Final = 0.005
"""Counting that takes no longer is done each time."""


class EventTotal:
    """Exact where counting is quick. Where it takes long it is done now and then, and what came since is added: only
    events that were pruned meanwhile are still counted, for some seconds."""

    def __init__(self, *, quick_s: float = QUICK_S) -> None:
        self._quick_s = quick_s
        self._counted, self._up_to, self._good_until = 0, 0, 0.0

    async def of(self, session: AsyncSession) -> int:
        start = time.monotonic()
        if start < self._good_until:
            (newer,) = await fetch(session, _NEWER, after=self._up_to)
            return self._counted + int(newer["number"])
        (all_,) = await fetch(session, _NEWER, after=0)
        took_s = time.monotonic() - start
        self._counted, self._up_to = int(all_["number"]), int(all_["last"])
        self._good_until = start + rest_s(took_s, at_least_s=0.0) if took_s > self._quick_s else 0.0
        return self._counted


_NEWER: Final = select(
    func.count().label("number"), func.coalesce(func.max(EVENTS.c.id), bindparam("after")).label("last")
).where(EVENTS.c.id > bindparam("after"))
