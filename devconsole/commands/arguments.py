"""How the command line reads amounts, durations, ids and companies. What cannot be read is a usage error (exit 2)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

PORT = click.IntRange(0, 65_535)


class Euros(click.ParamType[int]):
    """Decimal euros with at most two decimals, as cents. The range is the server's to judge."""

    name = "EUR"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from devconsole.entry import EntryRefused, read_cents

        try:
            return read_cents(str(value))
        except EntryRefused as refused:
            self.fail(f"{value}: {refused}.", param, ctx)


class Seconds(click.ParamType[int]):
    """A duration as `157`, `2:37` or `10 min`, in seconds."""

    name = "SECONDS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from devconsole.entry import EntryRefused, read_seconds

        try:
            return read_seconds(str(value))
        except EntryRefused as refused:
            self.fail(f"{value}: {refused}.", param, ctx)


class RowId(click.ParamType[int]):
    """A row's number, bare or as lists and traces write it: `7` or `call_7`."""

    name = "ID"

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        digits = str(value).removeprefix(f"{self.kind}_")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
            self.fail(f"{value} is not an id; write it as 7 or {self.kind}_7.", param, ctx)
        return int(digits)


def company(function: F) -> F:
    """`--company ID`, or the company as the only word after the verb: one of both is required."""

    @click.argument("company_word", metavar="[COMPANY]", required=False)
    @click.option("--company", "company_option", metavar="ID", help="The company, by id or slug.")
    @functools.wraps(function)
    def merged(*args: Any, company_word: str | None, company_option: str | None, **others: Any) -> Any:
        if (company_word is None) == (company_option is None):
            raise click.UsageError("Name one company: --company ID, where ID is its id or slug.")
        return function(*args, company=company_word or company_option, **others)

    return merged  # type: ignore[return-value]


def some_company(function: F) -> F:
    """`--company ID` of a list: all companies when it is left out."""
    return click.option("--company", metavar="ID", help="Only this company, by id or slug.")(function)


def limit(default: int, most: int) -> Callable[[F], F]:
    """`--limit N` of a list, newest first."""
    return click.option(
        "--limit", type=click.IntRange(1, most), default=default, show_default=True, help="How many, newest first."
    )


def request_key(what: str) -> Callable[[F], F]:
    """`--key NAME` of what moves money: whoever is not sure that it was done asks again with the same name."""
    said = f"Your name for this request: made again, it is the same {what}."
    return click.option("--key", "request_key", metavar="NAME", help=said)


def start_options(function: F) -> F:
    """How a server starts. What is left out is decided by the settings."""
    for option in reversed(
        (
            click.option("--port", type=PORT, metavar="N", help="Relay port, 0 for any free one; else 4242."),
            click.option(
                "--sandbox-port", type=PORT, metavar="N", help="Sandbox port, 0 for any free one; else 12111."
            ),
            click.option("--no-sandbox", is_flag=True, help="Start without the sandbox, the offline Stripe."),
            click.option("--no-samples", is_flag=True, help="Start without the sample companies of a first start."),
            click.option(
                "--stripe-api", metavar="URL", help="Address of the Stripe API to use instead of the sandbox."
            ),
            click.option(
                "--forward-to", multiple=True, metavar="URL", help="Pass each delivery on to this address too."
            ),
            click.option("--reload", is_flag=True, help="Use edited handlers and rules of billing without a restart."),
            click.option("--listen", is_flag=True, help="Run the official `stripe listen` beside the server."),
            click.option(
                "--poll", is_flag=True, help="Fetch new events from Stripe's Events API; no Stripe CLI is needed."
            ),
            click.option("--no-backfill", is_flag=True, help="Do not look for events that failed to arrive."),
        )
    ):
        function = option(function)
    return function


def given(options: dict[str, Any]) -> dict[str, Any]:
    """The options that were written; 0 is one of them."""
    return {name: value for name, value in options.items() if value is not None and value is not False and value != ()}
