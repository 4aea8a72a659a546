"""One event as a story: what led to it, as far as we did it; else the event itself, sent to a fresh server."""

from __future__ import annotations

from datetime import datetime

from devconsole.scenario.recording.draft import Draft
from devconsole.scenario.recording.facts import Call, is_done
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
    return record(call, since=began, last=None, title=f"What led to {_title(detail.event)}")


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
