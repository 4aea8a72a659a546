"""Core statements that are compiled once and run on the driver's own cursor: for those that every payment takes.

SQLAlchemy spends 45 us around a statement that SQLite runs in 10; here it is 5. Names and types are still those of the
models, and values are written and read by the types' own processors. Errors are the driver's own.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite
from sqlmodel import Session

Convert = Callable[[Any], Any]

_DIALECT = sqlite.dialect(paramstyle="qmark")


class Prepared:
    """A SELECT, INSERT or UPDATE of Core with named parameters. Compiled when it is first run."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement

    def one(self, session: Session, values: Mapping[str, Any]) -> Any:
        """The first row that it returns, by the names of its columns; None when there is none."""
        row = self._run(session.connection(), values).fetchone()
        return None if row is None else self._read(row)

    def all(self, session: Session, values: Mapping[str, Any]) -> list[Any]:
        """Every row that it returns."""
        return [self._read(row) for row in self._run(session.connection(), values).fetchall()]

    def change(self, session: Session, values: Mapping[str, Any]) -> int:
        """How many rows it has changed."""
        count: int = self._run(session.connection(), values).rowcount
        return count

    def _run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        sql, names, fixed, writers = self._compiled
        if fixed:
            values = {**fixed, **values}
        bound = [values[name] for name in names]
        for place, write in writers:
            if bound[place] is not None:
                bound[place] = write(bound[place])
        # The cursor itself, not what `execute` returns: for an asynchronous reader that is another thing.
        cursor = connection.connection.cursor()
        cursor.execute(sql, bound)
        return cursor

    def _read(self, row: tuple[Any, ...]) -> Any:
        make, readers = self._row
        if not readers:
            return make(row)
        cells = list(row)
        for place, read in readers:
            cells[place] = read(cells[place])
        return make(cells)

    @cached_property
    def _compiled(self) -> tuple[str, tuple[str, ...], dict[str, Any], list[tuple[int, Convert]]]:
        """The SQL, the names of its parameters in order, those that it brings itself, and how values are written."""
        compiled = self._statement.compile(dialect=_DIALECT)
        assert not compiled.post_compile_params and not compiled.literal_execute_params, "one text for all values"
        names = tuple(compiled.positiontup)
        fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        writers = []
        for place, name in enumerate(names):
            write = compiled.binds[name].type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
            if write is not None:
                writers.append((place, write))
        return str(compiled), names, fixed, writers

    @cached_property
    def _row(self) -> tuple[Callable[[Any], Any], list[tuple[int, Convert]]]:
        """How a row is made of cells, and how cells are read."""
        columns = list(self._statement.exported_columns)
        row: Any = namedtuple("row", [column.name for column in columns])  # type: ignore[misc]
        readers = []
        for place, column in enumerate(columns):
            read = column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)
            if read is not None:
                readers.append((place, read))
        return row._make, readers
