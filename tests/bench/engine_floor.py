"""The floor: the rows that the engine has just written, by bare sqlite3, one transaction per event or call."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.bench.engine_world import SETTLED, World

Statement = tuple[str, Sequence[Any]]

EVENT_TABLES = ("webhook_events", "webhook_deliveries", "balance_transactions", "invoices", "webhook_attempts")
CALL_TABLES = ("calls", "balance_transactions", "call_charges", "jobs")


def topup_transactions(world: World, marks: Mapping[str, int]) -> list[list[Statement]]:
    """One per applied event: what was inserted for it, its top-up and its balance as they are afterwards."""
    rows = dict(world.written_since(dict(marks)))
    events = {row["id"]: [_insert("webhook_events", row)] for row in rows["webhook_events"]}
    for row in rows["webhook_deliveries"]:
        events[row["webhook_event_id"]].append(_insert("webhook_deliveries", row))
    event_of_topup = {}
    for row in rows["balance_transactions"]:
        event_of_topup[int(row["reference_id"])] = row["webhook_event_id"]
        events[row["webhook_event_id"]] += [_insert("balance_transactions", row), _moved(row)]
    for topup in world.topups(event_of_topup):
        events[event_of_topup[topup["id"]]].append(_updated("balance_topups", topup))
    for row in rows["invoices"]:
        events[event_of_topup[row["topup_id"]]].append(_insert("invoices", row))
    for row in rows["webhook_attempts"]:
        events[row["webhook_event_id"]].append(_insert("webhook_attempts", row))
    return list(events.values())


def call_transactions(world: World, marks: Mapping[str, int]) -> list[list[Statement]]:
    """One per charged call."""
    rows = dict(world.written_since(dict(marks)))
    calls = {row["id"]: [_insert("calls", row)] for row in rows["calls"]}
    for row in rows["balance_transactions"]:
        calls[int(row["reference_id"])] += [_insert("balance_transactions", row), _moved(row)]
    for row in rows["call_charges"]:
        calls[row["call_id"]].append(_insert("call_charges", row))
    for row in rows["jobs"]:
        calls[int(row["key"].split(":")[2])].append(_insert("jobs", row))
    return list(calls.values())


def per_second(path: Path, transactions: Sequence[Sequence[Statement]]) -> float:
    """Write them, one commit each, as durable as the engine's."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in SETTLED:
            connection.execute(f"PRAGMA {pragma}")
        started = time.perf_counter()
        for statements in transactions:
            connection.execute("BEGIN IMMEDIATE")
            for sql, values in statements:
                connection.execute(sql, values)
            connection.execute("COMMIT")
        return len(transactions) / (time.perf_counter() - started)


def _insert(table: str, row: sqlite3.Row) -> Statement:
    names = row.keys()
    marks = ", ".join("?" for _ in names)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", tuple(row)


def _updated(table: str, row: sqlite3.Row) -> Statement:
    names = [name for name in row.keys() if name not in ("id", "company_id", "created_at")]  # noqa: SIM118 - a Row
    values = [row[name] for name in names]
    return f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in names)} WHERE id = ?", (*values, row["id"])


def _moved(row: sqlite3.Row) -> Statement:
    return (
        "UPDATE prepaid_balances SET balance = ?, bonus_balance = ?, reserved_balance = ?, updated_at = ? "
        "WHERE company_id = ?",
        (row["balance_after"], row["bonus_after"], row["reserved_after"], row["created_at"], row["company_id"]),
    )
