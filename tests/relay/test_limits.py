"""Spending limits through the client."""

from __future__ import annotations

import pytest

from relay.api import SetLimits, ShowLimits, SimulateCall, StartCall
from relay.errors import OperationRefused
from tests.support.relay import RunningRelay


async def test_limits_are_set_used_up_and_shown(relay: RunningRelay) -> None:
    await relay.company(balance_cents=5_000)
    await relay.client.call(SetLimits(company="acme", daily_limit_cents=100, hard_limit=True, alert_steps=(75, 100)))
    await relay.client.call(SimulateCall(company="acme", duration_s=120))
    with pytest.raises(OperationRefused) as refused:
        await relay.client.call(StartCall(company="acme"))
    assert (refused.value.http_status, refused.value.problem.code) == (400, "spending_limit_reached")
    assert "0.16 EUR remain" in refused.value.problem.message
    view = await relay.client.call(ShowLimits(company="acme"))
    assert (view.hard_limit, view.send_alerts, view.alert_steps) == (True, True, (75, 100))
    assert [
        (each.period, each.spent_cents, each.limit_cents, each.remaining_cents, each.percent) for each in view.periods
    ] == [
        ("daily", 84, 100, 16, 84),
        ("weekly", 84, None, None, None),
        ("monthly", 84, None, None, None),
    ]
    cleared = await relay.client.call(SetLimits(company="acme", daily_limit_cents=0))
    assert cleared.periods[0].limit_cents is None
    await relay.client.call(StartCall(company="acme"))
