"""SQL that only SQLite and its likes understand: the one place to look at when another database comes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Connection, Row, Table, TextClause, literal_column
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, SQLModel


def table_of(model: type[SQLModel]) -> Table:
    """The table of a model, for Core statements. Their columns are keyed by SQL name (`amount`, not `amount_cents`)."""
    return model.metadata.tables[str(model.__tablename__)]


def insert_unless_present(table: Table, *key: str, where: ColumnElement[Any] | TextClause | None = None) -> Insert:
    """An INSERT that does nothing when a row with the same `key` columns exists.

    Add `.returning(…)` to learn which: no row came back = it was there before. `where` names a partial unique index.
    """
    return insert(table).on_conflict_do_nothing(index_elements=[table.c[name] for name in key], index_where=where)


def insert_or_replace(table: Table, key: str, row: Mapping[str, Any]) -> Insert:
    """An INSERT that takes the place of the row with the same `key` column."""
    statement = insert(table).values(**row)
    return statement.on_conflict_do_update(
        index_elements=[table.c[key]], set_={name: value for name, value in row.items() if name != key}
    )


def constant(value: StrEnum) -> ColumnElement[str]:
    """A value written into the SQL instead of bound: only so does SQLite see that a partial index covers the query."""
    return literal_column(f"'{value.value}'")


def next_ids(session: Session, table: Table, count: int) -> range:
    """The next `count` primary keys of an AUTOINCREMENT table, for rows that are inserted by one executemany.

    Safe within a write transaction: nobody else can insert before it ends.
    """
    last = (
        session.connection()
        .exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,))
        .scalar_one_or_none()
    )
    first = (last or 0) + 1
    return range(first, first + count)


def driver_of(session: Session) -> sqlite3.Connection:
    """The driver's own connection, for statements that are run once per row and need nothing of SQLAlchemy's."""
    return cast(sqlite3.Connection, session.connection().connection.driver_connection)


def rows_with_texts(
    connection: Connection, table: Table, key: str, wanted: Iterable[str], *columns: str
) -> Sequence[Row[Any]]:
    """These columns, as stored, of the rows whose text `key` is one of `wanted`, which are one parameter in all."""
    names = ", ".join(table.c[name].name for name in columns)
    sql = f"SELECT {names} FROM {table.name} WHERE {table.c[key].name} IN (SELECT value FROM json_each(?))"  # noqa: S608
    return connection.exec_driver_sql(sql, (json.dumps(list(wanted)),)).all()
