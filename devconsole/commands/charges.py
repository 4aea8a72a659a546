"""`devconsole charges`: payments at Stripe."""

from __future__ import annotations

import click

from devconsole.commands.arguments import Euros, request_key
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
@request_key("refund")
@click.pass_obj
def refund_charge(
    invocation: Invocation, charge: str, amount: int | None, reason: str | None, request_key: str | None
) -> None:
    charge = charge.removeprefix("topup_")
    request = RefundCharge(charge=charge, amount_cents=amount, reason=reason, request_key=request_key)
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
