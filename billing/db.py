"""The database: one writer thread that commits what waits together, and readers that cannot write.

A write transaction is a plain function that takes a `Session`; it cannot await, hence cannot hold the lock over a
network call. Many share one fsync: whatever is waiting when the thread is free runs in one transaction, each function
in its own savepoint.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import checkpoints
from billing.changes import Change, Changes, by_kind
from billing.errors import DatabaseClosed
from billing.locks import LOCK_PATIENCE_S, locks_named

P = ParamSpec("P")
T = TypeVar("T")

BATCH_MAX = 256
"""Functions that share one commit at most: bounds how long the first of them waits for the last."""

Listener = Callable[[Changes], None]


@dataclass(slots=True)
class _Write:
    run: Callable[[Session], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Database:
    """One SQLite file. `write` for transactions, `read` for everything else."""

    def __init__(self, path: Path, *, patience_s: float = LOCK_PATIENCE_S) -> None:
        """`patience_s`: so long a writer waits for another process to let go of the file."""
        self.path = path
        self.commits = 0
        """Transactions of this process so far; whatever else changes the file was somebody else."""
        self._writer: Engine = _writer_engine(path, patience_s)
        self._reader = create_async_engine(f"sqlite+aiosqlite:///{path}")
        event.listen(self._reader.sync_engine, "connect", _prepare_reader)
        self._waiting: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._listeners: list[Listener] = []
        self._closed = False
        self._checkpoints = checkpoints.Checkpoints(path)
        self._thread = threading.Thread(target=self._run_writer, name=f"writer-{path.name}", daemon=True)
        self._thread.start()

    def on_commit(self, listener: Listener) -> None:
        """Call `listener` with the announced changes after each commit, on the event loop of the waiting writer."""
        self._listeners.append(listener)

    async def write(self, function: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function(session, …)` in a write transaction and return its result once it is durable.

        Raises what the function raises, or `DatabaseLocked`; then nothing of it is kept. Cancelling the caller does
        not cancel the write.
        """
        if self._closed:
            raise DatabaseClosed(self.path)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.put(_Write(lambda session: function(session, *args, **kwargs), loop, future))
        return await future

    def is_wanted(self) -> bool:
        """Whether other transactions wait for the one that runs; it should not take longer than it must."""
        return not self._waiting.empty()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session on a connection that refuses to write (`PRAGMA query_only`). Raises `DatabaseLocked`."""
        with locks_named(self.path):
            async with AsyncSession(self._reader, expire_on_commit=False, autoflush=False) as session:
                yield session

    async def close(self) -> None:
        """Finish what waits, then close. Further writes raise `DatabaseClosed`."""
        if self._closed:
            return
        self._closed = True
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._checkpoints.close)
        await self._reader.dispose()
        self._writer.dispose()

    # The writer thread ------------------------------------------------------------------------------------------

    def _run_writer(self) -> None:
        open_for_more = True
        while open_for_more:
            first = self._waiting.get()
            if first is None:
                break
            batch, open_for_more = self._drain(first)
            self._commit(batch)
            self._checkpoints.written()

    def _drain(self, first: _Write) -> tuple[list[_Write], bool]:
        batch = [first]
        while len(batch) < BATCH_MAX:
            try:
                waiting = self._waiting.get_nowait()
            except queue.Empty:
                return batch, True
            if waiting is None:
                return batch, False
            batch.append(waiting)
        return batch, True

    def _commit(self, batch: list[_Write]) -> None:
        self.commits += 1
        if len(batch) == 1:
            self._answer(batch, self._commit_alone(batch[0]))
            return
        changes: list[Change] = []
        try:
            with locks_named(self.path), self._writer.begin() as connection:
                for write in batch:
                    changes.extend(_run_in_savepoint(connection, write))
        except BaseException as error:
            for write in batch:
                write.error = write.error or error
            changes = []
        self._answer(batch, by_kind(changes))

    def _commit_alone(self, write: _Write) -> Changes:
        """Without a savepoint there is nothing to copy aside: a sixth less work for a batch of deliveries."""
        try:
            with locks_named(self.path), Session(bind=self._writer, expire_on_commit=False) as session:
                result = write.run(session)
                changes = by_kind(session.info.get("changes", ()))
                session.commit()
        except BaseException as error:
            write.error = error
            return {}
        write.result = result
        return changes

    def _answer(self, batch: list[_Write], changes: Changes) -> None:
        loops = {write.loop for write in batch}
        for number, loop in enumerate(loops):
            mine = [write for write in batch if write.loop is loop]
            # One wake-up for the whole batch. A loop that is gone has nobody left to tell.
            try:
                loop.call_soon_threadsafe(partial(self._resolve, mine, changes if number == 0 else {}))
            except RuntimeError:
                continue

    def _resolve(self, batch: list[_Write], changes: Changes) -> None:
        if changes:
            for listener in self._listeners:
                listener(changes)
        for write in batch:
            if write.future.done():
                continue
            if write.error is not None:
                write.future.set_exception(write.error)
            else:
                write.future.set_result(write.result)


def _run_in_savepoint(connection: Connection, write: _Write) -> list[Change]:
    """Run one function in its own savepoint and session; an exception undoes it alone."""
    with Session(bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
        try:
            write.result = write.run(session)
            session.commit()
        except Exception as error:
            session.rollback()
            write.error = error
            return []
        return list(session.info.get("changes", ()))


def _writer_engine(path: Path, patience_s: float) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False, "timeout": patience_s})
    event.listen(engine, "connect", _prepare_writer)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_writer(dbapi_connection: Any, _record: Any) -> None:
    # The driver must not open transactions of its own: BEGIN IMMEDIATE below takes the write lock at once,
    # so that what a transaction reads cannot be stale when it writes.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA wal_autocheckpoint={checkpoints.LOG_PAGES}")
    cursor.close()


def _prepare_reader(dbapi_connection: Any, _record: Any) -> None:
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.execute(f"PRAGMA busy_timeout={LOCK_PATIENCE_S * 1000:.0f}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
