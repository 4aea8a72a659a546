"""Notices through the client: what a company was told can be read."""

from __future__ import annotations

from relay.api import OPERATIONS, DrainBalance, ListNotices
from tests.support.relay import RunningRelay


async def test_a_low_balance_is_told_and_listed(relay: RunningRelay) -> None:
    await relay.company(balance_cents=5_000)
    await relay.client.call(DrainBalance(company="acme", to_cents=1_500))
    await relay.backend.worker.idle()
    page = await relay.client.call(ListNotices(company="acme"))
    assert page.total == 2
    assert {(row.kind, row.level, row.channel, row.status) for row in page.rows} == {
        ("low_balance", "low", "in_app", "sent"),
        ("low_balance", "low", "mail", "sent"),
    }
    (mail,) = (await relay.client.call(ListNotices(channel="mail"))).rows
    assert mail.subject == "Acme: Ihr Guthaben ist niedrig"
    assert mail.body is not None and "15,00 EUR" in mail.body
    assert (await relay.client.call(ListNotices(kind="payment_failed"))).rows == ()


async def test_looking_at_notices_sends_none(relay: RunningRelay) -> None:
    """Nothing that can be asked for sends a notice: they follow from balances alone."""
    await relay.company(balance_cents=1_500)
    await relay.backend.worker.idle()
    first = await relay.client.call(ListNotices())
    for _ in range(3):
        assert await relay.client.call(ListNotices()) == first
    assert [name for name in OPERATIONS if name.startswith("notices.")] == ["notices.list"]
