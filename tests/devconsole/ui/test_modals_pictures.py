"""Pictures of the forms, one for each story."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

from devconsole.screens.modals.auto_topup import AutoTopupForm
from devconsole.screens.modals.confirm import ReplayFailedForm, TestModeForm
from devconsole.screens.modals.create_company import CreateCompanyForm
from devconsole.screens.modals.drain import DrainForm
from devconsole.screens.modals.reconcile import ReconcileForm
from devconsole.screens.modals.refunds import RefundCallForm, RefundPaymentForm
from devconsole.screens.modals.simulate_call import SimulateCallForm
from devconsole.screens.modals.topup import CheckoutForm, TopupForm
from devconsole.screens.modals.trigger_event import TriggerEventForm
from devconsole.themes import LIGHT
from tests.support import forms, views
from tests.support.forms import CARDS, EVENT_TYPES, Stage, still

Compare = Callable[..., bool]

ACME = views.company(
    1,
    balance=views.balance(1, balance_cents=10_000),
    auto_topup=views.auto_topup(
        1,
        enabled=True,
        threshold_cents=2_000,
        amount_cents=5_000,
        payment_method="pm_1",
        payment_method_label="visa •••• 4242",
    ),
)
BERGBAU = views.company(2, balance=views.balance(2, balance_cents=60, bonus_cents=40))
COMPANIES = (ACME, BERGBAU, views.company(3, balance=views.balance(3, balance_cents=0)))


def press(*keys: str) -> Callable[[Pilot[Any]], Any]:
    async def before(pilot: Pilot[Any]) -> None:
        assert isinstance(pilot.app, Stage)
        still(pilot.app)
        await pilot.press(*keys)
        await pilot.pause()

    return before


def test_a_call_and_its_price(snap_compare: Compare) -> None:
    """I see what a call of 2:37 will cost and what remains before I make it."""
    assert snap_compare(Stage(lambda: SimulateCallForm(COMPANIES)), terminal_size=(80, 24), run_before=press())


def test_a_call_that_cannot_be_paid(snap_compare: Compare) -> None:
    """I see that a call would stay unpaid, and that one cannot be started at all."""
    app = Stage(lambda: SimulateCallForm(COMPANIES, company="cafe-sonnig"))
    assert snap_compare(app, terminal_size=(100, 30), run_before=press())


def test_choosing_a_company(snap_compare: Compare) -> None:
    """I choose a company by what it has left."""
    app = Stage(lambda: SimulateCallForm(COMPANIES))
    assert snap_compare(app, terminal_size=(80, 24), run_before=press("shift+tab", "enter"))


def test_a_refused_amount(snap_compare: Compare) -> None:
    """I mistype an amount and am told what is wrong; the button is off until it is right."""
    app = Stage(lambda: CheckoutForm(COMPANIES))
    assert snap_compare(app, terminal_size=(80, 24), run_before=press(*"50.001"))


def test_the_gallery_of_cards(snap_compare: Compare) -> None:
    """I pick a test card by what it makes happen."""
    app = Stage(lambda: TopupForm(COMPANIES, CARDS))
    assert snap_compare(app, terminal_size=(100, 36), run_before=press("tab", "down", "down", "down"))


def test_the_gallery_in_a_small_terminal(snap_compare: Compare) -> None:
    """At 80 by 24 I search for a card; amount, card and both buttons are on the screen."""
    app = Stage(lambda: TopupForm(COMPANIES, CARDS))
    assert snap_compare(app, terminal_size=(80, 24), run_before=press("tab", *"decl"))


def test_draining(snap_compare: Compare) -> None:
    """I drain a balance to just below its threshold and am told that a top-up will follow."""
    assert snap_compare(Stage(lambda: DrainForm(COMPANIES)), terminal_size=(80, 24), run_before=press())


def test_automatic_top_up(snap_compare: Compare) -> None:
    """I change the settings and read what they would do with the figures of now."""
    app = Stage(lambda: AutoTopupForm(COMPANIES, CARDS, now=views.at(30)))
    assert snap_compare(app, terminal_size=(80, 24), run_before=press("tab", *"150"))


def test_automatic_top_up_in_the_light(snap_compare: Compare) -> None:
    """In a bright room I use the light theme; an amount below the threshold is refused."""
    app = Stage(lambda: AutoTopupForm(COMPANIES, CARDS, now=views.at(30)), theme=LIGHT.name)
    assert snap_compare(app, terminal_size=(100, 34), run_before=press("tab", *"70", "enter"))


def test_refunding_a_call(snap_compare: Compare) -> None:
    """I give back a part of a call's price, for a reason."""
    app = Stage(lambda: RefundCallForm(views.call(7, refunded_cents=40, refund_status="partial")))
    assert snap_compare(app, terminal_size=(80, 24), run_before=press(*"0.50"))


def test_refunding_a_payment(snap_compare: Compare) -> None:
    """I send money back to the card and read what that does to the balance."""
    app = Stage(lambda: RefundPaymentForm(views.topup(4)), theme=LIGHT.name)
    assert snap_compare(app, terminal_size=(80, 24), run_before=press())


def test_what_stripe_has_and_we_do_not(snap_compare: Compare) -> None:
    """I see which payment was lost on the way, and am offered to book it from Stripe's record."""
    app = Stage(lambda: ReconcileForm(forms.DIFFERING))
    assert snap_compare(app, terminal_size=(100, 30), run_before=press())


def test_triggering_an_event(snap_compare: Compare) -> None:
    """I find the event that I want to see by what billing does on it."""
    app = Stage(lambda: TriggerEventForm(EVENT_TYPES, COMPANIES, company="acme-telefon"))
    assert snap_compare(app, terminal_size=(80, 24), run_before=press("down"))


def test_replaying_what_failed(snap_compare: Compare) -> None:
    """I am told how many events would be delivered again, and that nothing is booked twice."""
    assert snap_compare(Stage(lambda: ReplayFailedForm(12)), terminal_size=(80, 24), run_before=press())


def test_turning_test_mode_off(snap_compare: Compare) -> None:
    """Before I lock the console I read what stops."""
    assert snap_compare(Stage(lambda: TestModeForm(views.mode())), terminal_size=(80, 24), run_before=press())


def test_creating_a_company(snap_compare: Compare) -> None:
    """I create a company with a name and an opening balance."""
    app = Stage(lambda: CreateCompanyForm(COMPANIES))
    assert snap_compare(app, terminal_size=(80, 24), run_before=press(*"Müller & Söhne"))


def test_no_company_yet(snap_compare: Compare) -> None:
    """With an empty database a form tells me what to do first."""
    assert snap_compare(Stage(lambda: SimulateCallForm(())), terminal_size=(80, 24), run_before=press())
