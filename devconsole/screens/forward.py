"""One delivery to one application in full: what it answered, each time, and what it was sent."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from devconsole import looks
from devconsole.format import latency, moment
from devconsole.looks import Tone, toned
from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.document import Document, headers_text
from devconsole.widgets.pane import Pane
from relay.api import ForwardDetail, ForwardTryView, RetryForwards, ShowForward
from relay.errors import OperationRefused, RelayError


class ForwardScreen(LiveScreen):
    """State and reason on top, then each try; below the last answer, and by turns its headers and what was sent."""

    CSS_PATH = "forward.tcss"
    AUTO_FOCUS = "JsonView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="forward.back"),
        Binding(
            "v",
            "view",
            "View",
            id="forward.view",
            tooltip="Switch between the answers, their headers, and what was sent",
        ),
        Binding("r", "retry", "Retry", id="forward.retry", tooltip="Send it again now"),
    ]
    mode_name = "forwards"

    head = getters.query_one("#forward-head", Static)
    pane = getters.query_one("#document", Pane)
    document = getters.query_one(Document)

    def __init__(self, forward: int) -> None:
        super().__init__()
        self._forward = forward
        self._target = ""

    def compose_body(self) -> ComposeResult:
        yield Static("Loading ...", id="forward-head", markup=False)
        yield Pane("Answer", Document(id="document-body"), id="document")

    def paint(self, update: Update) -> None:
        if update.reloaded:
            self._load_forward()

    @work(exclusive=True, group="forward.load")
    async def _load_forward(self) -> None:
        try:
            detail = await self.console.source.call(ShowForward(forward=self._forward))
        except OperationRefused as error:
            self.head.update(Content(error.problem.message))
        except RelayError:
            return  # the notice says that the connection is lost; after it returned everything is loaded again
        else:
            self._show_forward(detail)

    def _show_forward(self, detail: ForwardDetail) -> None:
        self._target = detail.forward.target_name
        self.head.update(heading(detail))
        self.document.fill(
            {
                **{_answer_title(one, detail): _answer(one) for one in reversed(detail.tries)},
                "Answer headers": headers_text(detail.tries[-1].answer_headers if detail.tries else {}),
                "Body": detail.body,
                "Headers": headers_text(detail.headers),
            }
        )
        self.pane.rename(self.document.title)

    def action_back(self) -> None:
        self.dismiss()

    def action_view(self) -> None:
        self.document.turn()
        self.pane.rename(self.document.title)
        self.document.view.focus()

    def action_retry(self) -> None:
        operation = RetryForwards(target=self._target, forwards=(self._forward,))
        self.console.perform(operation, lambda _answer: self._load_forward())


def heading(detail: ForwardDetail) -> Content:
    """Where it went and what came of it; a line for each of the last tries."""
    row = detail.forward
    look = looks.FORWARD_LOOKS[row.state]
    what = f"{row.event_type} to {row.target_name}"
    lines = [Content.assemble(toned(f"{look}  ", look.tone), toned(what, Tone.STRONG))]
    if row.next_try_at is not None:
        lines.append(Content.assemble(toned(f"next try {moment(row.next_try_at)}", Tone.ACCENT)))
    if detail.signed:
        lines.append(Content.assemble(toned(f"signed {detail.signed}", Tone.MUTED)))
    lines += [Content.assemble(toned(_trial(one), Tone.MUTED)) for one in detail.tries[-3:]]
    return Content("\n").join(lines)


def _answer_title(one: ForwardTryView, detail: ForwardDetail) -> str:
    return "Answer" if len(detail.tries) == 1 else f"Answer of try {one.number}"


def _answer(one: ForwardTryView) -> str:
    """What there is of its body, or why there is none."""
    if one.http_status is None:
        return f"no answer: {one.error}"
    return (one.answer_body or "(no body)") + ("\n… there was more" if one.answer_cut else "")


def _trial(one: ForwardTryView) -> str:
    came = f"no answer: {one.error}" if one.http_status is None else f"answered {one.http_status}"
    return f"try {one.number} · {moment(one.started_at)} · {came} · {latency(one.latency_us)}"
