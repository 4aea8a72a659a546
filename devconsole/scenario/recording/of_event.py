"""One event as a story: what led to it, as far as we did it; else the event itself, sent to a fresh server.

Or a stretch of the inbox, from one event to another.
"""

from __future__ import annotations

from datetime import datetime

from devconsole.output import Failure
from devconsole.scenario.recording.draft import Draft
from devconsole.scenario.recording.facts import Call, Stretch, is_done
from devconsole.scenario.recording.recorder import Recording, record
from devconsole.scenario.recording.text import write
from relay.api import EventDetail, EventView, ListOperations, ShowEvent, TopupView

SAME_ANYWHERE = ("ignored", "unmatched", "quarantined")
"""States that an event of nobody's reaches on any server."""


def record_event(call: Call, event: str) -> Recording:
    """The story of an event, named by `evt_…` or its number. Raises `Failure` and `RelayError`."""
    detail: EventDetail = call(ShowEvent(event=event))
    began = None if detail.topup is None else _beginning(call, detail.topup)
    if began is None:
        return _sent_again(detail)
    stretch = Stretch(since=began, until=detail.event.received_at)
    return record(call, stretch, title=f"What led to {_title(detail.event)}")


def record_inbox(call: Call, *, first: str | None, last: str | None, title: str | None = None) -> Recording:
    """The story of a stretch of the inbox, its first and its last event named by `evt_…` or their numbers.

    It begins with what caused the first event, and ends with what had been done when the last one arrived. Raises
    `Failure` and `RelayError`.
    """
    since = None if first is None else _cause_of(call, call(ShowEvent(event=first)))
    until = None if last is None else call(ShowEvent(event=last)).event.received_at
    if since is not None and until is not None and until < since:
        raise Failure(
            f"{last} arrived before what caused {first}",
            remedy="Name the earlier event first.",
            code="stretch_backwards",
        )
    return record(call, Stretch(since=since, until=until), title=title)


def _cause_of(call: Call, detail: EventDetail) -> datetime:
    """When the operation began that an event came of, as far as it is known; else when the event arrived."""
    if detail.topup is not None and (began := _beginning(call, detail.topup)) is not None:
        return began
    deeds = call(ListOperations(limit=10_000)).rows
    arrived = detail.event.received_at
    return next((deed.at for deed in deeds if deed.at <= arrived), arrived)


def _beginning(call: Call, topup: TopupView) -> datetime | None:
    """When the operation began that the top-up came of; None when it is not known any more."""
    deeds = call(ListOperations(limit=10_000)).rows
    return next((deed.at for deed in deeds if is_done(deed) and deed.at <= topup.created_at), None)


def _sent_again(detail: EventDetail) -> Recording:
    event = detail.event
    draft = Draft("events.send", {"body": detail.payload})
    if event.status in SAME_ANYWHERE:
        draft.expect["event_states"] = {event.type: [event.status]}
    return Recording(
        text=write(title=_title(event), companies=[], drafts=[draft, Draft(expect={"ledger_check": "true"})]),
        steps=1,
        companies=(),
        gaps=(),
    )


def _title(event: EventView) -> str:
    return f"{event.type} {event.event_id}"
