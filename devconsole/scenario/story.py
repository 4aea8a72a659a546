"""The format of a story.

    title: A manual top-up is credited once
    tags: [topup]
    given:
      companies:
        - {slug: acme, name: Acme GmbH, balance: 10.00}
    steps:
      - say: Acme pays 50 euros with a Visa
        do: topups.create
        with: {company: acme, amount: 50.00, card: visa}
        as: topup
        expect:
          result: {status: succeeded}
          balances: {acme: 60.00}
      - advance: 24h
        expect:
          never: {events: [charge.refunded]}

`do` is the name of any operation, or of an act that is none (`checkout.pay`, `stripe.request`, `server.crash`, …);
`with` its input, where money may be written in euros (`amount: 50.00` for `amount_cents`) and time in seconds
(`duration: 157` for `duration_s`). `${topup.id}` refers to an earlier result, `${row.card}` to the row of `table` that
is played.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

Euros = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]+(\.[0-9]{1,2})?$", description="Euros, such as 50.00")]
Span = Annotated[str, msgspec.Meta(description="Seconds, or a span such as 15min, 24h, 3d or 1h 30min")]
Slug = str
Rate = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]+(\.[0-9]{1,4})?$", description="Euros with at most four decimals, such as 0.42")
]
Percent = Annotated[str, msgspec.Meta(pattern=r"^[0-9]+(\.[0-9]{1,2})?$", description="A percentage, such as 10")]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all parts: an unknown key is a mistake."""


class GivenAutoTopup(_Part, frozen=True, kw_only=True):
    """Automatic top-up settings that hold before the first step."""

    threshold: Euros
    amount: Euros
    card: str
    """The saved card, by the name of a test card."""
    daily_limit: Annotated[int, msgspec.Meta(ge=1, le=5)] | None = None
    monthly_limit: Euros | None = None


class GivenRate(_Part, frozen=True, kw_only=True):
    """A price of one's own instead of the default of 0.42."""

    per_minute: Rate
    increment: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 1
    """Calls are charged in blocks of so many seconds."""
    minimum: Euros = "0.00"


class GivenLimits(_Part, frozen=True, kw_only=True):
    """Spending limits."""

    daily: Euros | None = None
    weekly: Euros | None = None
    monthly: Euros | None = None
    hard: bool = False
    """True: no call is admitted that they do not cover."""


class GivenBonusRule(_Part, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A bonus rule. With any of these the usual ladder is gone."""

    percent: Percent
    from_: Euros = "0.00"
    """Top-ups from so many euros on."""
    to: Euros | None = None
    most: Euros | None = None
    """The bonus is never higher."""
    first_time_only: bool = False
    company: Slug | None = None
    priority: int = 0


class GivenCompany(_Part, frozen=True, kw_only=True):
    """A company that exists before the first step."""

    slug: Annotated[
        str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="Lower-case letters, digits and dashes")
    ]
    name: str | None = None
    email: str | None = None
    balance: Euros = "0.00"
    bonus: Euros = "0.00"
    prepaid: bool = True
    card: str | None = None
    """A saved card without an automatic top-up, by the name of a test card."""
    rate: GivenRate | None = None
    limits: GivenLimits | None = None
    auto_topup: GivenAutoTopup | None = None


class GivenSettings(_Part, frozen=True, kw_only=True):
    """Settings of the server that differ from the defaults."""

    prepaid_billing_enabled: bool = True
    auto_topup_enabled: bool = True
    default_billing_rate: str | None = None
    default_low_balance_threshold: Euros | None = None
    default_auto_topup_threshold: Euros | None = None
    default_auto_topup_amount: Euros | None = None


class Given(_Part, frozen=True, kw_only=True):
    """What holds before the first step."""

    companies: tuple[GivenCompany, ...] = ()
    bonus_rules: tuple[GivenBonusRule, ...] = ()
    settings: GivenSettings = GivenSettings()
    seed: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """What ids are made from; 1 unless said otherwise."""
    start: Annotated[str, msgspec.Meta(description="A time such as 2030-01-31T22:00:00Z")] | None = None
    forward_to: tuple[str, ...] = ()
    """Addresses on this machine that get a copy of each delivery, such as the app that is tested."""


class Never(_Part, frozen=True, kw_only=True):
    """What must not have happened since the story began, not even for a moment."""

    balances: Mapping[Slug, Euros] = {}
    """No ledger row ever left this balance."""
    ledger: Mapping[Slug, tuple[str, ...]] = {}
    """Rows, as `type amount` or as `type` alone."""
    events: tuple[str, ...] = ()
    notices: Mapping[Slug, tuple[str, ...]] = {}


class Expect(_Part, frozen=True, kw_only=True):
    """What must be true after the step. Money in euros, per company slug."""

    result: Mapping[str, str] | None = None
    """Fields of this step's answer, as text, `rows.0.status` too; only for a step that does something."""
    refused: str | None = None
    """The step must be refused with this code."""
    balances: Mapping[Slug, Euros] = {}
    bonus: Mapping[Slug, Euros] = {}
    reserved: Mapping[Slug, Euros] = {}
    levels: Mapping[Slug, str] = {}
    ledger: Mapping[Slug, tuple[str, ...]] = {}
    """All rows of the company, oldest first, as `type amount`: `topup 50.00`, `charge -1.10`."""
    topups: Mapping[Slug, tuple[str, ...]] = {}
    """States of the company's top-ups, oldest first."""
    calls: Mapping[Slug, tuple[str, ...]] = {}
    """Charge states of the company's calls, oldest first."""
    disputes: Mapping[Slug, tuple[str, ...]] = {}
    """States of the disputes about the company's payments, oldest payment first."""
    decisions: Mapping[Slug, str] = {}
    """The reason of the company's last automatic top-up decision."""
    auto_topup: Mapping[Slug, str] = {}
    """`on`, `off`, or `disabled` where failures have switched it off."""
    notices: Mapping[Slug, tuple[str, ...]] = {}
    """All notices of the company in the console, oldest first, as `kind` or `kind level`."""
    events: tuple[str, ...] = ()
    """Event types that have arrived, in any order; one that is named twice has arrived at least twice."""
    events_in_order: tuple[str, ...] = ()
    """Event types that have arrived in this order, others between them or not."""
    event_states: Mapping[str, tuple[str, ...]] = {}
    """What became of all events of a type, oldest first: completed, ignored, held, failed, …"""
    deliveries: Mapping[str, int] = {}
    """How many deliveries ended so: accepted, duplicate, rejected."""
    forwards: Mapping[str, tuple[int, ...]] = {}
    """HTTP answers of the forward targets to all events of a type, in order."""
    never: Never | None = None
    digest: str | None = None
    """How the digest of everything begins, at least twelve characters."""
    ledger_check: bool = True
    """The proof holds, always, unless somebody says otherwise."""
    stripe_agrees: bool = False
    """Stripe is asked too: it has the payments that we have, and no others."""
    within: Span | None = None
    """How long it may take to become true. On virtual time 0 unless said otherwise: all that is due has been done."""


class Step(_Part, frozen=True, kw_only=True, rename={"as_": "as", "with_": "with"}):
    """Do something, let time pass, expect something, or several of these in this order."""

    say: str | None = None
    """The caption of a demo."""
    do: str | None = None
    with_: Mapping[str, Any] = {}
    as_: (
        Annotated[
            str, msgspec.Meta(pattern=r"^[a-z_][a-z0-9_]*$", description="A name of lower-case letters, digits and _")
        ]
        | None
    ) = None
    """A name for the answer, so that later steps can refer to it."""
    advance: Span | None = None
    """Let so much time pass."""
    until: str | None = None
    """Let time pass until then: a time, `next due`, `next day`, `next month`, `next auto top-up allowed`."""
    company: Slug | None = None
    """Whose automatic top-up `until` means; needless where there is one company."""
    settle: bool = True
    """False: leave undone what the step causes, to crash in the middle of it, say."""
    expect: Expect | None = None


class Story(_Part, frozen=True, kw_only=True):
    """One file."""

    title: str
    description: str | None = None
    tags: tuple[str, ...] = ()
    given: Given = Given()
    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1)]
    expect: Expect | None = None
    """What must be true at the end."""
    table: tuple[Mapping[str, str], ...] = ()
    """Rows of parameters: the story is played once for each, `${row.name}` stands for a value."""
