"""The proof of the ledger: silent on a right one, and naming the row on a wrong one, rule by rule."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from billing.clock import ManualClock
from billing.db import Database
from billing.ledger_check import BREACHES_MAX, LedgerProof, check
from billing.ledger_rules import LEDGER_RULES
from tests.support.billing import add_company
from tests.support.ledger_story import end_running_call, tell


async def prove(database: Database) -> LedgerProof:
    async with database.read() as session:
        return await session.run_sync(check)


def break_into(path: Path, *statements: str) -> None:
    """Change the file behind the program's back: no triggers, no foreign keys, no checks."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("DROP TRIGGER IF EXISTS balance_transactions_refuse_update")
        connection.execute("DROP TRIGGER IF EXISTS balance_transactions_refuse_delete")
        connection.execute("DROP TRIGGER IF EXISTS invoices_refuse_update")
        for statement in statements:
            connection.execute(statement)


async def test_a_right_ledger_has_no_breach(database: Database, clock: ManualClock) -> None:
    await database.write(tell, now=clock.now())
    proof = await prove(database)
    assert proof.breaches == ()
    assert proof.ok
    assert (proof.rows, proof.companies) == (10, 2)
    await database.write(end_running_call, now=clock.now())
    assert (await prove(database)).breaches == ()


async def test_an_empty_ledger_is_right(database: Database) -> None:
    assert await prove(database) == LedgerProof(0, 0, ())


CREDIT_AGAIN = """
    INSERT INTO balance_transactions (company_id, type, amount, bonus_amount, reserved_amount, balance_before,
        balance_after, bonus_after, reserved_after, affects_bonus, description, reference_type, reference_id,
        posting_key, created_at)
    SELECT company_id, type, amount, 0, 0, {before}, {before} + amount, {bonus}, {reserved}, 0, 'again',
        reference_type, reference_id, posting_key || ':again', created_at
    FROM balance_transactions WHERE posting_key = '{key}'
"""
BALANCE_OF_FIRST = "(SELECT {} FROM prepaid_balances WHERE company_id = 1)"


def booked_again(key: str) -> tuple[str, str]:
    """A second booking of the same, with the balance moved to match: nothing but the reference betrays it."""
    names = {"before": "balance", "bonus": "bonus_balance", "reserved": "reserved_balance"}
    columns = {name: BALANCE_OF_FIRST.format(column) for name, column in names.items()}
    return (
        CREDIT_AGAIN.format(key=key, **columns),
        "UPDATE prepaid_balances SET balance = balance + (SELECT amount FROM balance_transactions "
        f"WHERE posting_key = '{key}') WHERE company_id = 1",
    )


PLANTED: list[tuple[str, tuple[str, ...], set[str]]] = [
    ("balance_is_sum", ("UPDATE prepaid_balances SET balance = balance + 1 WHERE company_id = 1",), {"company_1"}),
    ("balance_is_sum", ("UPDATE prepaid_balances SET bonus_balance = 0 WHERE company_id = 1",), {"company_1"}),
    ("balance_is_sum", ("UPDATE prepaid_balances SET reserved_balance = 0 WHERE company_id = 1",), {"company_1"}),
    (
        "chain_is_unbroken",
        ("UPDATE balance_transactions SET balance_before = balance_before + 1 WHERE posting_key = 'topup:1'",),
        {"topup:1"},
    ),
    (
        "chain_is_unbroken",
        ("UPDATE balance_transactions SET bonus_after = bonus_after + 1 WHERE posting_key = 'topup_bonus:1'",),
        {"topup_bonus:1", "payment_refund:1:2500"},
    ),
    (
        "chain_is_unbroken",
        ("DELETE FROM balance_transactions WHERE posting_key = 'charge:call:1'",),
        {"reservation:call:2"},
    ),
    (
        "only_money_is_negative",
        ("UPDATE balance_transactions SET bonus_after = -1 WHERE posting_key = 'topup:1'",),
        {"topup:1"},
    ),
    ("rows_have_a_balance", ("DELETE FROM prepaid_balances WHERE company_id = 2",), {"opening:2", "charge:call:4"}),
    ("topup_is_credited_once", ("UPDATE balance_topups SET amount = amount + 1 WHERE id = 1",), {"topup_1"}),
    ("topup_is_credited_once", ("DELETE FROM balance_transactions WHERE posting_key = 'topup:1'",), {"topup_1"}),
    ("topup_is_credited_once", booked_again("topup:1"), {"topup_1"}),
    ("topup_is_credited_once", ("UPDATE balance_topups SET status = 'succeeded' WHERE id = 2",), {"topup_2"}),
    ("credit_has_a_topup", ("UPDATE balance_topups SET status = 'failed' WHERE id = 1",), {"topup:1", "topup_1"}),
    ("credit_has_a_topup", ("DELETE FROM balance_topups WHERE id = 1",), {"topup:1", "topup_1"}),
    ("bonus_is_what_was_granted", ("UPDATE balance_topups SET bonus_amount = 999 WHERE id = 1",), {"topup_1"}),
    ("payment_refunds_are_booked", ("UPDATE balance_topups SET refunded_amount = 2501 WHERE id = 1",), {"topup_1"}),
    ("payment_refunds_are_booked", booked_again("payment_refund:1:2500"), {"topup_1"}),
    ("disputes_are_booked", ("UPDATE payment_disputes SET booked_amount = 0",), {"topup_1"}),
    ("charge_is_debited_once", ("UPDATE call_charges SET amount_charged = 109 WHERE call_id = 1",), {"call_1"}),
    ("charge_is_debited_once", ("UPDATE call_charges SET paid_by_bonus = 49 WHERE call_id = 1",), {"call_1"}),
    ("charge_is_debited_once", ("UPDATE call_charges SET status = 'charged' WHERE call_id = 3",), {"call_3"}),
    ("charge_is_debited_once", booked_again("charge:call:1"), {"call_1"}),
    ("debit_has_a_charge", ("DELETE FROM call_charges WHERE call_id = 1",), {"charge:call:1", "call_1"}),
    (
        "debit_has_a_charge",
        ("UPDATE call_charges SET status = 'unpaid' WHERE call_id = 1",),
        {"charge:call:1", "call_1"},
    ),
    ("call_refunds_are_booked", ("UPDATE call_charges SET refunded_amount = 81 WHERE call_id = 1",), {"call_1"}),
    ("call_refunds_are_booked", ("UPDATE call_charges SET refunded_bonus = 21 WHERE call_id = 1",), {"call_1"}),
    ("call_refunds_are_booked", ("UPDATE call_charges SET refund_status = 'full' WHERE call_id = 1",), {"call_1"}),
    ("reserved_is_held", ("UPDATE balance_reservations SET status = 'released'",), {"company_1"}),
    ("references_exist", ("DELETE FROM calls WHERE id = 4",), {"charge:call:4"}),
    ("references_exist", ("DELETE FROM webhook_events WHERE id = 1",), {"topup:1", "topup_bonus:1"}),
    ("invoice_is_what_was_paid", ("UPDATE invoices SET total = total + 1",), {"invoice_1", "topup_1"}),
    ("invoice_is_what_was_paid", ("UPDATE balance_topups SET status = 'failed'",), {"invoice_1", "topup_1"}),
    ("invoice_numbers_have_no_gap", ("UPDATE invoices SET sequence = 2",), {"year_2026"}),
]


@pytest.mark.parametrize(("rule", "statements", "ids"), PLANTED, ids=[f"{n}-{p[0]}" for n, p in enumerate(PLANTED)])
async def test_a_planted_breach_is_found_and_named(
    database: Database, clock: ManualClock, rule: str, statements: tuple[str, ...], ids: set[str]
) -> None:
    await database.write(tell, now=clock.now())
    with closing(sqlite3.connect(database.path)) as connection:
        keys = dict(connection.execute("SELECT posting_key, id FROM balance_transactions"))
    break_into(database.path, *statements)
    proof = await prove(database)
    assert not proof.ok
    found = {name for breach in proof.breaches if breach.rule == rule for name in breach.ids}
    assert found == {f"ledger_{keys[name]}" if name in keys else name for name in ids}
    assert all(breach.detail for breach in proof.breaches)


def test_each_rule_has_a_planted_breach() -> None:
    assert {rule.name for rule in LEDGER_RULES} == {rule for rule, _, _ in PLANTED}


async def test_the_proof_sees_one_moment_while_others_write(database: Database, clock: ManualClock) -> None:
    await database.write(tell, now=clock.now())
    wrote: list[str] = []

    def write_in_between(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT") and not wrote:
            wrote.append(statement)
            break_into(database.path, "UPDATE prepaid_balances SET balance = balance + 1")

    async with database.read() as session:
        connection = await session.connection()
        event.listen(connection.sync_connection, "after_cursor_execute", write_in_between)
        assert (await session.run_sync(check)).ok
    assert wrote
    assert not (await prove(database)).ok


async def test_many_breaches_are_cut_off(database: Database, clock: ManualClock) -> None:
    def many(session: Session) -> None:
        for number in range(BREACHES_MAX + 20):
            add_company(session, now=clock.now(), slug=f"company-{number}", balance_cents=100)

    await database.write(many)
    break_into(database.path, "UPDATE prepaid_balances SET balance = 0")
    assert len((await prove(database)).breaches) == BREACHES_MAX


async def test_a_hundred_thousand_rows_are_proved_in_seconds(database: Database, clock: ManualClock) -> None:
    def companies(session: Session) -> None:
        for number in range(100):
            add_company(session, now=clock.now(), slug=f"company-{number}")

    await database.write(companies)
    with closing(sqlite3.connect(database.path)) as connection, connection:
        connection.execute(
            """
            WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 99999)
            INSERT INTO balance_transactions (company_id, type, amount, bonus_amount, reserved_amount, balance_before,
                balance_after, bonus_after, reserved_after, affects_bonus, description, reference_type, posting_key,
                created_at)
            SELECT n % 100 + 1, 'adjustment', 3, 0, 0, n / 100 * 3, n / 100 * 3 + 3, 0, 0, 0, 'row',
                'admin_adjustment', 'adjustment:' || n, '2026-11-02 09:00:00.000000' FROM numbers
            """
        )
        connection.execute("UPDATE prepaid_balances SET balance = 3000")
    began = time.monotonic()
    proof = await prove(database)
    assert proof.breaches == ()
    assert proof.rows == 100_000
    assert time.monotonic() - began < 5
