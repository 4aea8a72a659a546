"""What all commands share: `--home` and `--json` at every place, the call to the server, and the printed answer."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from devconsole import output
from relay.api.operation import Operation, Page
from relay.home import Home

if TYPE_CHECKING:
    from relay.sync_client import SyncControlClient

R = TypeVar("R")
V = TypeVar("V")

DEFAULT_HOME = Path(".devconsole")


class Invocation:
    """One run of the command line: where its home is, how it answers, and the server it talks to."""

    def __init__(self) -> None:
        self.home_option: Path | None = None
        self.json = False
        self._client: SyncControlClient | None = None

    @property
    def home(self) -> Home:
        """`--home`, else `DEVCONSOLE_HOME` of the environment or of `.env`, else `./.devconsole`."""
        return Home(self.home_option or Path(os.environ.get("DEVCONSOLE_HOME") or _home_of_dotenv() or DEFAULT_HOME))

    def call(self, operation: Operation[R]) -> R:
        """The answer of the running server. Raises `Failure` and every `RelayError`."""
        return self.client.call(operation)

    @property
    def client(self) -> SyncControlClient:
        """The client of this home's server. Imported late: a command that needs no server loads no HTTP client."""
        if self._client is None:
            from relay.sync_client import SyncControlClient

            self._client = SyncControlClient(*self.server())
        return self._client

    def server(self) -> tuple[str, str]:
        """Address and token of this home's server, as its last server wrote them. Raises `Failure` without any.

        `DEVCONSOLE_TOKEN` takes the place of the developer's token: that of a role that may do less.
        """
        record, token = self.home.read_server(), os.environ.get("DEVCONSOLE_TOKEN") or self.home.read_token()
        if record is None or token is None:
            raise output.Failure(
                f"no server runs on {self.home.path}",
                remedy="Start one with `devconsole server`, or name its home directory with --home.",
                code="no_server",
                exit_code=output.ExitCode.NO_SERVER,
            )
        return record.relay_url, token

    def show(self, view: V, text: Callable[[V], str]) -> V:
        """Print the answer as JSON exactly as it is, or as text."""
        if self.json:
            output.write_json(view)
        else:
            output.write(text(view))
        return view

    def show_page(self, page: Page[V], text: Callable[[tuple[V, ...]], str]) -> None:
        """Print a page; people are told when there is more than it shows."""
        self.show(page, lambda shown: text(shown.rows))
        if not self.json and page.total > len(page.rows):
            output.say(f"{len(page.rows):,} of {page.total:,} shown; --limit N shows more.")


class Verb(click.Command):
    """A command that takes `--home` and `--json`; the help of the `operation` that it asks for comes before its own."""

    def __init__(self, *args: Any, operation: type[Operation[Any]] | None = None, **attributes: Any) -> None:
        if operation is not None:
            lines = (operation.__doc__, inspect.cleandoc(attributes.get("help") or ""))
            attributes["help"] = "\n\n".join(line for line in lines if line)
        super().__init__(*args, **attributes)
        self.operation = operation
        self.params.extend(common_options())


class Noun(click.Group):
    """A group of verbs, in the order in which they are written."""

    command_class = Verb

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.params.extend(common_options())

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.commands)


def common_options() -> list[click.Parameter]:
    """`--home` and `--json`, taken before and after every verb; the last one given wins."""
    return [
        click.Option(
            ["--home"],
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            expose_value=False,
            callback=_take_home,
            help="The home directory: DEVCONSOLE_HOME, else ./.devconsole",
        ),
        click.Option(
            ["--json"], is_flag=True, expose_value=False, callback=_take_json, help="Answer in JSON on stdout."
        ),
    ]


def _take_home(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.ensure_object(Invocation).home_option = value


def _take_json(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    invocation = context.ensure_object(Invocation)
    invocation.json = invocation.json or value


def _home_of_dotenv() -> str | None:
    """Deferred import: most directories have no `.env`, and reading one costs 10 ms."""
    if not Path(".env").is_file():
        return None
    from dotenv import dotenv_values

    return dotenv_values(".env").get("DEVCONSOLE_HOME")
