"""What must always be true of the ledger, each rule as one query that finds the rows that break it.

Every query gives `ids` (what people call the rows, comma-separated) and `detail`. Amounts are cents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class LedgerRule:
    """`name` is stable; `meaning` is the truth that a row of `breaches_sql` contradicts."""

    name: str
    meaning: str
    breaches_sql: str


LEDGER_RULES: Final = (
    LedgerRule(
        "balance_is_sum",
        "each balance is the sum of its ledger rows",
        """
        SELECT 'company_' || b.company_id AS ids,
               'money ' || b.balance || ' but rows sum to ' || COALESCE(s.money, 0) ||
               ', bonus ' || b.bonus_balance || ' but ' || COALESCE(s.bonus, 0) ||
               ', reserved ' || b.reserved_balance || ' but ' || COALESCE(s.reserved, 0) AS detail
        FROM prepaid_balances b
        LEFT JOIN (SELECT company_id, SUM(amount) AS money, SUM(bonus_amount) AS bonus, SUM(reserved_amount) AS reserved
                   FROM balance_transactions GROUP BY company_id) s ON s.company_id = b.company_id
        WHERE b.balance <> COALESCE(s.money, 0) OR b.bonus_balance <> COALESCE(s.bonus, 0)
           OR b.reserved_balance <> COALESCE(s.reserved, 0)
        """,
    ),
    LedgerRule(
        "chain_is_unbroken",
        "each row begins with the balances that the row before it of the same company left",
        """
        SELECT 'ledger_' || id AS ids,
               'begins with money ' || balance_before || ' after ' || last_money ||
               ', ends with ' || balance_after || ', bonus ' || bonus_after || ', reserved ' || reserved_after AS detail
        FROM (SELECT id, amount, bonus_amount, reserved_amount, balance_before, balance_after, bonus_after,
                     reserved_after,
                     COALESCE(LAG(balance_after) OVER company_rows, 0) AS last_money,
                     COALESCE(LAG(bonus_after) OVER company_rows, 0) AS last_bonus,
                     COALESCE(LAG(reserved_after) OVER company_rows, 0) AS last_reserved
              FROM balance_transactions WINDOW company_rows AS (PARTITION BY company_id ORDER BY id)) chained
        WHERE balance_before <> last_money OR balance_after <> balance_before + amount
           OR bonus_after <> last_bonus + bonus_amount OR reserved_after <> last_reserved + reserved_amount
        """,
    ),
    LedgerRule(
        "only_money_is_negative",
        "bonus and reserved are never negative",
        """
        SELECT 'ledger_' || id AS ids, 'bonus ' || bonus_after || ', reserved ' || reserved_after AS detail
        FROM balance_transactions WHERE bonus_after < 0 OR reserved_after < 0
        """,
    ),
    LedgerRule(
        "rows_have_a_balance",
        "each ledger row belongs to a company that has a balance",
        """
        SELECT 'ledger_' || t.id AS ids, 'company ' || t.company_id || ' has no balance' AS detail
        FROM balance_transactions t LEFT JOIN prepaid_balances b ON b.company_id = t.company_id
        WHERE b.id IS NULL
        """,
    ),
    LedgerRule(
        "topup_is_credited_once",
        "each succeeded top-up has exactly one credit of its amount",
        """
        SELECT 'topup_' || t.id AS ids,
               t.amount || ' paid, ' || COALESCE(c.rows_found, 0) || ' credits of ' || COALESCE(c.money, 0) AS detail
        FROM balance_topups t
        LEFT JOIN (SELECT company_id, reference_id, COUNT(*) AS rows_found, SUM(amount) AS money
                   FROM balance_transactions WHERE type = 'topup' GROUP BY company_id, reference_id) c
               ON c.reference_id = CAST(t.id AS TEXT) AND c.company_id = t.company_id
        WHERE t.status = 'succeeded' AND (COALESCE(c.rows_found, 0) <> 1 OR c.money <> t.amount)
        """,
    ),
    LedgerRule(
        "credit_has_a_topup",
        "each credit belongs to a succeeded top-up of the same company",
        """
        SELECT 'ledger_' || c.id || ',topup_' || COALESCE(c.reference_id, '?') AS ids,
               'credit of ' || c.amount || ', top-up is ' || COALESCE(t.status, 'missing') AS detail
        FROM balance_transactions c
        LEFT JOIN balance_topups t ON t.id = CAST(c.reference_id AS INTEGER) AND t.company_id = c.company_id
        WHERE c.type = 'topup' AND (t.id IS NULL OR t.status <> 'succeeded')
        """,
    ),
    LedgerRule(
        "bonus_is_what_was_granted",
        "the bonus noted on a top-up is the one that was booked",
        """
        SELECT 'topup_' || t.id AS ids,
               t.bonus_amount || ' noted, ' || COALESCE(g.bonus_amount, 0) || ' booked' AS detail
        FROM balance_topups t LEFT JOIN balance_transactions g ON g.posting_key = 'topup_bonus:' || t.id
        WHERE t.bonus_amount <> COALESCE(g.bonus_amount, 0)
        """,
    ),
    LedgerRule(
        "payment_refunds_are_booked",
        "what was refunded of a top-up is what its refund rows took",
        """
        SELECT 'topup_' || t.id AS ids, t.refunded_amount || ' refunded, rows took ' || COALESCE(r.money, 0) AS detail
        FROM balance_topups t
        LEFT JOIN (SELECT reference_id, -SUM(amount) AS money FROM balance_transactions
                   WHERE type = 'refund' AND reference_type = 'refund' GROUP BY reference_id) r
               ON r.reference_id = CAST(t.id AS TEXT)
        WHERE t.refunded_amount <> COALESCE(r.money, 0) OR t.refunded_amount > t.amount
        """,
    ),
    LedgerRule(
        "disputes_are_booked",
        "what a dispute holds back is what its rows took",
        """
        SELECT 'topup_' || d.topup_id AS ids,
               'dispute ' || d.dispute_id || ' holds ' || d.booked_amount ||
               ', rows took ' || COALESCE(r.money, 0) AS detail
        FROM payment_disputes d
        LEFT JOIN (SELECT reference_id, -SUM(amount) AS money FROM balance_transactions
                   WHERE reference_type = 'dispute' GROUP BY reference_id) r ON r.reference_id = d.dispute_id
        WHERE d.booked_amount <> COALESCE(r.money, 0)
        """,
    ),
    LedgerRule(
        "charge_is_debited_once",
        "each charged call has exactly one debit of its price",
        """
        SELECT 'call_' || c.call_id AS ids,
               'price ' || c.amount_charged || ' with bonus ' || c.paid_by_bonus || ', ' ||
               COALESCE(d.rows_found, 0) || ' debits of ' || COALESCE(-d.money - d.bonus, 0) ||
               ' with bonus ' || COALESCE(-d.bonus, 0) AS detail
        FROM call_charges c
        LEFT JOIN (SELECT company_id, reference_id, COUNT(*) AS rows_found, SUM(amount) AS money,
                          SUM(bonus_amount) AS bonus, MAX(id) AS row_id
                   FROM balance_transactions WHERE type = 'charge' GROUP BY company_id, reference_id) d
               ON d.reference_id = CAST(c.call_id AS TEXT) AND d.company_id = c.company_id
        WHERE c.status = 'charged'
          AND (COALESCE(-d.money - d.bonus, 0) <> c.amount_charged OR COALESCE(-d.bonus, 0) <> c.paid_by_bonus
               OR COALESCE(d.rows_found, 0) > 1 OR COALESCE(d.row_id, 0) <> COALESCE(c.balance_transaction_id, 0))
        """,
    ),
    LedgerRule(
        "debit_has_a_charge",
        "each debit belongs to a charged call of the same company",
        """
        SELECT 'ledger_' || d.id || ',call_' || COALESCE(d.reference_id, '?') AS ids,
               'debit of ' || (-d.amount - d.bonus_amount) || ', charge is ' || COALESCE(c.status, 'missing') AS detail
        FROM balance_transactions d
        LEFT JOIN call_charges c ON c.call_id = CAST(d.reference_id AS INTEGER) AND c.company_id = d.company_id
        WHERE d.type = 'charge' AND (c.id IS NULL OR c.status <> 'charged')
        """,
    ),
    LedgerRule(
        "call_refunds_are_booked",
        "what was refunded of a call is what its refund rows gave back, to the pots that paid",
        """
        SELECT 'call_' || c.call_id AS ids,
               c.refunded_amount || ' refunded with bonus ' || c.refunded_bonus || ', rows gave ' ||
               COALESCE(r.money + r.bonus, 0) || ' with bonus ' || COALESCE(r.bonus, 0) ||
               ', price ' || c.amount_charged || ', status ' || c.refund_status AS detail
        FROM call_charges c
        LEFT JOIN (SELECT reference_id, SUM(amount) AS money, SUM(bonus_amount) AS bonus FROM balance_transactions
                   WHERE type = 'refund' AND reference_type = 'call' GROUP BY reference_id) r
               ON r.reference_id = CAST(c.call_id AS TEXT)
        WHERE c.refunded_amount <> COALESCE(r.money + r.bonus, 0) OR c.refunded_bonus <> COALESCE(r.bonus, 0)
           OR c.refunded_amount > c.amount_charged
           OR c.refund_status <> CASE WHEN c.refunded_amount = 0 THEN 'none'
                                      WHEN c.refunded_amount = c.amount_charged THEN 'full' ELSE 'partial' END
        """,
    ),
    LedgerRule(
        "reserved_is_held",
        "what a balance reserves is what its running calls hold",
        """
        SELECT 'company_' || b.company_id AS ids,
               b.reserved_balance || ' reserved, calls hold ' || COALESCE(h.held, 0) AS detail
        FROM prepaid_balances b
        LEFT JOIN (SELECT company_id, SUM(amount) AS held FROM balance_reservations
                   WHERE status = 'held' GROUP BY company_id) h ON h.company_id = b.company_id
        WHERE b.reserved_balance <> COALESCE(h.held, 0)
        """,
    ),
    LedgerRule(
        "references_exist",
        "each ledger row that names a call or an event names one that exists, of the same company",
        """
        SELECT 'ledger_' || t.id AS ids,
               CASE WHEN t.reference_type = 'call' AND c.id IS NULL THEN 'no call ' || COALESCE(t.reference_id, '?') ||
                    ' of company ' || t.company_id ELSE 'no event ' || t.webhook_event_id END AS detail
        FROM balance_transactions t
        LEFT JOIN calls c ON t.reference_type = 'call' AND c.id = CAST(t.reference_id AS INTEGER)
                         AND c.company_id = t.company_id
        LEFT JOIN webhook_events e ON e.id = t.webhook_event_id
        WHERE (t.reference_type = 'call' AND c.id IS NULL) OR (t.webhook_event_id IS NOT NULL AND e.id IS NULL)
        """,
    ),
    LedgerRule(
        "invoice_is_what_was_paid",
        "each invoice is about a succeeded top-up of the same company, over what was paid",
        """
        SELECT 'invoice_' || i.id || ',topup_' || i.topup_id AS ids,
               i.number || ' over ' || i.total || ', top-up of ' || COALESCE(t.amount, 0) || ' is ' ||
               COALESCE(t.status, 'missing') AS detail
        FROM invoices i
        LEFT JOIN balance_topups t ON t.id = i.topup_id AND t.company_id = i.company_id
        WHERE t.id IS NULL OR t.status <> 'succeeded' OR t.amount <> i.total
           OR i.subtotal + i.tax_amount <> i.total
        """,
    ),
    LedgerRule(
        "invoice_numbers_have_no_gap",
        "the invoices of a year are numbered from 1 on, without a gap",
        """
        SELECT 'year_' || year AS ids, COUNT(*) || ' invoices, the last is ' || MAX(sequence) AS detail
        FROM invoices GROUP BY year HAVING COUNT(*) <> MAX(sequence) OR MIN(sequence) <> 1
        """,
    ),
)
