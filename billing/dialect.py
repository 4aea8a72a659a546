"""SQL that only SQLite and its likes understand: the one place to look at when another database comes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, TextClause
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import SQLModel


def table_of(model: type[SQLModel]) -> Table:
    """The table of a model, for Core statements. Their columns are keyed by SQL name (`amount`, not `amount_cents`)."""
    return model.metadata.tables[str(model.__tablename__)]


def insert_unless_present(table: Table, *key: str, where: ColumnElement[Any] | TextClause | None = None) -> Insert:
    """An INSERT that does nothing when a row with the same `key` columns exists.

    Add `.returning(…)` to learn which: no row came back = it was there before. `where` names a partial unique index.
    """
    return insert(table).on_conflict_do_nothing(index_elements=[table.c[name] for name in key], index_where=where)
