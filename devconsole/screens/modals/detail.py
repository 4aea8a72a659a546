"""What all details share: facts under each other, keys and buttons that lead on, escape to go back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from devconsole.looks import Tone, toned

Fact = tuple[str, str | None, Tone]
"""Label, text (None: left out), tone."""


class Lead(NamedTuple):
    """One way on: a key and what it is called. `way` is what the detail returns for it, or what it does itself."""

    key: str
    label: str
    way: Any


class Facts(Grid):
    """Labels in one column, texts in the next, each as tall as it needs."""

    DEFAULT_CSS = """
    Facts {
        grid-size: 2; grid-columns: 17 1fr; grid-rows: auto; height: auto;
        & > Static { height: auto; }
        & > .fact-label { color: $text-muted; }
    }
    """

    def __init__(self, facts: Sequence[Fact]) -> None:
        super().__init__()
        self._facts = facts

    def compose(self) -> ComposeResult:
        for label, text, tone in self._facts:
            if text:
                yield Static(Content(label), classes="fact-label")
                yield Static(Content.assemble(toned(text, tone)))


class Detail(ModalScreen[Any]):
    """A detail says its title, its facts and where it leads; it returns the chosen `way`, or None.

    Leads are only those that exist now: nothing is offered that would be refused.
    """

    CSS_PATH = "modals.tcss"
    AUTO_FOCUS = "#close"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", id="detail.close"),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, facts: Sequence[Fact], leads: Sequence[Lead] = ()) -> None:
        super().__init__()
        self._title, self._facts, self._leads = title, facts, tuple(leads)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False) as dialog:
            dialog.border_title = Content(self._title).markup
            keys = [f"{lead.key} {lead.label[:1].lower()}{lead.label[1:]}" for lead in self._leads]
            dialog.border_subtitle = " · ".join([*keys, "esc close"])
            yield Facts(self._facts)
            yield from self.compose_more()
            with Horizontal(id="buttons"):
                for place, lead in enumerate(self._leads):
                    yield Button(lead.label, id=f"lead-{place}", compact=True)
                yield Button("Close", variant="primary", id="close", compact=True)

    def compose_more(self) -> ComposeResult:
        """What stands below the facts."""
        return ()

    def on_mount(self) -> None:
        for place, lead in enumerate(self._leads):
            self._bindings.bind(lead.key, f"lead({place})", lead.label, show=False)

    def action_close(self) -> None:
        self.dismiss(None)

    def action_lead(self, place: int) -> None:
        way = self._leads[place].way
        if callable(way):
            way()
        else:
            self.dismiss(way)

    def on_button_pressed(self, message: Button.Pressed) -> None:
        message.stop()
        name, _, place = str(message.button.id).partition("-")
        if name == "lead":
            self.action_lead(int(place))
        else:
            self.action_close()
