"""One delivery to one application in full: what it answered, each time, and what it was sent."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from devconsole import looks
from devconsole.format import latency, moment
from devconsole.looks import Tone, toned
from devconsole.screens.request import RequestScreen
from devconsole.widgets.document import headers_text
from relay.api import ForwardDetail, ForwardTryView, RetryForwards, ShowForward


class ForwardScreen(RequestScreen):
    """State and reason on top, then each try; below the last answer, and by turns its headers and what was sent."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", "Retry", id="forward.retry", tooltip="Send it again now"),
    ]
    mode_name = "forwards"

    def __init__(self, forward: int) -> None:
        super().__init__()
        self._forward = forward
        self._target = ""

    def asked(self) -> ShowForward:
        return ShowForward(forward=self._forward)

    def show_answer(self, answer: ForwardDetail) -> None:
        self._target = answer.forward.target_name
        documents = {
            **{_answer_title(one, answer): _answer(one) for one in reversed(answer.tries)},
            "Answer headers": headers_text(answer.tries[-1].answer_headers if answer.tries else {}),
            "Body": answer.body,
            "Headers": headers_text(answer.headers),
        }
        self.fill(heading(answer), documents)

    def action_retry(self) -> None:
        operation = RetryForwards(target=self._target, forwards=(self._forward,))
        self.console.perform(operation, lambda _answer: self.load_request())


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
