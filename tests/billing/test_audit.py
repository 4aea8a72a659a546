"""The audit trail: each act of a person leaves one entry with its act, or neither."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from billing.errors import InsufficientCredit
from billing.models import AuditEntry, LedgerEntry
from tests.support.billing import rows
from tests.support.services import Billing


async def test_an_adjustment_is_kept_with_what_was_before_and_after(billing: Billing) -> None:
    company = await billing.company(balance_cents=1_000)
    await billing.prepaid.adjust(company, money_cents=-300, bonus_cents=50, actor="ada", reason="a mistake of ours")
    (entry,) = await rows(billing.db, AuditEntry)
    ledger_id = (await rows(billing.db, LedgerEntry))[-1].id
    assert (entry.actor, entry.action, entry.target) == ("ada", "balance.adjusted", f"company_{company}")
    assert entry.reason == "a mistake of ours"
    assert entry.before == {"balance_cents": 1_000, "bonus_cents": 0}
    assert entry.after == {"balance_cents": 700, "bonus_cents": 50, "ledger_id": ledger_id}
    assert (entry.company_id, entry.created_at) == (company, billing.clock.now())


async def test_a_refused_act_leaves_no_entry(billing: Billing) -> None:
    company = await billing.company(balance_cents=1_000)
    with pytest.raises(InsufficientCredit):
        await billing.prepaid.adjust(company, money_cents=-1_001, actor="ada", reason="too much")
    assert await rows(billing.db, AuditEntry) == []


async def test_settings_and_payment_refunds_are_kept(billing: Billing) -> None:
    company = await billing.company(balance_cents=1_000)
    await billing.auto_topups.configure(company, enabled=True, payment_method="pm_card_visa", threshold_cents=1_500)
    topup = await billing.topups.charge(company, amount_cents=5_000, payment_method="pm_card_visa")
    assert topup.id is not None
    await billing.topups.refund(topup.id, amount_cents=2_000, reason="requested_by_customer")
    settings, refund = await rows(billing.db, AuditEntry)
    assert settings.action == "auto_topup.changed"
    assert (settings.before["enabled"], settings.after["enabled"]) == (False, True)
    assert (settings.before["threshold_cents"], settings.after["threshold_cents"]) == (None, 1_500)
    assert (refund.action, refund.target, refund.reason) == (
        "payment.refund_requested",
        f"topup_{topup.id}",
        "requested_by_customer",
    )
    assert refund.after["requested_cents"] == 2_000


async def test_the_trail_cannot_be_rewritten(billing: Billing, database_path: Path) -> None:
    company = await billing.company(balance_cents=1_000)
    await billing.prepaid.adjust(company, money_cents=1, actor="ada", reason="x")
    for statement in ("UPDATE billing_audit SET actor = 'bob'", "DELETE FROM billing_audit"):
        with closing(sqlite3.connect(database_path)) as connection, pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
    assert [entry.actor for entry in await rows(billing.db, AuditEntry)] == ["ada"]
