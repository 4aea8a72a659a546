"""`devconsole charges`: payments at Stripe."""

from __future__ import annotations

import click

from devconsole.commands.arguments import Euros
from devconsole.commands.topups import topup_facts
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import euros
from devconsole.output import facts
from relay.api import RefundCharge, RefundView

command = Noun("charges", help="Payments at Stripe: send money back to the card.")


@command.command("refund", operation=RefundCharge)
@click.argument("charge", metavar="CHARGE|TOPUP")
@click.option("--amount", type=Euros(), help="How much; else all that has not been refunded.")
@click.option("--reason", help="duplicate, fraudulent or requested_by_customer.")
@click.pass_obj
def refund_charge(invocation: Invocation, charge: str, amount: int | None, reason: str | None) -> None:
    request = RefundCharge(charge=charge.removeprefix("topup_"), amount_cents=amount, reason=reason)
    invocation.show(invocation.call(request), refund_facts)


def refund_facts(refund: RefundView) -> str:
    head = facts(
        (
            ("refund", refund.refund_id),
            ("status", refund.status),
            ("amount", euros(refund.amount_cents)),
        )
    )
    return f"{head}\n\n{topup_facts(refund.topup)}"
