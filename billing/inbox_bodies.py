"""Which bytes a delivery keeps as its own: those that its event, kept once, does not have already.

A sender may deliver an event a second time under the same id with another body. The event stays what it was; what
came the second time is kept beside it, so that the two can be compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session

from billing.dialect import table_of
from billing.models import WebhookDelivery

OTHERS_MAX: Final = 20
"""Bodies of one event that are kept whole beside its first; of the ones after them, the beginning."""
BEGINNING: Final = 4_096
"""Bytes."""

_DELIVERIES: Final = table_of(WebhookDelivery)


class Own(NamedTuple):
    """`body` None: the bytes are those of the event. `differs` only where there is an event to differ from."""

    body: bytes | None = None
    differs: bool = False
    is_whole: bool = True


_AS_ITS_EVENT: Final = Own()


def own_bodies(
    session: Session, bodies: Sequence[tuple[int | None, bytes]], first_bodies: Mapping[int, bytes]
) -> list[Own]:
    """For each delivery, given as the row of its event (None: rejected) and its bytes, what is to be kept with it."""
    others = {event for event, body in bodies if event is not None and body != first_bodies[event]}
    kept = _kept_so_far(session, others) if others else Counter()
    found = []
    for event, body in bodies:
        if event is None:
            found.append(Own(body))
        elif event not in others or body == first_bodies[event]:
            found.append(_AS_ITS_EVENT)
        else:
            kept[event] += 1
            is_whole = kept[event] <= OTHERS_MAX or len(body) <= BEGINNING
            found.append(Own(body if is_whole else body[:BEGINNING], differs=True, is_whole=is_whole))
    return found


def _kept_so_far(session: Session, events: set[int]) -> Counter[int]:
    event = _DELIVERIES.c.webhook_event_id
    counted = select(event, func.count()).where(event.in_(events), _DELIVERIES.c.body.is_not(None)).group_by(event)
    return Counter({row[0]: row[1] for row in session.connection().execute(counted)})
