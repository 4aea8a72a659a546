"""Which rows a piece of work touches: triggers on the copy note each, with what it held before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from relay.api import FieldChange, RowChange

LOG: Final = "rehearsal_log"
OWN_NOTES: Final = frozenset({"webhook_attempts", "alembic_version", LOG})
"""What an attempt always leaves behind, and what is no row of anybody's."""
OWN_COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    "webhook_events": frozenset({"retry_count", "next_attempt_at", "processed_at"})
}
"""Columns by which the inbox keeps its queue."""
ROWS_MAX: Final = 1_000
"""Rows shown of one event."""

Row = dict[str, Any]


class Watch:
    """Watches every table of a copy from the moment it is made. `changes` tells what happened since it last did."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen = 0
        run = connection.exec_driver_sql
        run(f"CREATE TABLE {LOG} (n INTEGER PRIMARY KEY, tbl TEXT, row INTEGER, before TEXT)")
        names = run("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").scalars().all()
        self._columns = {name: self._columns_of(name) for name in names if name not in OWN_NOTES}
        for table, columns in self._columns.items():
            was = _object(columns, of="old.")
            for verb, row, before in (("INSERT", "new", "NULL"), ("UPDATE", "old", was), ("DELETE", "old", was)):
                note = f"INSERT INTO {LOG} (tbl, row, before) VALUES ('{table}', {row}.rowid, {before})"  # noqa: S608
                run(f'CREATE TRIGGER "{LOG}_{table}_{verb}" AFTER {verb} ON "{table}" BEGIN {note}; END')

    def changes(self) -> tuple[RowChange, ...]:
        """Each row once, from what it was first to what it is now, in the order in which they were first touched."""
        statement = f"SELECT n, tbl, row, before FROM {LOG} WHERE n > ? ORDER BY n"  # noqa: S608
        found = self._connection.exec_driver_sql(statement, (self._seen,)).all()
        first: dict[tuple[str, int], str | None] = {}
        for n, table, row, before in found:
            first.setdefault((table, row), before)
            self._seen = n
        changes = [self._change(table, row, before) for (table, row), before in list(first.items())[:ROWS_MAX]]
        return tuple(change for change in changes if change is not None)

    def _change(self, table: str, row: int, before: str | None) -> RowChange | None:
        was: Row = json.loads(before) if before is not None else {}
        now = self._row(table, row)
        names = [name for name in self._columns[table] if was.get(name) != now.get(name)]
        if not names:
            return None
        kind = "added" if before is None else "changed" if now else "removed"
        fields = tuple(FieldChange(name=name, before=was.get(name), after=now.get(name)) for name in names)
        return RowChange(table=table, id=row, change=kind, fields=fields)

    def _row(self, table: str, row: int) -> Row:
        statement = f'SELECT {_object(self._columns[table])} FROM "{table}" WHERE rowid = ?'  # noqa: S608
        found = self._connection.exec_driver_sql(statement, (row,)).scalar_one_or_none()
        return {} if found is None else json.loads(found)

    def _columns_of(self, table: str) -> list[str]:
        """Without bodies, which JSON cannot hold, and without what the inbox keeps for itself."""
        found = self._connection.exec_driver_sql(f'PRAGMA table_info("{table}")').all()
        own = OWN_COLUMNS.get(table, frozenset())
        return [column.name for column in found if column.type != "BLOB" and column.name not in own]


def _object(columns: Sequence[str], of: str = "") -> str:
    """SQL for a row as JSON."""
    pairs = ", ".join(f"'{name}', {of}\"{name}\"" for name in columns)
    return f"json_object({pairs})"
