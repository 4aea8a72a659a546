"""From deeds to steps: what an id stood for becomes a reference to the step that made it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import NODEFAULT
from msgspec.structs import fields as struct_fields

from devconsole.scenario.recording.draft import Draft, Names
from devconsole.scenario.recording.effects import Effects
from devconsole.scenario.recording.facts import Facts, companies_of, is_done
from devconsole.scenario.recording.payments import PAY, is_declined
from relay.api import OPERATIONS, EventDetail, EventView, ListEvents, PerformedView, ShowEvent, TopupView

PASSING = ("internal_error", "gateway_unavailable", "database_closed")
"""Refusals that say nothing about the request: asked again, the answer is another one."""


class CannotBeTold(Exception):
    """No step can repeat this; the text says why."""


class Steps:
    """Writes one deed after the other; `drafts` are the steps so far."""

    def __init__(self, facts: Facts, deeds: Sequence[PerformedView], effects: Effects) -> None:
        self._facts, self._deeds, self._effects = facts, deeds, effects
        self._names = Names()
        self._of_deed: dict[int, Draft] = {}
        self.drafts: list[Draft] = []
        self.left_out: set[str] = set()
        """Slugs of companies whose story has a gap."""

    def add(self, place: int) -> Draft | None:
        """Write this deed; None when it cannot be repeated, which then is a comment."""
        deed = self._deeds[place]
        try:
            draft = self._draft(place, deed)
        except CannotBeTold as why:
            self.drafts.append(Draft(comments=[f"{deed.name} is left out: {why}"]))
            if is_done(deed):
                self.left_out |= self._companies_of(deed)
            return None
        self._of_deed[place] = draft
        self.drafts.append(draft)
        return draft

    def _draft(self, place: int, deed: PerformedView) -> Draft:
        if deed.outcome in PASSING:
            raise CannotBeTold(f"it ended with {deed.outcome}")
        given = {name: self._value(place, name, value) for name, value in self._said(deed).items()}
        self._make_exact(place, deed, given)
        draft = Draft.of(deed.name, given)
        if not is_done(deed):
            draft.expect["refused"] = deed.outcome
        if deed.name == PAY:
            draft.expect["result"] = {"status": "declined" if is_declined(self._facts, deed) else "paid"}
        return draft

    def _said(self, deed: PerformedView) -> dict[str, Any]:
        """The input without what would have been so anyway."""
        declared = OPERATIONS.get(deed.name)
        usual = {each.name: each.default for each in struct_fields(declared)} if declared else {}
        return {
            name: value
            for name, value in deed.input.items()
            if value is not None and usual.get(name, NODEFAULT) != value and value != []
        }

    def _value(self, place: int, name: str, value: Any) -> Any:
        match name:
            case "company":
                company = self._facts.company(value)
                return company.slug if company else value
            case "call":
                return self._made_by(place, "calls.", value)
            case "topup":
                return self._topup(place, value)
            case "charge":
                return self._topup(place, value)
            case "events":
                return [self._event(place, str(each)) for each in value]
        return value

    def _make_exact(self, place: int, deed: PerformedView, given: dict[str, Any]) -> None:
        """Say what was left to the moment: how long a call took, how far a balance was drained, which slug it got."""
        if not is_done(deed):
            return
        if deed.name == "calls.end" and "duration_s" not in given:
            call = self._facts.call_named(deed.input["call"])
            given["duration_s"] = call.duration_s if call and call.duration_s is not None else 0
        if deed.name == "balances.drain" and "to_cents" not in given and (rows := self._effects.rows_of(place)):
            last = rows[-1]
            given["to_cents"] = last.balance_after_cents + last.bonus_after_cents - last.reserved_after_cents
        if deed.name == "companies.create" and (made := self._facts.company(deed.ids.get("id", ""))):
            given["slug"] = made.slug

    def _made_by(self, place: int, prefix: str, id_: Any) -> str:
        for earlier in range(place):
            deed = self._deeds[earlier]
            if (
                deed.name.startswith(prefix)
                and is_done(deed)
                and deed.ids.get("id") == id_
                and earlier in self._of_deed
            ):
                return self._of_deed[earlier].reference("id", self._names)
        raise CannotBeTold(f"nothing that is recorded here made {id_}")

    def _topup(self, place: int, reference: Any) -> str:
        topup = self._facts.topup(reference)
        if topup is None or self._facts.made_before(topup):
            raise CannotBeTold(f"nothing that is recorded here made top-up {reference}")
        try:
            return self._made_by(place, "topups.", topup.id)
        except CannotBeTold:
            return self._automatic(place, topup)

    def _automatic(self, place: int, topup: TopupView) -> str:
        listing = Draft("topups.list", {"company": topup.company_slug})
        listing.comments.append("The automatic top-up has no step of its own.")
        self.drafts.append(listing)
        return listing.reference(f"rows.{self._effects.topup_number(topup, place)}.id", self._names)

    def _event(self, place: int, reference: str) -> str:
        detail: EventDetail = self._facts.call(ShowEvent(event=reference))
        event = detail.event
        for earlier, draft in self._of_deed.items():
            if self._deeds[earlier].ids.get("event_id") == event.event_id:
                return draft.reference("event_id", self._names)
        if event.received_at < self._facts.began or event.company_slug is None:
            raise CannotBeTold(f"{event.type} arrived before the stretch that is recorded, or is nobody's")
        alike = self._events_like(event, place)
        self.drafts.append(Draft(expect={"events": [event.type] * len(alike)}))
        listing = Draft("events.list", {"company": event.company_slug, "type": event.type})
        self.drafts.append(listing)
        newer = sum(each.id > event.id for each in alike)
        return listing.reference(f"rows.{newer}.event_id", self._names)

    def _events_like(self, event: EventView, place: int) -> list[EventView]:
        listed = self._facts.call(ListEvents(type=event.type, company=event.company_slug, limit=1000)).rows
        began, at = self._facts.began, self._deeds[place].at
        return [each for each in listed if began <= each.received_at <= at]

    def _companies_of(self, deed: PerformedView) -> set[str]:
        return {company.slug for company in companies_of(self._facts, deed)}
