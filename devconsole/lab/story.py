"""What is disturbed: a Checkout that is paid, a card that is charged, a call that tops its company up, a refund."""

from __future__ import annotations

from devconsole.lab.world import World
from relay.api import (
    CheckoutTopup,
    CreateCompany,
    CreateTopup,
    ListCalls,
    ListTopups,
    RefundCharge,
    SetAutoTopup,
    SimulateCall,
    TopupView,
)

PAGE, CARD, AUTO = "pays-a-page", "charges-a-card", "tops-up-itself"
OPENING_CENTS = {PAGE: 0, CARD: 0, AUTO: 1_050}
TOPUP_CENTS = 5_000
REFUND_CENTS = 2_000
GIVEN_UP = ("cancelled", "failed")
NO_PAGE = "none"
PAGES_MAX = 5


async def prepare(world: World) -> None:
    """The companies, before anything happens that is told."""
    for slug, cents in OPENING_CENTS.items():
        await world.client.call(CreateCompany(company_name=slug, slug=slug, opening_balance_cents=cents))
    await world.client.call(
        SetAutoTopup(company=AUTO, enabled=True, threshold_cents=1_000, amount_cents=TOPUP_CENTS, card="visa")
    )
    await world.quiet()
    for hook in (await world.stripe("GET", "/v1/webhook_endpoints"))["data"]:
        await world.stripe("DELETE", f"/v1/webhook_endpoints/{hook['id']}")


async def play(world: World) -> None:
    """From the first to the last thing that people do, until nothing is left to be done. Raises `Stuck`."""
    await _pay_a_page(world)
    await _charge_a_card(world)
    await _make_a_call(world)
    for company in (PAGE, CARD, AUTO):
        await _topped_up(world, company)
    await _send_money_back(world)
    await world.quiet()


async def _topups(world: World, company: str) -> tuple[TopupView, ...]:
    return (await world.look(ListTopups(company=company))).rows


async def _pay_a_page(world: World) -> None:
    """A page that could not be opened in time is given up by itself; then whoever wants to pay asks for another."""

    async def open_ones() -> list[TopupView]:
        return [topup for topup in await _topups(world, PAGE) if topup.status not in GIVEN_UP]

    async def opened_or_given_up() -> str | None:
        waiting = await open_ones()
        return (waiting[0].checkout_session_id or "") if waiting else NO_PAGE

    asked = CheckoutTopup(company=PAGE, amount_cents=TOPUP_CENTS)
    session: str | None = NO_PAGE
    for _ in range(PAGES_MAX):
        if session != NO_PAGE:
            break
        await world.ask(asked, unless=open_ones)
        session = await world.until(opened_or_given_up, what="an open Checkout page")
    await world.stripe("POST", f"/v1/payment_pages/{session}/confirm", data={"payment_method": "pm_card_visa"})


async def _charge_a_card(world: World) -> None:
    asked = CreateTopup(company=CARD, amount_cents=TOPUP_CENTS, card="visa")
    await world.ask(asked, unless=lambda: _topups(world, CARD))


async def _make_a_call(world: World) -> None:
    async def calls() -> object:
        return (await world.look(ListCalls(company=AUTO))).rows

    await world.ask(SimulateCall(company=AUTO, duration_s=157), unless=calls)


async def _topped_up(world: World, company: str) -> None:
    async def succeeded() -> bool:
        return any(topup.status == "succeeded" for topup in await _topups(world, company))

    await world.until(succeeded, what=f"the top-up of {company}")


async def _send_money_back(world: World) -> None:
    (paid,) = [topup for topup in await _topups(world, CARD) if topup.status == "succeeded"]

    async def refunded() -> bool:
        return any(topup.refunded_cents for topup in await _topups(world, CARD))

    await world.ask(RefundCharge(charge=str(paid.id), amount_cents=REFUND_CENTS), unless=refunded)
    await world.until(refunded, what="a booked refund")
