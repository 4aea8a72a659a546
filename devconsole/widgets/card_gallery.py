"""The test cards, grouped by what they make happen."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from devconsole.widgets.choice import Choice
from devconsole.widgets.picker import Entry, Picker
from relay.api import CardView

HEADINGS = {
    "success": "Pays",
    "decline": "Declines",
    "saved": "Can be saved, declines later",
    "authentication": "Asks for 3-D Secure",
    "dispute": "Pays, then is disputed",
    "refund": "Pays, then troubles a refund",
    "country": "Pays, by country of issue",
    "balance": "Pays, funds at once",
    "risk": "Risk",
    "checks": "Pays, but a check fails",
}
"""Groups in the order in which somebody trying a payment system needs them; others follow under their own name."""


TITLE_CELLS = 28


def card_entry(card: CardView) -> Entry:
    """One line of the gallery: masked number, title, and what the card does."""
    line = Content.assemble(
        (masked(card.number), "$text-muted"),
        "  ",
        f"{_cut(card.title):<{TITLE_CELLS}}",
        "  ",
        (card.what_happens, "$text-muted"),
    )
    return Entry(
        key=card.name,
        line=line,
        detail=f"{card.title}: {card.what_happens}\n{card.number} · --card {card.name}",
        group=HEADINGS.get(_group(card), card.group.capitalize()),
        words=f"{card.name} {card.number} {card.brand} {card.payment_method}",
    )


def _cut(title: str) -> str:
    return title if len(title) <= TITLE_CELLS else f"{title[: TITLE_CELLS - 1]}…"


def masked(number: str) -> str:
    """`4242424242424242` -> `4242 … 4242`: enough to tell test cards apart, as receipts show them."""
    return f"{number[:4]} … {number[-4:]}"


def in_order(cards: Sequence[CardView]) -> tuple[CardView, ...]:
    """Cards by group, each group in the order given."""
    places = {group: place for place, group in enumerate(HEADINGS)}
    return tuple(sorted(cards, key=lambda card: places.get(_group(card), len(places))))


def _group(card: CardView) -> str:
    """Cards that are saved without trouble and decline later break automatic top-ups: they stand by themselves."""
    return "saved" if card.name.startswith("attaches-") else card.group


KEEP_SAVED = ""
"""Stands for the card that the company has saved."""


class CardChoice(Choice[str]):
    """Drop-down list of the test cards, headed by the card that is saved already."""

    def __init__(self, cards: Sequence[CardView], *, id: str = "card") -> None:
        options = [(f"{masked(card.number)}  {card.title}: {card.what_happens}", card.name) for card in in_order(cards)]
        super().__init__("Card", [("the saved one", KEEP_SAVED), *options], value=KEEP_SAVED, id=id)

    def keep(self, saved: str | None) -> None:
        """Say which card is saved, and keep it unless another is chosen."""
        self.note(f"saved: {saved}" if saved else "none is saved yet: choose one")
        self.value = KEEP_SAVED

    @property
    def new(self) -> str | None:
        """Name of the test card that replaces the saved one; None to keep that."""
        return self.value or None


class CardGallery(Picker):
    """Pick a test card; each says what it does."""

    def __init__(
        self,
        cards: Sequence[CardView],
        *,
        highlighted: str | None = None,
        extra: Sequence[Entry] = (),
        id: str | None = None,
    ) -> None:
        super().__init__(
            "Card",
            (*extra, *(card_entry(card) for card in in_order(cards))),
            highlighted=highlighted,
            placeholder="type to search: declined, 3155, refund …",
            nothing="No test card matches; clear the search to see all of them.",
            id=id,
        )

    def show(self, cards: Sequence[CardView]) -> None:
        """Replace the cards."""
        self.offer([card_entry(card) for card in in_order(cards)])
