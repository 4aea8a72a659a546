"""A recording of a server on virtual time, where a whole day's work happens at one moment."""

from __future__ import annotations

from pathlib import Path

from devconsole.scenario.acts.checkout import PayCheckout
from devconsole.scenario.recording.facts import Stretch
from devconsole.scenario.recording.recorder import record
from devconsole.scenario.report import lines_of
from devconsole.scenario.scene import Scene
from devconsole.scenario.script import parse
from devconsole.virtual.host import Host
from relay.api import (
    AdjustBalance,
    AdvanceClock,
    CheckAutoTopup,
    CheckoutTopup,
    CreateCompany,
    CreateTopup,
    ListBalances,
    RefundCall,
    RefundCharge,
    SetAutoTopup,
    SimulateCall,
)
from tests.devconsole.scenario.conftest import Play
from tests.support.worlds import virtual_server

BETA = "beta"


def test_what_happens_at_one_moment_is_told_deed_by_deed(host: Host, tmp_path: Path, play: Play) -> None:
    """Corrections, an unpaid call that a credit pays, refunds in parts, a page, an automatic top-up: each step waits
    for what it caused itself, and for nothing that came of a later one."""
    with virtual_server(host, tmp_path / "home") as server:
        server.call(CreateCompany(company_name="Beta", slug=BETA, opening_balance_cents=1_000))
        server.call(AdjustBalance(company=BETA, money_cents=100, reason="a present"))
        server.call(AdjustBalance(company=BETA, bonus_cents=200, reason="another"))
        server.call(SimulateCall(company=BETA, duration_s=6_000))  # 42.00, which nobody has
        server.call(CreateTopup(company=BETA, amount_cents=5_000, card="visa"))
        call = server.call(SimulateCall(company=BETA, duration_s=157))
        server.call(RefundCall(call=call.id, amount_cents=30))
        server.call(RefundCall(call=call.id, amount_cents=40))
        topup = server.call(CheckoutTopup(company=BETA, amount_cents=2_000))
        PayCheckout(topup=topup.id, card="mastercard").play(Scene(server, tmp_path))
        server.call(AdvanceClock())
        paid = server.call(CreateTopup(company=BETA, amount_cents=3_000, card="visa"))
        server.call(RefundCharge(charge=paid.charge_id, amount_cents=700))
        server.call(RefundCharge(charge=paid.charge_id, amount_cents=800))
        server.call(SetAutoTopup(company=BETA, enabled=True, threshold_cents=45_000, amount_cents=50_000, card="visa"))
        server.call(CheckAutoTopup(company=BETA))
        server.call(AdvanceClock(seconds=86_400))
        server.call(AdjustBalance(company=BETA, money_cents=-100, reason="taken back"))
        recording = record(server.call, Stretch())
        balance_cents = server.call(ListBalances()).rows[-1].balance_cents
    assert recording.gaps == ()
    result = play(parse(recording.text, tmp_path / "recorded.yaml")[0])
    assert result.passed, "\n".join((*lines_of(result), recording.text))
    last = recording.text.rpartition("balances: {beta: ")[2].partition("}")[0]
    assert last == f"{balance_cents / 100:.2f}"
