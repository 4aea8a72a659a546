"""The test cards as a reference: what each of them makes happen, and topping up with one."""

from __future__ import annotations

from dataclasses import dataclass

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.reactive import reactive

from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.card_gallery import CardGallery
from devconsole.widgets.picker import Picker
from relay.api import CardView
from relay.errors import RelayError


class CardsScreen(LiveScreen):
    """Gallery with search; enter and t top up with the highlighted card."""

    CSS_PATH = "cards.tcss"
    AUTO_FOCUS = "EntryList"
    mode_name = "cards"
    BINDINGS = [Binding("escape", "leave_search", "Back to the list", show=False, id="cards.leave-search")]

    cards: reactive[tuple[CardView, ...]] = reactive((), init=False)
    gallery = getters.query_one("#gallery", CardGallery)

    @dataclass
    class CardsLoaded(Message):
        cards: tuple[CardView, ...]

    @dataclass
    class CardsFailed(Message):
        error: RelayError

    def compose_body(self) -> ComposeResult:
        yield CardGallery((), id="gallery")

    @property
    def selected(self) -> CardView | None:
        """The highlighted card."""
        return next((card for card in self.cards if card.name == self.gallery.key), None)

    def action_leave_search(self) -> None:
        self.gallery.search.value = ""
        self.gallery.entries.focus()

    @work(exclusive=True, group="cards.load")
    async def _load_cards(self) -> None:
        try:
            self.post_message(self.CardsLoaded(await self.console.actions.cards()))
        except RelayError as error:
            self.post_message(self.CardsFailed(error))

    def paint(self, update: Update) -> None:
        if update.snapshot.loaded and not self.cards:
            self._load_cards()

    @on(CardsLoaded)
    def _cards_loaded(self, message: CardsLoaded) -> None:
        message.stop()
        self.cards = message.cards

    @on(CardsFailed)
    def _cards_failed(self, message: CardsFailed) -> None:
        message.stop()
        self.notify(str(message.error), title="Not loaded", severity="error", markup=False)

    @on(Picker.Chosen)
    def _card_chosen(self, message: Picker.Chosen) -> None:
        message.stop()
        self.console.action_top_up()

    def watch_cards(self, cards: tuple[CardView, ...]) -> None:
        self.gallery.show(cards)
