"""What is to blame for an expectation that does not hold, and the path from its cause to its effects."""

from __future__ import annotations

from collections.abc import Sequence

from devconsole.scenario.expectations import Mismatch
from devconsole.scenario.scene import Scene
from relay.api import EventView, ListEvents, ShowTrace
from relay.errors import RelayError

LINES_MAX = 30


def trace_of(found: Sequence[Mismatch], scene: Scene) -> tuple[str, ...]:
    """The path of the top-up or call that a mismatch is about, else of its last event, as lines; none without any."""
    try:
        about = next((each.record for each in found if each.record is not None), None)
        if about is None:
            event = _event(found, scene)
            if event is None:
                return ()
            trace, about = scene.call(ShowTrace(id=event.event_id)), f"{event.event_id} ({event.type})"
        else:
            trace = scene.call(ShowTrace(id=about))
    except RelayError:
        return ()
    lines = [
        f"{'  ' * node.depth}{node.reference}  {node.title}{f'  {node.status}' if node.status else ''}"
        f"{f'  {node.detail}' if node.detail else ''}"
        for node in trace.nodes[:LINES_MAX]
    ]
    more = len(trace.nodes) - LINES_MAX
    return (f"trace of {about}", *lines, *((f"… {more} more",) if more > 0 else ()))


def _event(found: Sequence[Mismatch], scene: Scene) -> EventView | None:
    """The newest of the type or company concerned, those that did something first."""
    for mismatch in found:
        company = None if mismatch.company is None else scene.named(mismatch.company)
        if company is None and mismatch.event_type is None:
            continue
        rows = scene.call(ListEvents(company=company, type=mismatch.event_type, limit=100)).rows
        rows = tuple(row for row in rows if row.id > scene.first_event)
        told = [row for row in rows if row.status != "ignored"]
        if rows:
            return (told or rows)[0]
    return None
