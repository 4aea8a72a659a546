"""The stories in which a server is killed: what a person asks for, and how they find out whether it was done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session, create_engine

from billing.ledger_check import check
from devconsole.lab.points import Point
from relay.api import (
    CheckoutTopup,
    CreateCompany,
    CreateTopup,
    ListCalls,
    ListTopups,
    RefundCall,
    RefundCharge,
    SetAutoTopup,
    SimulateCall,
    TopupView,
)
from tests.support.proof_rig import Rig, digest, eventually, rows, running_rig

PAGE, CARD, AUTO, CALL, PAID = "pays-a-page", "charges-a-card", "tops-up-itself", "gets-a-call-back", "gets-money-back"


@dataclass(frozen=True)
class CrashStory:
    """`card_charges` and `card_refunds` are what Stripe must have made for `company` in the end."""

    name: str
    company: str
    play: Callable[[Rig], Awaitable[None]]
    card_charges: int
    card_refunds: int = 0


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    deaths: int
    money: dict[str, Any]
    points: tuple[Point, ...]
    """Without those that every start passes."""
    start_points: tuple[Point, ...]


async def run(story: CrashStory, template: Path, place: Path, *, deadly: Point | None = None) -> Outcome:
    """Play a story to its end, killed at `deadly`, and prove what must hold whatever happened."""
    place.mkdir(parents=True)
    notes = place / "points"
    async with running_rig(place / "home", template=template, points=notes, deadly=deadly) as rig:
        await story.play(rig)
        await rig.quiet()
        noted = tuple(map(Point.read, notes.read_text().splitlines()))
        rig.server.end()
        await prove_stripe_and_we_agree(rig, story)
        return Outcome(rig.deaths, digest(rig.database, story.company), noted[rig.noted_at_start :],
                       noted[: rig.noted_at_start])  # fmt: skip


async def prove_stripe_and_we_agree(rig: Rig, story: CrashStory) -> None:
    """The card was charged as often as it should, nothing acknowledged is missing, and the ledger has no breach."""
    ours = {intent for (intent,) in rows(
        rig.database,
        "SELECT stripe_payment_intent_id FROM balance_topups WHERE company_id = "
        "(SELECT id FROM companies WHERE slug = ?)", story.company,
    )}  # fmt: skip
    (company_id,) = rows(rig.database, "SELECT id FROM companies WHERE slug = ?", story.company)[0]
    charges = (await rig.stripe("GET", "/v1/charges?limit=100"))["data"]
    made = [
        charge
        for charge in charges
        if charge["status"] == "succeeded" and charge["metadata"].get("company_id") == str(company_id)
    ]
    assert len(made) == story.card_charges, f"{len(made)} charges on the card"
    assert {charge["payment_intent"] for charge in made} <= ours
    refunds = (await rig.stripe("GET", "/v1/refunds?limit=100"))["data"]
    assert len([refund for refund in refunds if refund["payment_intent"] in ours]) == story.card_refunds
    taken = {row[0] for row in rows(
        rig.home / "sandbox.db",
        "SELECT event_id FROM deliveries WHERE state = 'succeeded' AND endpoint_id = "
        "(SELECT endpoint_id FROM deliveries ORDER BY seq DESC LIMIT 1)",
    )}  # fmt: skip
    inbox = dict(rows(rig.database, "SELECT event_id, status FROM webhook_events"))
    assert taken <= inbox.keys(), "acknowledged, but not in the inbox"
    assert {inbox[event_id] for event_id in taken} <= {"completed", "ignored"}
    engine = create_engine(f"sqlite:///{rig.database}")
    with Session(engine) as session:
        assert check(session).breaches == ()
    engine.dispose()


# What people do ----------------------------------------------------------------------------------------------------


async def topups_of(rig: Rig, company: str) -> tuple[TopupView, ...]:
    return (await rig.look(ListTopups(company=company))).rows


async def pays_a_page(rig: Rig) -> None:
    await rig.call(CheckoutTopup(company=PAGE, amount_cents=5_000), unless=lambda: topups_of(rig, PAGE))

    async def opened() -> TopupView | None:
        (topup,) = await topups_of(rig, PAGE)
        return topup if topup.checkout_session_id else None

    page = await eventually(rig, opened, what="an open page")
    assert page is not None
    await rig.stripe("POST", f"/v1/payment_pages/{page.checkout_session_id}/confirm",
                     data={"payment_method": "pm_card_visa"})  # fmt: skip
    await topped_up(rig, PAGE)


async def charges_a_card(rig: Rig) -> None:
    operation = CreateTopup(company=CARD, amount_cents=5_000, card="visa")
    await rig.call(operation, unless=lambda: topups_of(rig, CARD))
    await topped_up(rig, CARD)


async def tops_up_itself(rig: Rig) -> None:
    async def calls() -> object:
        return (await rig.look(ListCalls(company=AUTO))).rows

    await rig.call(SimulateCall(company=AUTO, duration_s=157), unless=calls)
    await topped_up(rig, AUTO)


async def gets_a_call_back(rig: Rig) -> None:
    (call,) = (await rig.look(ListCalls(company=CALL))).rows

    async def refunded() -> bool:
        (now,) = (await rig.look(ListCalls(company=CALL))).rows
        return now.refunded_cents > 0

    await rig.call(RefundCall(call=call.id, amount_cents=60), unless=refunded)


async def gets_money_back(rig: Rig) -> None:
    async def refunded() -> bool:
        (topup,) = await topups_of(rig, PAID)
        return topup.refunded_cents > 0

    topup_id = str((await topups_of(rig, PAID))[0].id)
    await rig.call(RefundCharge(charge=topup_id, amount_cents=2_000), unless=refunded)
    await eventually(rig, refunded, what="a booked refund")


async def topped_up(rig: Rig, company: str) -> None:
    async def succeeded() -> bool:
        return [topup.status for topup in await topups_of(rig, company)] == ["succeeded"]

    await eventually(rig, succeeded, what=f"the top-up of {company}")


STORIES = (
    CrashStory("Checkout paid", PAGE, pays_a_page, 1),
    CrashStory("card top-up", CARD, charges_a_card, 1),
    CrashStory("automatic top-up after a call", AUTO, tops_up_itself, 1),
    CrashStory("call refund", CALL, gets_a_call_back, 0),
    CrashStory("payment refund", PAID, gets_money_back, 1, 1),
)


async def prepare(home: Path) -> Path:
    """A home with one company per story, before anything happens that is told."""
    async with running_rig(home) as rig:
        opening = {PAGE: 0, CARD: 0, AUTO: 1_050, CALL: 2_000, PAID: 0}
        for slug, cents in opening.items():
            await rig.client.call(CreateCompany(company_name=slug, slug=slug, opening_balance_cents=cents))
        await rig.client.call(
            SetAutoTopup(company=AUTO, enabled=True, threshold_cents=1_000, amount_cents=5_000, card="visa")
        )
        await rig.client.call(SimulateCall(company=CALL, duration_s=157))
        await rig.client.call(CreateTopup(company=PAID, amount_cents=5_000, card="visa"))
        await topped_up(rig, PAID)
        await rig.quiet()
        rig.server.end()
        hooks = await rig.stripe("GET", "/v1/webhook_endpoints")
        for hook in hooks["data"]:
            await rig.stripe("DELETE", f"/v1/webhook_endpoints/{hook['id']}")
    return home
