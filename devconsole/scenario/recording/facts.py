"""Everything that a recording is made of, asked of the server once: what was done, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devconsole.output import Failure
from relay.api import (
    CallView,
    CardView,
    CompanyView,
    DecisionView,
    LedgerView,
    ListCalls,
    ListCards,
    ListCompanies,
    ListDecisions,
    ListLedger,
    ListOperations,
    ListTopups,
    Operation,
    PerformedView,
    TopupView,
)
from relay.api.performed import DONE


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """What is to be told: operations that began from `since` to `until`, the `last` few of them; None is no bound."""

    since: datetime | None = None
    until: datetime | None = None
    last: int | None = None


Call = Callable[[Operation[Any]], Any]
"""Ask the server. Raises `RelayError`."""

ROWS_MAX = 500
"""The longest page of a list; a stretch that wrote more rows is no story that anybody reads."""


@dataclass(frozen=True)
class Facts:
    """The stretch that is recorded, and all that it left. Everything oldest first."""

    call: Call
    deeds: tuple[PerformedView, ...]
    """From its beginning on; those after its end tell what came of something else."""
    until: datetime | None
    earlier: tuple[PerformedView, ...]
    """What was done before the stretch, as far as it is still known."""
    companies: tuple[CompanyView, ...]
    cards: tuple[CardView, ...]
    ledger: tuple[LedgerView, ...]
    """Rows since the beginning."""
    topups: tuple[TopupView, ...]
    """Also those from before, of all companies."""
    calls: tuple[CallView, ...]
    decisions: tuple[DecisionView, ...]

    @property
    def began(self) -> datetime:
        return self.deeds[0].at

    def is_told(self, at: datetime) -> bool:
        """Whether what began then is not after the end."""
        return self.until is None or at <= self.until

    def company(self, reference: str | int) -> CompanyView | None:
        """By id or slug."""
        return next((each for each in self.companies if str(reference) in (each.slug, str(each.id))), None)

    def topup(self, reference: str | int) -> TopupView | None:
        """By its id, payment or charge."""
        names = str(reference)
        return next(
            (each for each in self.topups if names in (str(each.id), each.payment_intent_id, each.charge_id)), None
        )

    def call_named(self, id_: object) -> CallView | None:
        return next((each for each in self.calls if each.id == id_), None)

    def made_before(self, topup: TopupView) -> bool:
        return topup.created_at < self.began


def gather(call: Call, stretch: Stretch) -> Facts:
    """Ask for everything. Raises `Failure` when nothing was done, or too much."""
    known: Sequence[PerformedView] = call(ListOperations(limit=10_000)).rows[::-1]
    since, until = stretch.since, stretch.until
    told = [deed for deed in known if (not since or deed.at >= since) and (not until or deed.at <= until)]
    if not told:
        raise Failure(
            "nothing was done then that could be told" if since or until else "nothing was done that could be told",
            remedy="Do something in the console first; `devconsole operations list` shows what is known.",
            code="nothing_recorded",
        )
    began = told[-stretch.last if stretch.last else 0 :][0].at
    return Facts(
        call=call,
        deeds=tuple(deed for deed in known if deed.at >= began),
        until=until,
        earlier=tuple(deed for deed in known if deed.at < began),
        companies=call(ListCompanies()).rows,
        cards=call(ListCards()).rows,
        ledger=tuple(row for row in _page(call, ListLedger(limit=ROWS_MAX), began) if row.created_at >= began),
        topups=_page(call, ListTopups(limit=ROWS_MAX), began),
        calls=_page(call, ListCalls(limit=ROWS_MAX), began),
        decisions=_page(call, ListDecisions(limit=ROWS_MAX), began),
    )


def _page(call: Call, operation: Operation[Any], began: datetime) -> tuple[Any, ...]:
    """The newest rows, oldest first. Raises `Failure` when they do not reach back to the beginning."""
    page = call(operation)
    rows: tuple[Any, ...] = page.rows[::-1]
    if rows and page.total > len(rows) and _time_of(rows[0]) >= began:
        raise Failure(
            "too much happened since then for one story",
            remedy="Choose a stretch that began later: --last N, or --since TIME.",
            code="stretch_too_long",
        )
    return rows


def _time_of(row: Any) -> datetime:
    match row:
        case DecisionView():
            return row.decided_at
        case CallView():
            return row.ended_at or row.started_at
        case _:
            return row.created_at  # type: ignore[no-any-return]


def is_done(deed: PerformedView) -> bool:
    return deed.outcome == DONE


def companies_of(facts: Facts, deed: PerformedView) -> list[CompanyView]:
    """The companies that a deed names, by themselves or by what belongs to them."""
    named: list[Any] = [deed.input.get("company")]
    if deed.name == "companies.create":
        named.append(deed.ids.get("id"))
    if (call := facts.call_named(deed.input.get("call"))) is not None:
        named.append(call.company_id)
    if (topup := facts.topup(deed.input.get("topup") or deed.input.get("charge") or "")) is not None:
        named.append(topup.company_id)
    return [company for each in named if each is not None and (company := facts.company(each)) is not None]
