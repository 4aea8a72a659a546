"""Which rows came of which deed, so that each step can wait for what it causes before the next one is played.

Rows are told apart by what they refer to, not by their time alone: a script is faster than a webhook, and on virtual
time everything happens at one moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from devconsole.scenario.recording.facts import Facts, companies_of, is_done
from devconsole.scenario.recording.payments import PAY
from relay.api import DecisionView, LedgerView, PerformedView, TopupView

CALL_DEEDS = ("calls.simulate", "calls.end")
BOOKING = ("companies.create", "balances.adjust", "balances.drain", "balances.withdraw")
"""Deeds that book a row themselves, at once."""
CORRECTING = ("calls.refund", "calls.mark_non_billable")
CHECKING = ("auto_topup.check", "auto_topup.set")
WAITING = "processing"
"""A Checkout from the moment its page exists until it is paid or given up."""


class Effects:
    """The rows and top-ups of a list of deeds, each by the place of the deed in that list."""

    def __init__(self, facts: Facts, deeds: Sequence[PerformedView]) -> None:
        self._facts, self._deeds = facts, deeds
        self._begun = {topup.id: place for topup in facts.topups if (place := self._beginning(topup)) is not None}
        self._strange: dict[int, str] = {}
        self._taken: set[tuple[int, str]] = set()
        """Places of deeds that have their row, with what it refers to."""
        self._rows: list[tuple[int, LedgerView]] = []
        for row in facts.ledger:
            self._rows.append((self._place(row), row))

    def strangers(self, last: int) -> dict[str, str]:
        """Companies whose money moved, up to this deed, for reasons that no deed tells, with the reason."""
        told: dict[str, str] = {}
        for at, row in self._rows:
            if at <= last and row.id in self._strange:
                told.setdefault(row.company_slug, self._strange[row.id])
        return told

    def moved(self, place: int) -> set[str]:
        """Slugs of the companies whose money this deed moved."""
        return {row.company_slug for at, row in self._rows if at == place}

    def turned(self, place: int) -> set[str]:
        """Slugs of the companies of which this deed began or ended a top-up."""
        return {topup.company_slug for topup in self._facts.topups if place in self._turns(topup)}

    def balance_after(self, place: int, slug: str, *, before_cents: int) -> int:
        return before_cents + sum(row.money_cents for row in self._rows_until(place, slug))

    def bonus_after(self, place: int, slug: str, *, before_cents: int) -> int:
        return before_cents + sum(row.bonus_cents for row in self._rows_until(place, slug))

    def is_paid_after(self, place: int, call: int) -> bool:
        """Whether a call had been charged by then."""
        return any(
            at <= place and row.type == "charge" and row.reference_type == "call" and row.reference_id == str(call)
            for at, row in self._rows
        )

    def _rows_until(self, place: int, slug: str) -> Iterator[LedgerView]:
        return (row for at, row in self._rows if at <= place and row.company_slug == slug)

    def topups_after(self, place: int, slug: str) -> list[str]:
        """Their states, oldest first."""
        return [
            WAITING if place < self._turns(topup)[-1] else topup.status
            for topup in self._facts.topups
            if topup.company_slug == slug and self._begun.get(topup.id, place + 1) <= place
        ]

    def rows_of(self, place: int) -> list[LedgerView]:
        return [row for at, row in self._rows if at == place]

    def topup_number(self, topup: TopupView, place: int) -> int:
        """How many top-ups of its company were begun after it and before this deed: its place in the list."""
        return sum(
            each.company_id == topup.company_id and each.id > topup.id and self._begun.get(each.id, place) < place
            for each in self._facts.topups
        )

    def _turns(self, topup: TopupView) -> list[int]:
        """The deeds that began a top-up, and that paid or ended it; empty for one that no deed began."""
        begun = self._begun.get(topup.id)
        if begun is None:
            return []
        if self._deeds[begun].name != "topups.checkout" or topup.status == WAITING:
            return [begun]
        ends = (
            place
            for place, deed in enumerate(self._deeds)
            if deed.name in (PAY, "topups.cancel") and is_done(deed) and deed.input["topup"] == topup.id
        )
        return [begun, max(ends, default=begun)]

    def _beginning(self, topup: TopupView) -> int | None:
        for place, deed in enumerate(self._deeds):
            if deed.name.startswith("topups.") and is_done(deed) and deed.ids.get("id") == topup.id:
                return place
        decision = next((each for each in self._facts.decisions if each.topup_id == topup.id), None)
        if decision is None or self._facts.made_before(topup):
            return None
        return self._asked_by(decision)

    def _asked_by(self, decision: DecisionView) -> int:
        """The deed that made an automatic top-up due: of calls in quick succession the first that was not yet
        answered and left too little, whichever of them happened to be looked at first."""
        asked = self._call_deed(decision.call_id)
        if asked is None:
            checks = self._deeds_of(decision.company_id, CHECKING, decision.decided_at)
            return next(checks, self._before(decision.decided_at))
        answered = {each.call_id for each in self._facts.decisions if each.id < decision.id}
        open_ones = (place for place in range(asked) if self._deeds[place].ids.get("id") not in answered)
        return next((place for place in open_ones if self._left_too_little(place, decision)), asked)

    def _left_too_little(self, place: int, decision: DecisionView) -> bool:
        """Whether this deed is a call of the decision's company after which no more was left than its threshold."""
        deed = self._deeds[place]
        if deed.name not in CALL_DEEDS or not is_done(deed) or decision.threshold_cents is None:
            return False
        rows = (
            row
            for row in self._facts.ledger
            if row.type == "charge" and row.reference_id == str(deed.ids.get("id")) and row.reference_type == "call"
        )
        return any(
            row.company_id == decision.company_id
            and row.balance_after_cents + row.bonus_after_cents - row.reserved_after_cents <= decision.threshold_cents
            for row in rows
        )

    def _call_deed(self, call: int | str | None) -> int | None:
        """The deed that ended a call."""
        for place in reversed(range(len(self._deeds))):
            deed = self._deeds[place]
            if deed.name in CALL_DEEDS and call is not None and str(deed.ids.get("id")) == str(call):
                return place
        return None

    def _before(self, moment: datetime) -> int:
        return max((place for place, deed in enumerate(self._deeds) if deed.at <= moment), default=0)

    def _deeds_of(self, company_id: int, names: Sequence[str], moment: datetime) -> Iterator[int]:
        """Deeds of these names about the company that were under way at that moment, the latest first."""
        for place in reversed(range(len(self._deeds))):
            deed = self._deeds[place]
            was_under_way = deed.name in names and is_done(deed) and deed.at <= moment <= deed.ended_at
            if was_under_way and any(company.id == company_id for company in companies_of(self._facts, deed)):
                yield place

    def _place(self, row: LedgerView) -> int:
        match row.reference_type:
            case "topup" | "auto_topup" | "topup_bonus" if row.money_cents >= 0 and row.bonus_cents >= 0:
                topup = self._facts.topup(row.reference_id or "")
                turns = self._turns(topup) if topup is not None else []
                if not turns:
                    self._stranger(row, f"top-up {row.reference_id} was begun by nothing that is recorded here")
                return turns[-1] if turns else self._before(row.created_at)
            case "refund" | "topup_bonus":
                return self._refund(row)
            case "call":
                return self._call(row)
            case "dispute":
                self._stranger(row, "a dispute took or returned money")
        return self._booked_by(row, BOOKING)

    def _booked_by(self, row: LedgerView, names: Sequence[str]) -> int:
        """The earliest deed of these names that was under way then and has no such row yet."""
        found = [
            place
            for place in self._deeds_of(row.company_id, names, row.created_at)
            if self._deeds[place].input.get("opening_balance_cents") != 0
            and str(self._deeds[place].input.get("call", row.reference_id)) == str(row.reference_id)
        ]
        return self._take([*reversed(found)], row)

    def _take(self, places: Sequence[int], row: LedgerView) -> int:
        """The first of these deeds that has no row of this kind yet; they booked theirs in their order."""
        kind = str(row.reference_type)
        place = next((each for each in places if (each, kind) not in self._taken), None)
        if place is None:
            return places[-1] if places else self._before(row.created_at)
        self._taken.add((place, kind))
        return place

    def _refund(self, row: LedgerView) -> int:
        topup = self._facts.topup(row.reference_id or "")
        asked = [
            place
            for place, deed in enumerate(self._deeds)
            if deed.name == "charges.refund" and is_done(deed) and deed.at <= row.created_at
            if topup is not None and self._facts.topup(deed.input["charge"]) == topup
        ]
        if not asked:
            self._stranger(row, f"money of top-up {row.reference_id} was sent back, not by an operation")
        return self._take(asked, row)

    def _call(self, row: LedgerView) -> int:
        """A call is paid by the deed that ended it, or by the credit that it had to wait for."""
        if row.type == "refund":
            return self._booked_by(row, CORRECTING)
        ended = self._call_deed(row.reference_id)
        if row.type != "charge" or ended is None:
            if row.type == "charge":
                self._stranger(row, f"call {row.reference_id} was made before the stretch that is recorded")
            return self._before(row.created_at)
        if row.created_at < self._deeds[ended].ended_at:
            return ended
        credits = (
            place
            for place, each in self._rows
            if each.company_id == row.company_id and place > ended and each.money_cents + each.bonus_cents > 0
        )
        return max(credits, default=ended)

    def _stranger(self, row: LedgerView, why: str) -> None:
        self._strange[row.id] = why
