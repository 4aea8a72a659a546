"""Where to begin, every key, and what the signs mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from devconsole import looks
from devconsole.console_commands import COMMANDS
from devconsole.looks import Look, Tone, toned

BEGIN = (
    ("t", "top up with a test card: event, ledger row, balance"),
    ("c", "simulate a call: price, bonus first, then money"),
    ("a d", "set an automatic top-up, then drain the balance: it fires"),
    ("enter", "on an event: what it caused, its signature, its payload"),
    ("w", "on any row: its first cause and its last effect"),
    ("x 4 r", "break something, see why in Failures, replay it"),
)
MOVING = (
    ("↑ ↓", "move in a list; pgup, pgdn, home and end as usual"),
    ("tab", "the next list"),
    ("← →", "the next tab, the next event, another period"),
    ("enter", "open what is selected"),
    ("esc", "back"),
    ("/", "filter events, or find text in a payload"),
    ("ctrl+p", "all commands by name"),
)


class HelpScreen(ModalScreen[None]):
    """Two columns where there is room; scrolls; esc, ? or q closes it."""

    CSS_PATH = "help.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (150, "-wide")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", "Close", id="help.close"),
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help") as scroll:
            scroll.border_title = "Help"
            scroll.border_subtitle = "esc closes"
            yield Static(Content("\n\n").join([_begin(), _keys("Actions"), _keys("Console")]))
            yield Static(Content("\n\n").join([_moving(), _keys("Screens"), *_meanings()]))


def _begin() -> Content:
    return _section("Where to begin", [_line(keys, text) for keys, text in BEGIN])


def _moving() -> Content:
    return _section("Moving", [_line(keys, text) for keys, text in MOVING])


def _keys(group: str) -> Content:
    commands = [command for command in COMMANDS if command.group == group and command.key is not None]
    return _section(group, [_line(_shown(command.key), command.title) for command in commands])


def _meanings() -> list[Content]:
    return [
        _section("Events", _signs(looks.EVENT_LOOKS.values())),
        _section("Balances", [*_signs(looks.LEVEL_LOOKS.values()), _armed()]),
    ]


def _section(title: str, lines: list[Content]) -> Content:
    return Content("\n").join([Content.styled(title, "bold $text-primary"), *lines])


def _line(keys: str, text: str) -> Content:
    return Content.assemble(toned(f"  {keys:<11}", Tone.STRONG), toned(text, Tone.PLAIN))


def _signs(shown: Iterable[Look]) -> list[Content]:
    return [
        Content.assemble("  ", toned(f"{look!s:<15}", look.tone), toned(MEANINGS[look.word], Tone.PLAIN))
        for look in shown
    ]


def _armed() -> Content:
    return Content.assemble(
        "  ", toned(f"{looks.ARMED:<15}", Tone.ACCENT), toned("topped up automatically", Tone.PLAIN)
    )


def _shown(key: str | None) -> str:
    return {"question_mark": "?", "equals_sign": "="}.get(key or "", key or "")


MEANINGS = {
    "pending": "acknowledged, waits to be processed or for its next try",
    "held": "test mode is off: kept until it is on again",
    "completed": "processed; what it wrote is committed",
    "ignored": "nothing to do for this type, or it was done already",
    "unmatched": "belongs to no top-up of ours",
    "quarantined": "not what its type promises: looked at by nobody but you",
    "failed": "tried several times; replay it",
    "good": "above the low-balance threshold",
    "low": "below the threshold",
    "critical": "below half of the threshold",
    "blocked": "pays for no further call",
    "exhausted": "nothing is left",
}
