"""A database file is created, brought up to date after a backup, or refused; never harmed."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlmodel import SQLModel

import billing.models  # noqa: F401  registers the tables
from billing import schema
from billing.clock import ManualClock
from billing.errors import DatabaseTooNew, NotADatabase
from billing.schema import HEAD, MIGRATIONS, prepare

NOW = ManualClock().now()


def execute(path: Path, *statements: str) -> list[tuple[object, ...]]:
    """Run statements and commit; the rows of the last one."""
    with closing(sqlite3.connect(path)) as connection, connection:
        rows: list[tuple[object, ...]] = []
        for statement in statements:
            rows = connection.execute(statement).fetchall()
        return rows


def definitions(path: Path) -> dict[str, str]:
    """The SQL of tables and indexes by name, without differences of layout."""
    rows = execute(
        path, "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL ORDER BY name"
    )
    return {str(name): _normal(str(sql)) for name, sql in rows if name not in {"alembic_version", "sqlite_sequence"}}


def _normal(sql: str) -> str:
    flat = re.sub(r"\s+", " ", sql).replace("( ", "(").replace(" )", ")").replace('"', "")
    head, _, rest = flat.partition("(")
    body, _, tail = rest.rpartition(")")
    # Constraints may come in any order; everything else is compared as it is.
    return f"{head}({', '.join(sorted(re.split(r', (?=[A-Za-z_]+ )', body)))}){tail}"


def upgraded_to(path: Path, revision: str, migrations: Path = MIGRATIONS) -> Path:
    """A file as an earlier version left it."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
    return path


COMPANY = (
    "INSERT INTO companies (name, slug, country, timezone, currency, is_active, prepaid_billing_enabled, "
    "is_small_business, alerts_enabled, metadata, created_at, updated_at) VALUES "
    "('Acme', 'acme', 'DE', 'Europe/Berlin', 'EUR', 1, 1, 0, 1, '{}', '2026-01-01', '2026-01-01')"
)


def test_the_migrated_schema_is_that_of_the_models(tmp_path: Path) -> None:
    prepare(tmp_path / "migrated.db", now=NOW)
    engine = create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    assert definitions(tmp_path / "migrated.db") == definitions(tmp_path / "fresh.db")


def test_head_is_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_new_file_is_created_with_its_directory(tmp_path: Path) -> None:
    state = prepare(tmp_path / "a" / "b" / "billing.db", now=NOW)
    assert state.is_new
    assert state.backup is None
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["billing.db"]


def test_a_current_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "billing.db"
    prepare(path, now=NOW)
    before = path.read_bytes()
    state = prepare(path, now=NOW)
    assert not state.is_new
    assert (state.revision, state.migrated_from, state.backup) == (HEAD, None, None)
    assert path.read_bytes() == before


def test_a_start_with_a_current_file_does_not_load_alembic(tmp_path: Path) -> None:
    prepare(tmp_path / "billing.db", now=NOW)
    program = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path; from billing.schema import prepare;"
        "prepare(Path(sys.argv[1]), now=datetime.now(UTC));"
        "print('alembic' in sys.modules, 'sqlalchemy' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "billing.db")], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("revision", ["0001", "0002", "0003"])
def test_an_older_file_is_brought_up_to_date_after_a_backup(tmp_path: Path, revision: str) -> None:
    path = upgraded_to(tmp_path / "billing.db", revision)
    execute(path, "PRAGMA journal_mode=WAL", COMPANY)
    state = prepare(path, now=NOW)
    assert state.migrated_from == revision
    assert execute(path, "SELECT slug FROM companies") == [("acme",)]
    assert execute(path, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    assert state.backup == tmp_path / f"billing.db.backup-{revision}-20261102T090000Z"
    assert execute(state.backup, "SELECT slug FROM companies") == [("acme",)]
    assert execute(state.backup, "SELECT version_num FROM alembic_version") == [(revision,)]


def test_a_backup_holds_what_is_only_in_the_write_ahead_log(tmp_path: Path) -> None:
    path = upgraded_to(tmp_path / "billing.db", "0001")
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute(COMPANY)
        writer.commit()
        # The connection is still open, as after a crash: nothing has been copied into the main file yet.
        state = prepare(path, now=NOW)
    assert state.backup is not None
    assert execute(state.backup, "SELECT slug FROM companies") == [("acme",)]


def test_a_second_backup_does_not_replace_the_first(tmp_path: Path) -> None:
    for _ in range(2):
        path = tmp_path / "billing.db"
        path.unlink(missing_ok=True)
        prepare(upgraded_to(path, "0002"), now=NOW)
    names = sorted(path.name for path in tmp_path.iterdir() if "backup" in path.name)
    assert names == ["billing.db.backup-0002-20261102T090000Z", "billing.db.backup-0002-20261102T090000Z-2"]


def test_an_upgrade_that_fails_half_way_changes_nothing(tmp_path: Path) -> None:
    scripts = tmp_path / "100% migrations"
    shutil.copytree(MIGRATIONS, scripts)
    (scripts / "versions" / "rev_9998_broken.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        f"revision, down_revision, branch_labels, depends_on = '9998', '{HEAD}', None, None\n"
        "def upgrade():\n"
        "    op.create_table('half', sa.Column('id', sa.Integer()))\n"
        '    op.execute("INSERT INTO half VALUES (1)")\n'
        '    op.execute("INSERT INTO missing VALUES (1)")\n'
    )
    path = upgraded_to(tmp_path / "billing.db", "0001")
    execute(path, COMPANY)
    before = execute(path, "SELECT type, name, sql FROM sqlite_master ORDER BY name")
    with pytest.raises(Exception, match="no such table: missing"):
        prepare(path, now=NOW, migrations=scripts, head="9998")
    assert execute(path, "SELECT type, name, sql FROM sqlite_master ORDER BY name") == before
    assert execute(path, "SELECT version_num FROM alembic_version") == [("0001",)]
    assert prepare(path, now=NOW).migrated_from == "0001"


def test_a_newer_file_is_refused_with_reason_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "billing.db"
    prepare(path, now=NOW)
    execute(path, "UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    with pytest.raises(DatabaseTooNew, match="9999") as refused:
        prepare(path, now=NOW)
    assert "newer version" in (refused.value.remedy or "")
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["billing.db"]


def test_what_is_not_a_database_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("Dear diary, " * 100)
    with pytest.raises(NotADatabase, match="not a database"):
        prepare(text, now=NOW)
    assert text.read_text().startswith("Dear diary")

    other = tmp_path / "other.db"
    execute(other, "CREATE TABLE recipes (id INTEGER)")
    with pytest.raises(NotADatabase, match="such as recipes"):
        prepare(other, now=NOW)

    with pytest.raises(NotADatabase, match="not a file"):
        prepare(tmp_path, now=NOW)

    torn = tmp_path / "torn.db"
    prepare(torn, now=NOW)
    torn.write_bytes(torn.read_bytes()[:100] + b"\xff" * 4_000)
    with pytest.raises(NotADatabase):
        prepare(torn, now=NOW)


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "billing.db"
    path.touch()
    assert prepare(path, now=NOW).is_new


@pytest.mark.parametrize(
    "statement", ["UPDATE balance_transactions SET amount = 1", "DELETE FROM balance_transactions"]
)
def test_the_file_itself_refuses_to_change_the_ledger(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "billing.db"
    prepare(path, now=NOW)
    execute(
        path,
        COMPANY,
        "INSERT INTO balance_transactions (company_id, type, amount, bonus_amount, reserved_amount, balance_before, "
        "balance_after, bonus_after, reserved_after, affects_bonus, description, posting_key, created_at) "
        "VALUES (1, 'topup', 5, 0, 0, 0, 5, 0, 0, 0, 'x', 'topup:1', '2026-01-01')",
    )
    with pytest.raises(sqlite3.IntegrityError, match="book a correction"):
        execute(path, statement)
    assert execute(path, "SELECT amount FROM balance_transactions") == [(5,)]


def test_the_migrations_travel_with_the_package() -> None:
    assert Path(schema.__file__).parent == MIGRATIONS.parent
    assert (MIGRATIONS / "env.py").is_file()
