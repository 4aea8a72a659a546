"""Paste what did not verify, and read why."""

from __future__ import annotations

from textual import getters, on
from textual.app import ComposeResult
from textual.widgets import Label, TextArea

from devconsole.entry import EntryRefused
from devconsole.screens.modals.form import Answer, Form
from devconsole.widgets.field import Objection
from devconsole.widgets.text_input import OptionalTextInput, TextInput
from relay.api import ExplainSignature

BODY_MAX = 1 << 19


class ExplainSignatureForm(Form):
    """Header, secret and body; a body that was pasted elsewhere first has lost its bytes, and that is told too."""

    AUTO_FOCUS = "#header Input"
    heading = "Explain a signature"
    submit_label = "Explain"

    header = getters.query_one("#header", TextInput)
    secret = getters.query_one("#secret", OptionalTextInput)
    body = getters.query_one("#body", TextArea)

    def compose_fields(self) -> ComposeResult:
        yield TextInput("Header", _read_header, hint="the value of Stripe-Signature: t=…,v1=…", id="header")
        yield OptionalTextInput(
            "Secret", _read_secret, hint="empty: all that the server knows; it is not kept", id="secret", hidden=True
        )
        yield Label("Body, exactly as it came", classes="statement")
        yield TextArea(id="body", compact=True, tab_behavior="focus", soft_wrap=False)

    def answer(self) -> Answer:
        body = self.body.text.encode("utf-8", "surrogateescape")
        if not body:
            raise Objection("Paste the body", at=self.body)
        if len(body) > BODY_MAX:
            raise Objection(f"At most {BODY_MAX:,} bytes", at=self.body)
        return ExplainSignature(header=self.header.read(), secret=self.secret.read(), body=body)

    @on(TextArea.Changed)
    def _body_changed(self) -> None:
        self.review()


def _read_header(text: str) -> str:
    if not text:
        raise EntryRefused("Paste the value of the Stripe-Signature header")
    if len(text) > 8_192:
        raise EntryRefused("At most 8,192 characters")
    return text


def _read_secret(text: str) -> str | None:
    if len(text) > 512:
        raise EntryRefused("At most 512 characters")
    return text or None
