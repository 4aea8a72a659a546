"""The write-ahead log: emptied beside the writer, and short when the file is closed."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import Session

from billing.checkpoints import LOG_PAGES, WORTHWHILE
from billing.db import Database
from tests.support.processes import until

PAGE = 4096


def fill(session: Session, bytes_: int) -> None:
    session.connection().exec_driver_sql("CREATE TABLE IF NOT EXISTS filler (body BLOB)")
    session.connection().exec_driver_sql("INSERT INTO filler VALUES (zeroblob(?))", (bytes_,))


async def test_what_was_committed_reaches_the_file_while_the_writer_goes_on(tmp_path: Path) -> None:
    db = Database(tmp_path / "some.db")
    try:
        much = 2 * WORTHWHILE
        assert much < LOG_PAGES * PAGE, "the writer itself has no reason yet"
        await db.write(fill, much)
        until(lambda: db.path.stat().st_size >= much, what="a checkpoint")
        await db.write(fill, 1)
    finally:
        await db.close()
    assert not db.path.with_name("some.db-wal").exists()


async def test_a_short_log_is_left_alone_and_moved_on_closing(tmp_path: Path) -> None:
    db = Database(tmp_path / "some.db")
    await db.write(fill, 10_000)
    assert db.path.stat().st_size < 10_000
    await db.close()
    assert db.path.stat().st_size >= 10_000
