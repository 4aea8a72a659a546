"""Bringing a database file to the schema of this version, with a backup before anything of it is changed.

Alembic is imported only when there is something to do: it costs 100 ms, a start with a current file one SELECT.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from billing.errors import DatabaseTooNew, NotADatabase
from billing.locks import LOCK_PATIENCE_S, is_locked, locks_named

HEAD: Final = "0008"
"""The newest revision in `migrations/versions`."""
MIGRATIONS: Final = Path(__file__).with_name("migrations")


@dataclass(frozen=True, slots=True)
class SchemaState:
    """What `prepare` found and did. `backup` is set when an older file with rows was brought up to date."""

    revision: str
    migrated_from: str | None
    """None: the file was current, or new."""
    backup: Path | None
    is_new: bool


def prepare(path: Path, *, now: datetime, migrations: Path = MIGRATIONS, head: str = HEAD) -> SchemaState:
    """Create the file, bring it up to date, or find it current. To be called before `Database(path)`.

    Raises `DatabaseTooNew`, `NotADatabase` or `DatabaseLocked`, and then has changed nothing. An upgrade that fails is
    undone as a whole.
    """
    with locks_named(path):
        return _prepare(path, now=now, migrations=migrations, head=head)


def _prepare(path: Path, *, now: datetime, migrations: Path, head: str) -> SchemaState:
    revision = _revision_of(path)
    if revision == head:
        return SchemaState(head, migrated_from=None, backup=None, is_new=False)
    if revision is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _upgrade(path, migrations)
        return SchemaState(head, migrated_from=None, backup=None, is_new=True)
    if revision not in _known_revisions(migrations):
        raise DatabaseTooNew(path, revision, head)
    backup = _back_up(path, revision, now)
    _upgrade(path, migrations)
    return SchemaState(head, migrated_from=revision, backup=backup, is_new=False)


def _revision_of(path: Path) -> str | None:
    """The schema revision of the file; None when there is no file yet, or an empty one."""
    if not path.exists():
        return None
    if not path.is_file():
        raise NotADatabase(path, "it is not a file")
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_PATIENCE_S)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables:
                return None
            if "alembic_version" not in tables:
                raise NotADatabase(path, f"it holds tables of something else, such as {min(tables)}")
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        if is_locked(error):
            raise
        raise NotADatabase(path, str(error)) from error
    if row is None:
        raise NotADatabase(path, "it does not say which schema revision it has")
    return str(row[0])


def _back_up(path: Path, revision: str, now: datetime) -> Path:
    """Copy the database, with what is still in its write-ahead log, next to it. Never replaces an earlier copy."""
    stem = f"{path.name}.backup-{revision}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    backup = path.with_name(stem)
    number = 1
    while backup.exists():
        number += 1
        backup = path.with_name(f"{stem}-{number}")
    unfinished = backup.with_name(backup.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(path, timeout=LOCK_PATIENCE_S)) as source,
        closing(sqlite3.connect(unfinished)) as target,
    ):
        source.backup(target)
    return unfinished.rename(backup)


def _upgrade(path: Path, migrations: Path) -> None:
    """Run the missing revisions, all in one transaction."""
    from alembic import command
    from sqlalchemy import create_engine, event

    config = _config(migrations)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": LOCK_PATIENCE_S})
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            assert dangling is None, f"after the upgrade, {dangling} refers to a row that does not exist"
    finally:
        engine.dispose()


def _leave_transactions_to_us(dbapi_connection: Any, _record: Any) -> None:
    # Python's driver would commit before each CREATE TABLE. Foreign keys stay off while tables are rebuilt;
    # they are checked as a whole before the commit.
    dbapi_connection.isolation_level = None


def _known_revisions(migrations: Path) -> frozenset[str]:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config(migrations))
    return frozenset(script.revision for script in scripts.walk_revisions())


def _config(migrations: Path) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    return config
