"""What people book by hand, through the client, and the trail that it leaves."""

from __future__ import annotations

import pytest

from relay.api import AdjustBalance, ListAudit, MarkNonBillable, SimulateCall, WithdrawBalance
from relay.errors import OperationRefused
from tests.support.relay import RunningRelay


async def test_adjusting_withdrawing_and_forgiving_a_call_leaves_a_trail(relay: RunningRelay) -> None:
    await relay.company(balance_cents=1_000)
    adjusted = await relay.client.call(
        AdjustBalance(company="acme", money_cents=500, bonus_cents=30, actor="ada", reason="sorry")
    )
    assert (adjusted.balance_cents, adjusted.bonus_cents) == (1_500, 30)
    withdrawn = await relay.client.call(
        WithdrawBalance(company="acme", amount_cents=1_400, actor="bob", reason="asked for it")
    )
    assert (withdrawn.balance_cents, withdrawn.bonus_cents) == (100, 30)
    with pytest.raises(OperationRefused) as refused:
        await relay.client.call(WithdrawBalance(company="acme", amount_cents=101, reason="more"))
    assert refused.value.problem.code == "insufficient_credit"
    call = await relay.client.call(SimulateCall(company="acme", duration_s=60))
    marked = await relay.client.call(MarkNonBillable(call=call.id, reason="demo_call"))
    assert (marked.refunded_cents, marked.refund_status) == (42, "full")
    trail = await relay.client.call(ListAudit(company="acme"))
    assert [(row.actor, row.action, row.company_slug) for row in trail.rows] == [
        ("developer", "call.marked_non_billable", "acme"),
        ("developer", "call.refunded", "acme"),
        ("bob", "balance.withdrawn", "acme"),
        ("ada", "balance.adjusted", "acme"),
    ]
    mine = await relay.client.call(ListAudit(actor="ada", action="balance.adjusted"))
    assert (mine.total, mine.rows[0].reason, mine.rows[0].after["balance_cents"]) == (1, "sorry", 1_500)


@pytest.mark.parametrize("reason", ["", "x" * 501])
async def test_a_reason_is_required(relay: RunningRelay, reason: str) -> None:
    await relay.company(balance_cents=1_000)
    with pytest.raises(OperationRefused) as refused:
        await relay.client.call(AdjustBalance(company="acme", money_cents=5, reason=reason))
    assert refused.value.http_status == 400
