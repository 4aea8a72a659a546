"""One list of records with its explanation: loaded when it is looked at, and again after what changes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from devconsole.records import Record
from devconsole.refresher import Refresher
from devconsole.store import Update
from devconsole.widgets.explanation import Explanation
from devconsole.widgets.row_list import RowList, TupleList
from relay.api import Operation, Page
from relay.errors import RelayError

Call = Callable[[Operation[Page[Any]]], Awaitable[Page[Any]]]


class RecordPane(Vertical):
    """Says with `Counted` how many rows there are."""

    DEFAULT_CSS = """
    RecordPane {
        height: 1fr;
        & > .record-empty { display: none; padding: 1 2; color: $text-muted; }
        &.-empty > .record-empty { display: block; }
        &.-empty > RowList { height: 0; }
        &.-empty > Explanation { display: none; }
    }
    """

    page: reactive[Page[Any] | None] = reactive(None, init=False)

    class Counted(Message):
        def __init__(self, pane: RecordPane, total: int) -> None:
            super().__init__()
            self.pane, self.total = pane, total

    def __init__(self, record: Record, call: Call, *, company: str | None = None) -> None:
        super().__init__(classes="record")
        self.record = record
        self._call, self._company = call, company
        self._refresher = Refresher(self._load_rows)
        self._stale = True
        self.rows: TupleList[Any] = record.table()
        self.rows.id = record.name

    def compose(self) -> ComposeResult:
        yield self.rows
        yield Explanation()
        yield Static(Content.from_markup(self.record.empty), classes="record-empty")

    def on_mount(self) -> None:
        self.run_worker(self._refresher.run(), group="record")

    def look(self) -> None:
        """Somebody looks at it now: load what may have changed since the last look."""
        if self._stale:
            self._stale = False
            self._refresher.outdated()

    def paint(self, update: Update, *, seen: bool) -> None:
        """Something changed; `seen` when somebody looks at this list. The first time it is loaded for its count."""
        if not update.reloaded and self.record.told_by not in update.kinds:
            return
        self._stale = True
        if not seen and self.page is not None:
            return
        self.look()

    async def _load_rows(self) -> None:
        try:
            self.page = await self._call(self.record.ask(self._company))
        except RelayError:
            self._stale = True  # the notice says that the connection is lost; with the reload it is asked again

    def watch_page(self, page: Page[Any]) -> None:
        self.rows.rows = page.rows
        self.set_class(not page.rows, "-empty")
        self.post_message(self.Counted(self, page.total))

    def on_row_list_highlighted(self, message: RowList.Highlighted) -> None:
        message.stop()
        self.query_one(Explanation).explain(message.row)
