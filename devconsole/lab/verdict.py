"""What must hold, whatever happened: looked at in the files of both sides after an experiment has come to rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, create_engine

from billing.ledger_check import check
from devconsole.format import euros
from devconsole.lab.story import OPENING_CENTS
from devconsole.lab.world import World, rows

LEDGER, BALANCES, ACKNOWLEDGED, CHARGED_ONCE, SETTLED = (
    "ledger", "balances", "acknowledged", "charged once", "settled"
)  # fmt: skip
INVARIANTS = {
    SETTLED: "Everything comes to an end by itself, and nobody is left waiting.",
    LEDGER: "The proof of the ledger finds nothing: every balance is the sum of its rows.",
    BALANCES: "Every balance is what it is when nothing goes wrong.",
    ACKNOWLEDGED: "Each event that was answered with 2xx is in the inbox, and was processed.",
    CHARGED_ONCE: "Each payment charged its card once, and each refund was made once.",
}
DONE = ("completed", "ignored")


@dataclass(frozen=True)
class Money:
    """What an undisturbed run leaves behind, to compare others with."""

    balances: dict[str, tuple[int, ...]]
    """Money, bonus and reserved cents by company."""
    at_stripe: dict[str, int]
    """Successful charges and refunds by company."""


@dataclass(frozen=True)
class Invariant:
    name: str
    held: bool
    seen: str
    """What was found, when it did not hold."""


async def money_of(world: World) -> Money:
    """Both sides of every payment, as they are now."""
    found = rows(
        world.database,
        "SELECT c.slug, c.id, b.balance, b.bonus_balance, b.reserved_balance FROM companies c "
        "JOIN prepaid_balances b ON b.company_id = c.id ORDER BY c.slug",
    )
    slugs = {str(company_id): slug for slug, company_id, *_ in found}
    charges = (await world.stripe("GET", "/v1/charges?limit=100"))["data"]
    refunds = (await world.stripe("GET", "/v1/refunds?limit=100"))["data"]
    payers = {charge["id"]: slugs.get(charge["metadata"].get("company_id"), "nobody") for charge in charges}
    made: Counter[str] = Counter()
    made.update(f"charges of {payers[charge['id']]}" for charge in charges if charge["status"] == "succeeded")
    made.update(f"refunds of {payers.get(refund['charge'], 'nobody')}" for refund in refunds)
    return Money({slug: tuple(cents) for slug, _, *cents in found}, dict(made))


async def judge(world: World, calm: Money, *, stuck: str | None) -> tuple[Invariant, ...]:
    """Every invariant, in the order of `INVARIANTS`."""
    now = await money_of(world)
    return (
        Invariant(SETTLED, stuck is None, stuck or ""),
        _invariant(LEDGER, ledger_breaches(world.database)),
        _invariant(BALANCES, _other_balances(now, calm)),
        _invariant(ACKNOWLEDGED, _lost(world)),
        _invariant(CHARGED_ONCE, _other_counts(now, calm)),
    )


def ledger_breaches(database: Path) -> list[str]:
    """What the proof of the ledger finds."""
    engine = create_engine(f"sqlite:///file:{database}?mode=ro&uri=true")
    try:
        with Session(engine) as session:
            return [breach.detail for breach in check(session).breaches]
    finally:
        engine.dispose()


def _invariant(name: str, complaints: list[str]) -> Invariant:
    return Invariant(name, not complaints, "; ".join(complaints[:3]))


def _other_balances(now: Money, calm: Money) -> list[str]:
    return [
        f"{slug} has {euros(sum(now.balances[slug][:2]))} instead of {euros(sum(calm.balances[slug][:2]))}"
        for slug in OPENING_CENTS
        if now.balances[slug] != calm.balances[slug]
    ]


def _other_counts(now: Money, calm: Money) -> list[str]:
    names = sorted(now.at_stripe.keys() | calm.at_stripe.keys())
    return [
        f"{now.at_stripe.get(name, 0)} {name} instead of {calm.at_stripe.get(name, 0)}"
        for name in names
        if now.at_stripe.get(name, 0) != calm.at_stripe.get(name, 0)
    ]


def _lost(world: World) -> list[str]:
    taken = rows(world.home / "sandbox.db", "SELECT event_id FROM deliveries WHERE state = 'succeeded'")
    inbox = dict(rows(world.database, "SELECT event_id, status FROM webhook_events"))
    return [
        f"{event_id} is {inbox.get(event_id, 'not in the inbox')}"
        for (event_id,) in taken
        if inbox.get(event_id) not in DONE
    ]
