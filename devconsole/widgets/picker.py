"""A searchable list: type to narrow it, arrow keys to move, the whole text of the highlighted entry below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a picker."""

    key: str
    line: Content
    detail: str
    group: str = ""
    """Entries of one group stand together under its name."""
    words: str = ""
    """What else a search finds it by."""

    def matches(self, search: str) -> bool:
        """Every word of the search occurs somewhere in the entry."""
        text = f"{self.line.plain} {self.detail} {self.group} {self.words}".casefold()
        return all(word in text for word in search.casefold().split())


class EntryList(OptionList):
    """A click highlights; only the enter key and a double click choose, so that nobody pays by pointing at a card."""

    async def _on_click(self, event: events.Click) -> None:
        event.prevent_default()
        index = event.style.meta.get("option")
        if index is not None and not self.options[index].disabled:
            self.highlighted = index
            if event.chain == 2:
                self.action_select()


class Picker(Vertical):
    """Search line, list, detail. Something is highlighted whenever anything matches."""

    BINDINGS = [
        Binding("up", "move('cursor_up')", show=False),
        Binding("down", "move('cursor_down')", show=False),
        Binding("pageup", "move('page_up')", show=False),
        Binding("pagedown", "move('page_down')", show=False),
        Binding("slash", "search", "Search", id="picker.search"),
    ]
    DEFAULT_CSS = """
    Picker {
        height: auto;
        & > .picker-line { height: 1; }
        .picker-label { width: 13; color: $text-muted; }
        Input.picker-search.-textual-compact { width: 1fr; background: $panel; padding: 0 1; }
        & > EntryList {
            height: 7; text-wrap: nowrap; text-overflow: ellipsis; scrollbar-size-vertical: 1; background: transparent;
        }
        & > EntryList > .option-list--option-highlighted {
            color: $foreground; background: $block-hover-background;
        }
        & > EntryList:focus > .option-list--option-highlighted {
            color: $foreground; background: $block-hover-background; text-style: bold;
        }
        & > .picker-detail { height: 2; margin-top: 1; color: $text-muted; }
        /* Only a rule on the picker itself makes its label follow the focus. */
        &:focus-within { tint: transparent; }
        &:focus-within .picker-label { color: $text; text-style: bold; }
    }
    """

    @dataclass
    class Highlighted(Message):
        """Another entry is highlighted; None when nothing matches the search."""

        picker: Picker
        key: str | None

    @dataclass
    class Chosen(Message):
        """The enter key was pressed on an entry, or it was double-clicked."""

        picker: Picker
        key: str

    search = getters.query_one(".picker-search", Input)
    entries = getters.query_one(EntryList)

    def __init__(
        self,
        label: str,
        entries: Sequence[Entry],
        *,
        highlighted: str | None = None,
        placeholder: str = "type to search",
        nothing: str = "Nothing matches; clear the search to see everything.",
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._label_text = label
        self._all = {entry.key: entry for entry in entries}
        self._first = highlighted
        self._placeholder, self._nothing = placeholder, nothing

    def compose(self) -> ComposeResult:
        with Horizontal(classes="picker-line"):
            yield Label(Content(self._label_text), classes="picker-label")
            yield Input(placeholder=self._placeholder, compact=True, classes="picker-search")
        yield EntryList(compact=True, markup=False, classes="picker-list")
        yield Static(classes="picker-detail")

    def on_mount(self) -> None:
        self._narrow("", keep=self._first)

    def offer(self, entries: Sequence[Entry]) -> None:
        """Replace the entries; what is highlighted stays so where it still exists."""
        keep = self.key
        self._all = {entry.key: entry for entry in entries}
        self._narrow(self.search.value, keep=keep)

    @property
    def key(self) -> str | None:
        """Of the highlighted entry."""
        option = self.entries.highlighted_option
        return option.id if option is not None else None

    def action_move(self, action: str) -> None:
        getattr(self.entries, f"action_{action}")()

    def action_search(self) -> None:
        self.search.focus()

    def _narrow(self, search: str, *, keep: str | None) -> None:
        options: list[Option] = []
        group = ""
        for entry in self._all.values():
            if not entry.matches(search):
                continue
            if entry.group != group:
                group = entry.group
                options.append(Option(Content.styled(group, "$text-muted bold"), disabled=True))
            options.append(Option(entry.line, id=entry.key))
        self.entries.set_options(options)
        shown = [option.id for option in options if option.id is not None]
        if shown:
            self.entries.highlighted = self.entries.get_option_index(keep if keep in shown and keep else shown[0])
        else:
            self._describe(None)

    def _describe(self, key: str | None) -> None:
        self.query_one(".picker-detail", Static).update(Content(self._all[key].detail if key else self._nothing))
        self.post_message(self.Highlighted(self, key))

    @on(Input.Changed)
    def _search_changed(self, message: Input.Changed) -> None:
        message.stop()
        self._narrow(message.value, keep=self.key)

    @on(Input.Submitted)
    def _search_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.entries.action_select()

    @on(OptionList.OptionHighlighted)
    def _entry_highlighted(self, message: OptionList.OptionHighlighted) -> None:
        message.stop()
        self._describe(message.option_id)

    @on(OptionList.OptionSelected)
    def _entry_selected(self, message: OptionList.OptionSelected) -> None:
        message.stop()
        if message.option_id is not None:
            self.post_message(self.Chosen(self, message.option_id))
