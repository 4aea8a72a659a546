"""`devconsole webhook`: why a signature is accepted or refused."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click

from devconsole.commands.arguments import RowId
from devconsole.commands.deliveries import explanation_text
from devconsole.commands.verb import Invocation, Noun
from devconsole.output import ExitCode, Failure
from relay.api import ExplainSignature, SignatureExplanation
from relay.errors import ServerUnreachable

if TYPE_CHECKING:
    from io import BufferedReader

command = Noun("webhook", help="The webhook: why a signature is accepted or refused.")


@command.command("explain", operation=ExplainSignature)
@click.option("--delivery", type=RowId("delivery"), help="A delivery that was kept; otherwise give header and body.")
@click.option("--header", metavar="VALUE", help="The value of the Stripe-Signature header.")
@click.option("--body", type=click.File("rb"), metavar="FILE", help="The raw body; - reads stdin.")
@click.option("--secret-env", metavar="NAME", help="The environment variable that holds the secret that was used.")
@click.option("--secret-file", type=click.File("rb"), metavar="FILE", help="The file that holds it; - reads stdin.")
@click.option("--at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), metavar="TIME", help="When it arrived; else now.")
@click.pass_obj
def explain_signature(
    invocation: Invocation,
    delivery: int | None,
    header: str | None,
    body: BufferedReader | None,
    secret_env: str | None,
    secret_file: BufferedReader | None,
    at: datetime | None,
) -> int:
    """Without a secret it is tried with all that the server knows; without a server, with the one given alone.

    Secrets are never taken from the command line, where every user of the machine could read them.

    Exit code 1 when the signature is not accepted.
    """
    if delivery is None and (header is None or body is None):
        raise click.UsageError("Name a kept delivery with --delivery N, or give --header and --body.")
    asked = ExplainSignature(
        delivery=delivery,
        header=header,
        body=body.read() if body is not None else b"",
        secret=_secret(secret_env, secret_file),
        at=at,
    )
    explanation = invocation.show(_explained(invocation, asked), explanation_text)
    return ExitCode.DONE if explanation.cause == "ok" else ExitCode.REFUSED


def _secret(variable: str | None, file: BufferedReader | None) -> str | None:
    if variable is not None and file is not None:
        raise click.UsageError("Name the secret once: --secret-env or --secret-file.")
    if variable is not None:
        if variable not in os.environ:
            raise click.UsageError(f"There is no variable {variable} in the environment.")
        return os.environ[variable]
    if file is None:
        return None
    secret = file.read().decode("utf-8", "surrogateescape")
    # A line end in a file is what a program reads too; after a secret that was typed or echoed it means nothing.
    return secret.removesuffix("\n") if file is sys.stdin.buffer else secret


def _explained(invocation: Invocation, asked: ExplainSignature) -> SignatureExplanation:
    try:
        return invocation.call(asked)
    except ServerUnreachable:
        if asked.delivery is not None:
            raise
    except Failure as failure:
        if failure.code != "no_server" or asked.delivery is not None:
            raise
    return _explained_here(asked)


def _explained_here(asked: ExplainSignature) -> SignatureExplanation:
    from datetime import UTC

    from billing.signature import Secret
    from relay.signatures import Evidence, KnownSecrets, explain

    active = (Secret("the secret given", asked.secret),) if asked.secret is not None else ()
    now = asked.at or datetime.now(UTC)
    return explain(Evidence(body=asked.body, header=asked.header, secrets=KnownSecrets(active=active), now=now))
