"""Adding and removing applications that deliveries are passed on to."""

from __future__ import annotations

import re

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from devconsole.entry import EntryRefused
from devconsole.format import count
from devconsole.screens.modals.confirm import Confirmation
from devconsole.screens.modals.form import Answer, Form, shown
from devconsole.widgets.text_input import OptionalTextInput, TextInput
from devconsole.widgets.tick import Tick
from relay.api import AddForwardTarget, ForwardTargetView, RemoveForwardTarget

PATTERN = re.compile(r"[a-z0-9_.*]{1,100}")


class AddForwardForm(Form):
    """An address is enough."""

    AUTO_FOCUS = "#url Input"
    DEFAULT_CLASSES = "-wide"
    heading = "Forward to an application"
    submit_label = "Add"

    url = getters.query_one("#url", TextInput)
    types = getters.query_one("#types", OptionalTextInput)
    sign = getters.query_one("#sign", Tick)
    from_start = getters.query_one("#from-start", Tick)
    remote = getters.query_one("#remote", Tick)

    def compose_fields(self) -> ComposeResult:
        yield TextInput("Address", _read_url, hint="such as http://127.0.0.1:3000/webhook", id="url")
        yield OptionalTextInput("Events", _read_types, hint="empty: all; charge.* payout.paid: only these", id="types")
        yield Tick("Sign with a secret of its own, told once", value=True, id="sign")
        yield Tick("Begin with everything that the inbox still has", value=False, id="from-start")
        yield Tick("It may be on another machine", value=False, id="remote")

    def answer(self) -> Answer:
        return AddForwardTarget(
            url=self.url.read(),
            event_types=tuple((self.types.read() or "*").split()),
            sign=self.sign.value,
            from_start=self.from_start.value,
            allow_remote=self.remote.value,
        )


def _read_url(text: str) -> str:
    url = text.strip()
    if not url.startswith(("http://", "https://")):
        raise EntryRefused("An address such as http://127.0.0.1:3000/webhook")
    return url


def _read_types(text: str) -> str | None:
    words = text.replace(",", " ").split()
    if not all(PATTERN.fullmatch(word) for word in words):
        raise EntryRefused("Event types with blanks between them, such as charge.* payout.paid")
    return " ".join(words) or None


class RemoveForwardForm(Confirmation):
    """Forget a target."""

    heading = "Remove a target"
    submit_label = "Remove"
    cancel_label = "Keep it"

    def __init__(self, target: ForwardTargetView) -> None:
        waiting = f"{count(target.waiting, 'delivery', 'deliveries')} wait for it and will not be sent. "
        super().__init__(
            RemoveForwardTarget(target=target.name),
            f"{target.name}: {target.url}\n\n"
            f"{waiting if target.waiting else ''}What it was sent, its answers and its secret are forgotten.\n"
            "The events stay in the inbox.",
        )


class SecretTold(ModalScreen[None]):
    """A signing secret, shown this once."""

    CSS_PATH = "modals.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-tight"), (32, "-roomy")]
    BINDINGS = [
        Binding("escape,enter", "dismiss", "Close", id="secret.close"),
        Binding("c", "copy", "Copy", id="secret.copy"),
    ]
    AUTO_FOCUS = "#submit"

    def __init__(self, name: str, secret: str) -> None:
        super().__init__()
        self._name, self._secret = name, secret

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False) as dialog:
            dialog.border_title = "Its signing secret"
            dialog.border_subtitle = "c copy · esc close"
            yield Static(
                shown(f"Give it to {self._name}, which verifies with it.\nIt is shown this once."), classes="statement"
            )
            yield Static(Content.styled(f"\n{self._secret}\n", "bold $text-primary"), id="secret")
            with Horizontal(id="buttons"):
                yield Button("Close", variant="primary", id="submit", compact=True)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._secret)
        self.notify("The secret is in the clipboard.", markup=False)

    def on_button_pressed(self) -> None:
        self.dismiss()
