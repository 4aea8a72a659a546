"""The worlds in which the engine is measured: so many companies, so many ledger rows that were there before."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session

from billing.companies import create_company
from billing.db import Database
from billing.schema import prepare

TOPUP_CENTS = 5_000
CALL_SECONDS = 60
CALL_CENTS = 42
HASTY = ("synchronous=OFF", "cache_size=-1000000", "temp_store=MEMORY")
"""While a world is built there is nothing to lose."""
SETTLED = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


class World:
    """Two files with the same rows: one for the engine, one for bare sqlite3."""

    def __init__(self, place: Path, *, companies: int, ledger_rows: int) -> None:
        self.name = f"{companies:,} {'company' if companies == 1 else 'companies'}, {ledger_rows:,} ledger rows"
        self.companies = companies
        self.engine_file = place / f"engine-{companies}-{ledger_rows}.db"
        self.floor_file = place / f"floor-{companies}-{ledger_rows}.db"
        self._ledger_rows = ledger_rows
        self._topups = 0

    async def build(self) -> None:
        """Companies with a balance that pays for everything, and a history of charged calls."""
        prepare(self.engine_file, now=datetime.now(UTC))
        database = Database(self.engine_file)
        await database.write(_found, self.companies)
        await database.close()
        with closing(sqlite3.connect(self.engine_file, isolation_level=None)) as connection:
            for pragma in HASTY:
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("DELETE FROM billing_bonus_rules")
            # What the calls cost, and a million euros: nobody runs out of money here.
            opening_cents = (self._ledger_rows // self.companies + 1) * CALL_CENTS + 100_000_000
            connection.execute("BEGIN")
            connection.execute(_OPENING, {"companies": self.companies, "opening": opening_cents})
            with _indexed_afterwards(connection, "calls", "balance_transactions", "call_charges"):
                connection.execute(_CALLS, {"rows": self._ledger_rows, "companies": self.companies})
                connection.execute(_DEBITS, {"opening": opening_cents, "companies": self.companies})
                connection.execute(_CHARGES)
            connection.execute(_BALANCES, {"opening": opening_cents})
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self.engine_file, self.floor_file)

    def open_topups(self, count: int) -> Sequence[tuple[int, int]]:
        """Top-ups that wait for their payment, in both files; ids of top-up and company."""
        numbers = range(self._topups + 1, self._topups + count + 1)
        self._topups += count
        rows = [(number, number % self.companies + 1, TOPUP_CENTS, f"bench_{number}") for number in numbers]
        for path in (self.engine_file, self.floor_file):
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                connection.execute("BEGIN")
                connection.executemany(_TOPUP, rows)
                connection.execute("COMMIT")
        return [(topup_id, company_id) for topup_id, company_id, _amount, _key in rows]

    def written_since(self, marks: dict[str, int]) -> Iterator[tuple[str, list[sqlite3.Row]]]:
        """The rows of each table with higher ids than these."""
        with closing(sqlite3.connect(self.engine_file)) as connection:
            connection.row_factory = sqlite3.Row
            for table, last in marks.items():
                yield table, connection.execute(f"SELECT * FROM {table} WHERE id > ? ORDER BY id", (last,)).fetchall()

    def topups(self, ids: Collection[int]) -> list[sqlite3.Row]:
        """These top-ups as they are now."""
        with closing(sqlite3.connect(self.engine_file)) as connection:
            connection.row_factory = sqlite3.Row
            between = connection.execute(
                "SELECT * FROM balance_topups WHERE id BETWEEN ? AND ?", (min(ids), max(ids))
            ).fetchall()
        return [row for row in between if row["id"] in ids]

    def marks(self, *tables: str) -> dict[str, int]:
        """The highest id of each table."""
        with closing(sqlite3.connect(self.engine_file)) as connection:
            return {
                table: connection.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}").fetchone()[0] for table in tables
            }


def _found(session: Session, companies: int) -> None:
    for number in range(1, companies + 1):
        create_company(
            session,
            name=f"Company {number}",
            slug=f"company-{number}",
            email=None,
            prepaid_billing_enabled=True,
            low_balance_threshold_cents=2_000,
            now=datetime.now(UTC),
        )


@contextmanager
def _indexed_afterwards(connection: sqlite3.Connection, *tables: str) -> Iterator[None]:
    """Sorting a million rows once is faster than finding the place of each in every index."""
    marks = ", ".join("?" for _ in tables)
    indexes = connection.execute(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({marks})",
        tables,
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    yield
    for _, sql in indexes:
        connection.execute(sql)


_NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last})"
_NOW = "'2026-11-01 12:00:00.000000'"
_OPENING = f"""
{_NUMBERS.format(last=":companies")}
INSERT INTO balance_transactions (id, company_id, type, amount, bonus_amount, reserved_amount, balance_before,
    balance_after, bonus_after, reserved_after, affects_bonus, description, reference_type, reference_id, posting_key,
    created_by, created_at)
SELECT i, i, 'adjustment', :opening, 0, 0, 0, :opening, 0, 0, 0, 'Opening balance', 'admin_adjustment', 'open_' || i,
       'adjustment:open_' || i, 'bench', {_NOW} FROM n
"""
_CALLS = f"""
{_NUMBERS.format(last=":rows")}
INSERT INTO calls (id, company_id, call_id, direction, status, duration_sec, metadata, started_at, ended_at,
                   created_at, updated_at)
SELECT i, i % :companies + 1, 'call_before_' || i, 'outbound', 'completed', {CALL_SECONDS}, '{{}}', {_NOW}, {_NOW},
       {_NOW}, {_NOW} FROM n WHERE :rows > 0
"""
_DEBITS = f"""
INSERT INTO balance_transactions (id, company_id, type, amount, bonus_amount, reserved_amount, balance_before,
    balance_after, bonus_after, reserved_after, affects_bonus, description, reference_type, reference_id, posting_key,
    created_at)
SELECT :companies + id, company_id, 'charge', -{CALL_CENTS}, 0, 0, :opening - (nth - 1) * {CALL_CENTS},
       :opening - nth * {CALL_CENTS}, 0, 0, 0, 'Call ' || id || ', 0:01:00', 'call', id, 'charge:call:' || id, {_NOW}
FROM (SELECT id, company_id, ROW_NUMBER() OVER (PARTITION BY company_id ORDER BY id) AS nth FROM calls) ORDER BY id
"""
_CHARGES = f"""
INSERT INTO call_charges (call_id, company_id, status, duration_seconds, rate_per_minute, amount_charged,
    paid_by_bonus, balance_transaction_id, charged_at, refunded_amount, refunded_bonus, refund_status, created_at,
    updated_at)
SELECT CAST(reference_id AS INTEGER), company_id, 'charged', {CALL_SECONDS}, 4200, {CALL_CENTS}, 0, id, {_NOW}, 0, 0,
       'none', {_NOW}, {_NOW} FROM balance_transactions WHERE type = 'charge' ORDER BY id
"""
_BALANCES = f"""
UPDATE prepaid_balances SET balance =
    :opening - {CALL_CENTS} * (SELECT COUNT(*) FROM calls WHERE calls.company_id = prepaid_balances.company_id)
"""
_TOPUP = """
INSERT INTO balance_topups (id, company_id, amount, currency, status, origin, idempotency_key, metadata, bonus_amount,
    refunded_amount, refund_status, refund_snapshots, created_at, updated_at)
VALUES (?, ?, ?, 'EUR', 'processing', 'manual', ?, '{}', 0, 0, 'none', '[]', '2026-11-01 12:00:00.000000',
        '2026-11-01 12:00:00.000000')
"""
