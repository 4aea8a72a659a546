"""The proof of the ledger: every rule asked of every row, in one snapshot, while the server goes on working."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select, text
from sqlmodel import Session

from billing.dialect import table_of
from billing.ledger_rules import LEDGER_RULES, LedgerRule
from billing.models import LedgerEntry, PrepaidBalance

BREACHES_MAX: Final = 100
"""Per rule: enough to see what is wrong, however much is."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A row that contradicts a rule. `ids` are what people call the rows, such as `ledger_17` or `company_3`."""

    rule: str
    detail: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LedgerProof:
    """What was looked at, and what is wrong with it."""

    rows: int
    companies: int
    breaches: tuple[Breach, ...]

    @property
    def ok(self) -> bool:
        return not self.breaches


def check(session: Session) -> LedgerProof:
    """Ask every rule. Reads only; from an async reader: `await session.run_sync(check)`."""
    # A savepoint is the portable way to one snapshot for all queries: readers otherwise see each commit at once,
    # and a sum would not fit to the rows that were counted a moment before.
    with session.begin_nested():
        rows = session.execute(select(func.count()).select_from(table_of(LedgerEntry))).scalar_one()
        companies = session.execute(select(func.count()).select_from(table_of(PrepaidBalance))).scalar_one()
        breaches = tuple(breach for rule in LEDGER_RULES for breach in _breaches(session, rule))
    return LedgerProof(rows, companies, breaches)


def _breaches(session: Session, rule: LedgerRule) -> list[Breach]:
    found = session.execute(text(f"{rule.breaches_sql} LIMIT {BREACHES_MAX}"))
    return [Breach(rule.name, f"{rule.meaning}: {row.detail}", tuple(row.ids.split(","))) for row in found]
