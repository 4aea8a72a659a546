"""Create a company to play with."""

from __future__ import annotations

import re
from collections.abc import Sequence

from textual import getters, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Checkbox

from devconsole.entry import BALANCE_RANGE, EntryRefused
from devconsole.format import euros
from devconsole.screens.modals.form import Answer, Form, shown
from devconsole.widgets.amount_input import AmountInput
from devconsole.widgets.field import Objection
from devconsole.widgets.text_input import OptionalTextInput, TextInput
from devconsole.widgets.tick import Tick
from relay.api import CompanyView, CreateCompany

LONGEST_NAME = 200
SLUG = re.compile(r"(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST_SLUG = 60
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class CreateCompanyForm(Form):
    """A name is enough; the slug is what commands call the company."""

    AUTO_FOCUS = "#name Input"
    heading = "Create a company"
    submit_label = "Create"

    company_name = getters.query_one("#name", TextInput)
    slug = getters.query_one("#slug", OptionalTextInput)
    email = getters.query_one("#email", OptionalTextInput)
    opening = getters.query_one("#opening", AmountInput)
    prepaid = getters.query_one("#prepaid", Tick)

    def __init__(self, companies: Sequence[CompanyView] = ()) -> None:
        super().__init__()
        self._taken = frozenset(company.slug for company in companies)

    def compose_fields(self) -> ComposeResult:
        yield TextInput("Name", _read_name, hint="such as Acme GmbH", id="name")
        yield OptionalTextInput("Slug", self._read_slug, hint="empty: made from the name", id="slug")
        yield OptionalTextInput("E-mail", _read_email, hint="optional; Stripe's customer gets it", id="email")
        yield AmountInput(
            "Opening",
            BALANCE_RANGE,
            cents=0,
            presets_cents=(0, 2_500, 10_000),
            hint="EUR on the balance at the start",
            id="opening",
        )
        yield Tick("Prepaid billing: calls are charged to the balance", value=True, id="prepaid")

    def answer(self) -> Answer:
        return CreateCompany(
            company_name=self.company_name.read(),
            slug=self.slug.read(),
            email=self.email.read(),
            opening_balance_cents=self.opening.read(),
            prepaid_billing_enabled=self.prepaid.value,
        )

    def outcome(self) -> Content:
        try:
            self.company_name.read()
            slug, opening_cents = self.slug.read(), self.opening.read()
        except Objection:
            return Content("")
        called = slug or "by a slug made from its name"
        return shown(f"Starts with {euros(opening_cents)}. Commands call it {called}.")

    def _read_slug(self, text: str) -> str | None:
        if not (slug := text.strip()):
            return None
        if len(slug) > LONGEST_SLUG or SLUG.fullmatch(slug) is None:
            raise EntryRefused("Small letters, digits and single hyphens, such as acme-2")
        if slug in self._taken:
            raise EntryRefused(f"{slug} exists already")
        return slug

    @on(Checkbox.Changed)
    def _prepaid_changed(self) -> None:
        self.review()


def _read_name(text: str) -> str:
    name = " ".join(text.split())
    if not name:
        raise EntryRefused("A company needs a name")
    if len(name) > LONGEST_NAME:
        raise EntryRefused(f"At most {LONGEST_NAME} characters")
    return name


def _read_email(text: str) -> str | None:
    if not (address := text.strip()):
        return None
    if EMAIL.fullmatch(address) is None:
        raise EntryRefused("Not an address; write it as name@example.com")
    return address
