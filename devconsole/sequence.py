"""A story as a sequence diagram of characters: who spoke to whom, in the order of time.

Pure: nodes in, lines out. Arrows go between lifelines; what they say stands above them, cut to the room there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devconsole.output import printable
from devconsole.trace_tree import since_start
from relay.api import TraceNode

WEBHOOK, BILLING, LEDGER, STRIPE = "webhook", "billing", "ledger", "Stripe"
TIME_WIDTH = 11
COLUMN_MIN = 14
WIDTH_MIN = 72


@dataclass(frozen=True, slots=True)
class Arrow:
    """`to` equal to `of` is something that one does alone; `answer` is drawn dashed."""

    since_start_us: int
    of: str
    to: str
    text: str
    answer: bool = False


def sequence(nodes: Sequence[TraceNode], *, width: int) -> list[str]:
    """The lines of the diagram, at most `width` wide unless that is too little for it."""
    arrows = sorted(_all_arrows(nodes), key=lambda arrow: arrow.since_start_us)
    if not arrows:
        return []
    parties = _parties(arrows)
    drawing = _Drawing(parties, max(WIDTH_MIN, width))
    lines = [*drawing.heading()]
    for arrow in arrows:
        lines += drawing.arrow(arrow)
    lines.append(drawing.lifelines())
    return [line.rstrip() for line in lines]


def _all_arrows(nodes: Sequence[TraceNode]) -> Iterator[Arrow]:
    event = ""
    for node in nodes:
        event = node.title if node.kind == "event" else event
        yield from _arrows(node, event)


def _arrows(node: TraceNode, event: str) -> Iterator[Arrow]:
    """`event` is the type of the event that the step belongs to, if any."""
    at, party = node.since_start_us, node.party or "?"
    match node.kind:
        case "call":
            yield Arrow(at, party, BILLING, f"call, {node.detail}")
        case "decision":
            yield Arrow(at, BILLING, BILLING, node.title)
        case "topup":
            yield Arrow(at, BILLING, STRIPE, node.title)
            if node.took_us is not None:
                yield Arrow(at + node.took_us, STRIPE, BILLING, node.status or "", answer=True)
        case "delivery":
            yield Arrow(at, party, WEBHOOK, f"{event} ({node.reference})" if event else node.reference)
            yield Arrow(at + (node.took_us or 0), WEBHOOK, party, node.title, answer=True)
        case "verification":
            yield Arrow(at, WEBHOOK, WEBHOOK, node.title)
        case "attempt":
            yield Arrow(at, WEBHOOK, BILLING, f"{event}: {node.title}")
        case "ledger":
            yield Arrow(at, BILLING, LEDGER, f"{node.title}; {node.detail.rpartition('; ')[2]}")
        case "forward":
            yield Arrow(at, WEBHOOK, f"app {party}", node.title)
        case "notice":
            yield Arrow(at, BILLING, party, node.title)


def _parties(arrows: Sequence[Arrow]) -> list[str]:
    """Senders to the left of the webhook, what follows from it to its right."""
    met = dict.fromkeys(name for arrow in arrows for name in (arrow.of, arrow.to))
    middle = [name for name in (WEBHOOK, BILLING, LEDGER, STRIPE) if name in met]
    senders = {arrow.of for arrow in arrows if arrow.to in (WEBHOOK, BILLING)} - set(middle)
    left = [name for name in met if name in senders]
    return [*left, *middle, *(name for name in met if name not in senders and name not in middle)]


class _Drawing:
    def __init__(self, parties: Sequence[str], width: int) -> None:
        self._parties = parties
        self._step = max(COLUMN_MIN, (width - TIME_WIDTH - 2) // len(parties))
        self._at = {name: TIME_WIDTH + self._step // 2 + place * self._step for place, name in enumerate(parties)}
        self._width = TIME_WIDTH + self._step * len(parties)

    def heading(self) -> Iterator[str]:
        names = [" "] * self._width
        for name, at in self._at.items():
            self._put(names, f"[{name[: self._step - 4]}]", at - (len(name[: self._step - 4]) + 2) // 2)
        yield "".join(names)
        yield self.lifelines()

    def lifelines(self) -> str:
        return "".join(self._blank())

    def arrow(self, arrow: Arrow) -> Iterator[str]:
        begin, end = self._at[arrow.of], self._at[arrow.to]
        time = f"{since_start(arrow.since_start_us):>{TIME_WIDTH - 1}}"
        text = printable(arrow.text)
        if begin == end:
            line = self._blank()
            self._put(line, time, 0)
            self._put(line, "●", begin)
            self._write(line, text, begin + 2)
            yield "".join(line)
            return
        left, right = min(begin, end), max(begin, end)
        label, shaft = self._blank(), self._blank()
        self._write(label, text, left + 2)
        self._put(shaft, time, 0)
        self._put(shaft, ("╌" if arrow.answer else "─") * (right - left - 1), left + 1)
        self._put(shaft, "▶" if end > begin else "◀", end - 1 if end > begin else end + 1)
        yield "".join(label)
        yield "".join(shaft)

    def _write(self, line: list[str], text: str, begin: int) -> None:
        """Text beginning here, or further to the left where it would not fit; cut only when nothing helps."""
        begin = max(TIME_WIDTH, min(begin, self._width - len(text)))
        room = self._width - begin
        self._put(line, text if len(text) <= room else text[: room - 1] + "…", begin)

    def _blank(self) -> list[str]:
        line = [" "] * self._width
        for at in self._at.values():
            line[at] = "│"
        return line

    @staticmethod
    def _put(line: list[str], text: str, at: int) -> None:
        for place, sign in enumerate(text, start=max(0, at)):
            if place < len(line):
                line[place] = sign
