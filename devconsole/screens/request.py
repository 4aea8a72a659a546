"""What the screens share that show one HTTP request in full: what came of it on top, what was sent below."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.document import Document
from devconsole.widgets.pane import Pane
from relay.api import Operation
from relay.errors import OperationRefused, RelayError


class RequestScreen(LiveScreen):
    """A screen says what it asks for, and shows the answer with `fill`; `v` turns to the next document."""

    CSS_PATH = "request.tcss"
    AUTO_FOCUS = "JsonView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="request.back"),
        Binding("v", "view", "View", id="request.view", tooltip="Bodies, headers and answers by turns"),
    ]

    head = getters.query_one("#request-head", Static)
    pane = getters.query_one("#document", Pane)
    document = getters.query_one(Document)

    def asked(self) -> Operation[Any]:
        """What is asked of the server, at first and after a lost connection."""
        raise NotImplementedError

    def show_answer(self, answer: Any) -> None:
        """Take the answer, and `fill` with it."""
        raise NotImplementedError

    def fill(self, head: Content, documents: dict[str, str]) -> None:
        self.head.update(head)
        self.document.fill(documents)
        self.pane.rename(self.document.title)

    def compose_body(self) -> ComposeResult:
        yield Static("Loading ...", id="request-head", markup=False)
        yield Pane("Body", Document(id="document-body"), id="document")

    def paint(self, update: Update) -> None:
        if update.reloaded:
            # After the first layout: an answer that overtakes it would be painted, but not given its room.
            self.call_after_refresh(self.load_request)

    @work(exclusive=True, group="request.load")
    async def load_request(self) -> None:
        try:
            answer = await self.console.source.call(self.asked())
        except OperationRefused as error:
            self.head.update(Content(error.problem.message))
        except RelayError:
            return  # the notice says that the connection is lost; after it returned everything is loaded again
        else:
            self.show_answer(answer)

    def action_back(self) -> None:
        self.dismiss()

    def action_view(self) -> None:
        self.document.turn()
        self.pane.rename(self.document.title)
        self.document.view.focus()
