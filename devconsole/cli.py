"""The root of the command line: finds the command, runs it, and turns what went wrong into an exit code.

A command's module is imported when its name is met, so that `balances list` loads neither server nor screens.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from devconsole import __version__, output
from devconsole.commands.arguments import given, start_options
from devconsole.commands.verb import Invocation, Noun
from devconsole.output import ExitCode, Failure

if TYPE_CHECKING:
    from relay.errors import RelayError

SECTIONS: dict[str, tuple[str, ...]] = {
    "The server": ("server", "status", "doctor", "reload", "access", "test-mode", "clock", "sandbox", "reset"),
    "Companies and money": (
        "companies",
        "balances",
        "topups",
        "auto-topup",
        "limits",
        "notices",
        "calls",
        "charges",
        "invoices",
        "cards",
        "ledger",
        "audit",
        "reports",
    ),
    "Events": ("events", "filters", "deliveries", "webhook", "forwards", "failures", "trace", "operations"),
    "Stories and faults": ("scenario", "demo", "faults"),
}
"""Every noun under its heading of `--help`; `auto-topup` is `command` in `devconsole/commands/auto_topup.py`."""


class Root(Noun):
    """`devconsole`: the console itself when it is called alone."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [name for names in SECTIONS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"devconsole.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            found = [(name, self.get_command(ctx, name)) for name in names]
            width = formatter.width - 6 - max(len(name) for name in names)
            with formatter.section(title):
                formatter.write_dl([(name, command.get_short_help_str(width)) for name, command in found if command])


@click.command(
    cls=Root,
    invoke_without_command=True,
    help="A terminal console and local webhook relay for prepaid Stripe payments.\n\n"
    "Alone it opens the console; the options below then say how its server starts.",
)
@click.version_option(__version__, "--version", message="devconsole %(version)s")
@start_options
@click.pass_context
def root(context: click.Context, /, **options: Any) -> int | None:
    """Open the console, unless a command follows."""
    invocation = context.ensure_object(Invocation)
    if context.invoked_subcommand is None:
        from devconsole.commands.console import run_console

        return run_console(invocation, start=given(options))
    for name in given(options):
        raise click.UsageError(f"--{name.replace('_', '-')} belongs after `{context.invoked_subcommand}`.")
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the answer is the exit code."""
    typed = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a dash is no reason to fail
    try:
        return int(root.main(args=typed, prog_name="devconsole", standalone_mode=False) or ExitCode.DONE)
    except click.UsageError as error:
        return _usage(error, as_json="--json" in typed)
    except (KeyboardInterrupt, click.Abort):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); the interpreter must not fail once more while it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.REFUSED
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        output.say_failure(failure, as_json="--json" in typed)
        return failure.exit_code


def failure_of(error: Exception) -> Failure | None:
    """What to tell about an error that may happen; None for one that is a defect and shows its traceback."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, PermissionError) and error.filename is not None:
        return Failure(
            f"{error.filename}: {error.strerror}", remedy="It belongs to somebody else.", code="no_permission"
        )
    from relay.errors import RelayError

    return _failure_of_relay(error) if isinstance(error, RelayError) else None


def _failure_of_relay(error: RelayError) -> Failure:
    from relay.errors import OperationRefused

    if isinstance(error, OperationRefused):
        problem = error.problem
        return Failure(problem.message, remedy=problem.remedy, code=problem.code)
    return Failure(
        str(error),
        remedy="Start the server with `devconsole server`, or name its home directory with --home.",
        code="no_server",
        exit_code=ExitCode.NO_SERVER,
    )


def _usage(error: click.UsageError, *, as_json: bool) -> int:
    help_ = f"See `{error.ctx.command_path} --help`." if error.ctx is not None else "See `devconsole --help`."
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        output.say(error.format_message())
    else:
        output.say_failure(
            Failure(error.format_message(), remedy=help_, code="usage", exit_code=ExitCode.USAGE), as_json=as_json
        )
    return ExitCode.USAGE
