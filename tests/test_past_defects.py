"""What went wrong in billing systems before this one, and the tests that fail if it comes back.

One line for each defect: its id, what must hold instead, and the tests that prove it. The ids are those by which the
team speaks of them: M money, B ledger and bonus, T top-ups, I invoices, W webhooks, A automatic top-ups, C charging,
R refunds, L low balances, S spending, Q operations.
"""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]


class Defect(NamedTuple):
    id: str
    holds: str
    tests: str
    """`file::test` for each, the files below `tests/`, the prefix `test_` left out."""


DEFECTS = (
    # Money and ledger
    Defect("M1", "amounts are whole cents; text with more than two decimals is refused",
           "billing/money::amounts_are_read_as_cents billing/money::everything_else_is_refused_with_its_reason"),
    Defect("M2", "a price is rounded once, half up, and is the same everywhere",
           "billing/money::halves_are_rounded_up billing/money::the_price_of_a_call_at_42_cents "
           "billing/prepaid::an_ended_call_is_charged_from_the_money"),
    Defect("M3", "what is read to decide on money cannot be stale when it is booked",
           "billing/prepaid::two_hundred_calls_at_once_on_money_for_a_hundred "
           "billing/withdrawals::of_many_at_once_only_those_that_are_covered_are_paid"),
    Defect("M4", "debit, ledger row and charge row are there together or not at all",
           "billing/ledger_check::a_planted_breach_is_found_and_named proof/crash_points::killed_at_some_points"),
    Defect("M5", "each movement has its own type, and reports find it",
           "billing/adjustments::an_adjustment_is_a_ledger_row_with_actor_and_reason "
           "billing/operations_reports::a_month_of_each_company_in_figures"),
    Defect("M6", "a ledger row is never changed or deleted",
           "billing/schema::the_file_itself_refuses_to_change_the_ledger"),
    Defect("M7", "revenue is what Stripe took in minus what went back; gifts are none, and a month has a year",
           "billing/reports::daily_revenue_is_what_stripe_took_in_minus_what_went_back "
           "billing/operations_reports::a_month_of_each_company_in_figures "
           "billing/invoices::an_adjustment_or_bonus_is_not_invoiced"),
    Defect("B1", "each balance is the sum of its signed rows, for money, bonus and reserved alike",
           "billing/ledger_check::a_planted_breach_is_found_and_named "
           "billing/money_is_conserved::no_cent_appears_or_vanishes proof/model::the_engine_agrees_with_the_model"),
    # Top-ups
    Defect("T1", "a payment is credited once, however often and wherever it is told; pages only show",
           "billing/payment_events::every_order_with_duplicates_credits_once "
           "billing/invoices::a_payment_that_is_told_twenty_times_is_invoiced_once "
           "relay/control::pages_that_a_browser_ends_on_say_where_to_look"),
    Defect("T2", "settling a settled payment says so and does nothing",
           "billing/payment_events::a_success_is_never_left "
           "billing/inbox::replaying_a_completed_event_books_nothing_and_says_so"),
    Defect("T3", "every event of a payment leads to its top-up, whichever comes first",
           "billing/payment_events::one_event_is_enough billing/inbox::an_unknown_payment_waits_for_its_topup "
           "billing/topup_service::a_checkout_asks_stripe_for_all_that_is_needed"),
    Defect("T4", "amount, currency and mode are compared; a payment link gets its top-up",
           "billing/payment_events::what_contradicts_the_topup_is_quarantined "
           "billing/payment_events::a_payment_link_gets_its_topup_from_its_first_event "
           "billing/inbox::a_live_event_is_quarantined_and_stays_so_when_replayed"),
    Defect("T5", "a bank debit is processing until the bank has answered",
           "billing/payment_events::a_bank_debit_is_processing_until_the_bank_answers "
           "billing/payment_events::a_bank_debit_that_fails_fails_the_topup"),
    Defect("T6", "a late failure does not overwrite a success",
           "billing/payment_events::a_late_decline_does_not_overwrite_a_success"),
    Defect("T7", "an open top-up ends: expired, cancelled, or given up",
           "billing/topup_service::an_expired_page_cancels_its_topup billing/topup_service::cancelling_ends_the_page "
           "billing/worker::an_expired_page_is_cancelled_in_time"),
    Defect("T8", "a Checkout belongs to the company's customer and keeps the card for later",
           "billing/topup_service::a_checkout_asks_stripe_for_all_that_is_needed "
           "billing/with_sandbox::a_checkout_is_credited_once_and_its_card_is_kept"),
    Defect("T9", "a repeated request to Stripe is the same request; a company is one customer",
           "billing/with_sandbox::a_repeated_request_with_the_same_key_charges_once "
           "billing/topup_service::a_company_becomes_one_customer_even_when_two_ask_at_once"),
    Defect("T10", "notices come after the commit and cannot break money",
           "billing/notices::money_moves_when_notices_cannot_be_written "
           "billing/notices::what_was_not_told_before_a_crash_is_told_after_the_next_start"),
    Defect("T11", "nothing is told without the token; a card is its company's own",
           "relay/control::without_the_token_nothing_is_told "
           "billing/topup_service::only_cards_of_the_company_are_charged "
           "billing/auto_topup::a_card_of_another_company_cannot_be_saved"),
    Defect("I1", "what was paid is the gross; the tax is within",
           "billing/invoices::tax_is_contained_in_what_was_paid"),
    Defect("I2", "numbers have no gap and no double; one invoice for each top-up",
           "billing/invoices::a_credit_that_is_rolled_back_leaves_no_gap "
           "billing/invoices::each_year_is_counted_from_one_by_the_german_calendar "
           "billing/invoices::each_credited_topup_has_one_invoice_over_what_was_paid"),
    # Webhooks
    Defect("W1", "there is one webhook and one handler for each type",
           "relay/webhook::there_is_one_webhook "
           "billing/payment_events::every_rule_says_what_it_does_and_reads_an_object_of_its_type"),
    Defect("W2", "the raw bytes are verified, stored and passed on; a replay is verified like everything",
           "billing/signature::a_changed_body_and_a_wrong_secret_do_not_match "
           "relay/forwarding::the_app_gets_bytes_and_signature_as_they_came_in_order "
           "relay/replay::replaying_a_completed_event_adds_nothing_and_shows_as_a_duplicate"),
    Defect("W3", "an event whose handler failed is not lost",
           "billing/inbox::a_failing_handler_leaves_nothing_and_is_tried_after_1_5_and_15_minutes "
           "proof/failing_world::a_full_disk_refuses_and_goes_on_when_there_is_room"),
    Defect("W4", "a redelivery is answered 200, and tries again what had failed",
           "billing/inbox::a_failed_event_is_booked_when_it_is_replayed_or_sent_again "
           "proof/at_once::copies_of_one_event_have_one_effect"),
    Defect("W5", "an event is processed when its effects are committed, not before",
           "billing/worker::events_left_pending_by_a_crash_are_processed_at_the_next_start "
           "relay/crash::what_was_acknowledged_survives_a_kill_and_is_booked_once"),
    Defect("W6", "what is said about events and columns is made from the program, or checked against it",
           "event_types::what_the_table_says_of_waiting_for_a_payment_is_so "
           "billing/reports::the_teams_own_queries_run_on_the_tables "
           "billing/schema::the_migrated_schema_is_that_of_the_models"),
    Defect("W7", "nothing gets round the signature",
           "relay/webhook::an_unsigned_or_wrongly_signed_delivery_is_refused_and_kept "
           "relay/webhook::only_our_own_secret_may_say_where_a_delivery_came_from"),
    Defect("W8", "an empty secret verifies nothing",
           "billing/signature::without_a_secret_nothing_is_accepted "
           "devconsole/settings::a_wrong_value_names_the_variable_and_the_form"),
    Defect("W9", "order does not matter, and sums are read as sums",
           "billing/payment_events::every_order_of_endings_ends_alike "
           "billing/money_back_events::two_refunds_and_the_payment_in_every_order "
           "billing/customer_events::the_latest_word_names_the_card_whatever_the_order"),
    Defect("W10", "passing on changes nothing, stays on this machine, and is written down with secrets masked",
           "relay/forwarding::the_app_gets_bytes_and_signature_as_they_came_in_order "
           "relay/forwarding::a_redirect_is_not_followed relay/forwarding::an_address_that_is_not_here_is_refused "
           "relay/webhook::what_a_delivery_showed_of_itself_is_kept_with_its_secrets_masked"),
    # Automatic top-ups
    Defect("A1", "the attempt is committed before Stripe is asked, so a failure is seen",
           "billing/auto_topup::killed_between_the_transactions_the_attempt_is_finished_once "
           "billing/operations_reports::automatic_topups_are_counted_by_week_from_monday"),
    Defect("A2", "a failure after the charge neither loses the money nor charges again",
           "billing/topup_service::a_charge_killed_before_its_answer_is_made_once_and_credited_once "
           "billing/notices::money_moves_when_notices_cannot_be_written"),
    Defect("A3", "webhook and direct answer settle the same top-up through the same function",
           "billing/topup_service::the_webhook_and_the_direct_answer_credit_once_in_either_order"),
    Defect("A4", "a declined card backs off and is given up; an unpaid call asks for a top-up, too",
           "billing/auto_topup::declines_back_off_and_the_third_in_a_row_switches_it_off "
           "billing/auto_topup::cooldown_then_daily_limit_then_the_next_day "
           "billing/prepaid::what_the_balance_does_not_cover_becomes_unpaid_and_asks_for_a_topup"),
    Defect("A5", "what is saved in the settings is what decides",
           "billing/auto_topup::at_the_threshold_the_saved_card_is_charged_off_session "
           "billing/schema::the_migrated_schema_is_that_of_the_models"),
    Defect("A6", "the monthly limit is euros",
           "billing/auto_topup::the_monthly_limit_counts_the_new_amount "
           "billing/auto_topup_rules::the_edges_still_allow_it"),
    Defect("A7", "the monthly limit includes the new amount",
           "billing/auto_topup::the_monthly_limit_counts_the_new_amount"),
    Defect("A8", "a card that wants its owner is a state of its own, and ends",
           "billing/auto_topup::a_card_that_wants_authentication_is_a_decline_that_says_so "
           "billing/topup_service::a_customer_who_never_authenticates_is_given_up_after_an_hour"),
    Defect("A9", "settings are checked as they will be, not as they are sent",
           "billing/auto_topup::a_change_is_checked_against_what_was_set_before "
           "billing/auto_topup::settings_that_make_no_sense_are_refused_and_change_nothing"),
    Defect("A10", "checks at the same time charge once",
           "billing/auto_topup::fifty_checks_at_once_make_one_charge "
           "proof/at_once::fifty_checks_at_once_charge_the_card_once"),
    # Charging
    Defect("C1", "a call is charged when it ends", "billing/prepaid::an_ended_call_is_charged_from_the_money"),
    Defect("C2", "a call that is not billable costs nothing",
           "billing/prepaid::a_call_that_is_not_billable_is_not_charged "
           "billing/non_billable::a_running_call_gives_back_what_it_held_and_is_never_charged"),
    Defect("C3", "a call that could not be paid is kept, shown and paid later",
           "billing/prepaid::what_the_balance_does_not_cover_becomes_unpaid_and_asks_for_a_topup "
           "billing/prepaid::a_credit_asks_for_a_retry_that_pays_the_oldest_first "
           "billing/worker::an_unpaid_call_is_paid_after_the_next_credit"),
    Defect("C4", "what a call holds has an owner and an end",
           "billing/running_calls::a_call_is_paid_with_what_it_held "
           "billing/running_calls::a_call_that_never_ends_gives_back_what_it_holds"),
    Defect("C5", "rates have a history, and no column promises what nobody reads",
           "billing/prepaid::the_rate_that_began_last_wins_until_it_ends "
           "billing/prepaid::the_companys_own_rate_counts_while_it_is_valid"),
    Defect("C6", "admission and payment count the same money",
           "billing/running_calls::a_call_is_admitted_if_money_and_bonus_pay_for_a_minute"),
    Defect("C7", "durations are h:mm:ss", "devconsole/format::durations"),
    # Refunds and bonus
    Defect("R1", "money that went back to the card leaves the balance",
           "billing/with_sandbox::a_payment_is_refunded_in_two_steps_by_its_webhooks "
           "billing/with_sandbox::a_dispute_takes_the_money "
           "billing/topup_service::a_refund_is_booked_at_once_whatever_becomes_of_its_webhook_and_never_more_than_was_paid"),
    Defect("R2", "only the difference is booked",
           "billing/money_back_events::the_same_sum_told_again_takes_nothing "
           "billing/money_back_events::single_refunds_and_snapshots_tell_the_same"),
    Defect("R3", "a call's refund goes to the pots that paid, money first",
           "billing/call_refund::partial_refunds_add_up_and_go_to_money_first "
           "billing/call_refund::each_pot_gets_back_exactly_what_it_paid"),
    Defect("R4", "a call that was not charged cannot be refunded",
           "billing/call_refund::only_charged_calls_can_be_refunded"),
    Defect("R5", "refunds add up to the price at most, are positive, and end after 180 days",
           "billing/call_refund::what_was_refunded_before_counts "
           "billing/call_refund::only_what_was_paid_can_be_given_back "
           "billing/call_refund::a_refund_is_possible_for_180_days"),
    Defect("R6", "commands that are written down are run",
           "acceptance/readme::a_verb_of_the_readme_succeeds "
           "acceptance/readme::each_shell_block_is_tested_or_is_about_make"),
    Defect("B2", "every paid top-up gets the bonus that is advertised",
           "billing/payment_events::the_bonus_comes_with_the_credit_and_first_time_counts_once "
           "billing/companies::the_seeded_ladder_grants_what_is_advertised"),
    Defect("B3", "the first top-up is asked for before it is booked",
           "billing/bonus::the_first_topup_rule_applies_to_the_first_topup_only "
           "billing/payment_events::the_bonus_comes_with_the_credit_and_first_time_counts_once"),
    Defect("B4", "a rule that does not apply gives way to the next",
           "billing/bonus::a_rule_that_does_not_apply_is_passed_over_with_its_reason"),
    Defect("B5", "a rule counts in the transaction of its bonus",
           "billing/bonus::a_repeated_credit_grants_and_counts_once"),
    Defect("B6", "what is previewed is what is booked", "relay/preview::what_is_previewed_is_what_is_booked"),
    # Limits and warnings
    Defect("L1", "low is an amount of money, the same in list, badge, report and warning",
           "billing/rules::how_a_balance_stands billing/companies::an_account_says_how_a_company_stands "
           "billing/reports::low_balances_come_with_their_level_and_the_poorest_first"),
    Defect("L2", "a warning that reached nobody does not silence the next",
           "billing/notices::what_was_not_told_before_a_crash_is_told_after_the_next_start "
           "billing/notices::a_queued_notice_is_sent_after_the_next_start"),
    Defect("L3", "looking at notices sends none", "relay/notices::looking_at_notices_sends_none"),
    Defect("L4", "warnings come by themselves", "billing/notices::after_a_day_it_is_told_again_and_not_earlier"),
    Defect("L5", "low is below the threshold, an automatic top-up is at it or below",
           "billing/rules::how_a_balance_stands "
           "billing/auto_topup::at_the_threshold_the_saved_card_is_charged_off_session"),
    Defect("S1", "a hard limit is asked before a call is admitted",
           "billing/spending::a_hard_limit_refuses_the_call_that_it_does_not_cover"),
    Defect("S2", "each period starts again on its own day, also over changes of the clock",
           "billing/spending::each_period_starts_again_on_its_own_day "
           "billing/periods::periods_follow_each_other_without_gap_or_overlap_over_two_years"),
    Defect("S3", "spending is read from the ledger, so nothing counts twice",
           "billing/spending::all_that_calls_cost_is_spent_bonus_included_and_credits_are_not"),
    # Operations
    Defect("Q1", "the lock file decides, at each request; live keys are refused",
           "relay/test_mode::what_would_move_money_is_refused_with_the_reason "
           "relay/test_mode::events_are_held_while_it_is_off_and_processed_when_it_is_on_again "
           "devconsole/settings::a_live_key_is_refused_and_not_shown"),
    Defect("Q2", "reports read columns that are written, and are right on checked data",
           "billing/operations_reports::reasons_of_failures_are_counted_by_code "
           "billing/operations_reports::automatic_topups_are_counted_by_week_from_monday "
           "billing/reports::the_teams_own_queries_run_on_the_tables"),
    Defect("Q3", "a rate of failures leaves out what is open or cancelled",
           "billing/operations_reports::the_failure_rate_of_an_hour_leaves_out_what_is_open_or_cancelled"),
    Defect("Q4", "what failed is kept", "relay/pruning::what_is_old_goes_unless_somebody_may_need_it "
           "past_defects::no_topup_is_ever_deleted"),
    Defect("Q5", "a month's usage is the sum of ninety days by three",
           "billing/usage::a_months_usage_is_a_third_of_ninety_days"),
    Defect("Q6", "no secret is in the repository, and none is shown whole",
           "past_defects::no_secret_is_in_the_repository relay/signatures::no_secret_is_shown_whole "
           "devconsole/settings::secrets_do_not_show_in_a_dump"),
    Defect("Q7", "nothing but this machine is answered",
           "relay/control::another_name_than_loopback_is_refused_even_with_the_token "
           "relay/control::without_the_token_nothing_is_told"),
    Defect("Q8", "who moves money by hand says so and why, and what was before is kept",
           "billing/adjustments::an_adjustment_needs_actor_and_reason "
           "billing/audit::an_adjustment_is_kept_with_what_was_before_and_after"),
    Defect("Q9", "every rule has a test", "past_defects::each_defect_is_named_once_and_its_tests_exist"),
)  # fmt: skip

FAMILIES = {"M": 7, "T": 11, "I": 2, "W": 10, "A": 10, "C": 7, "R": 6, "B": 6, "L": 5, "S": 3, "Q": 9}


def file_of(test: str) -> Path:
    folder, _, name = test.partition("::")[0].rpartition("/")
    plain = ROOT / "tests" / folder / f"test_{name}.py"
    return plain if plain.exists() else ROOT / "tests" / folder / f"{name}.py"


@cache
def functions_of(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.id)
def test_each_defect_is_named_once_and_its_tests_exist(defect: Defect) -> None:
    assert [other.id for other in DEFECTS].count(defect.id) == 1
    assert defect.holds and defect.tests
    for test in defect.tests.split():
        assert f"test_{test.partition('::')[2]}" in functions_of(file_of(test)), test


def test_none_is_left_out() -> None:
    ids = {f"{family}{number}" for family, count in FAMILIES.items() for number in range(1, count + 1)}
    assert {defect.id for defect in DEFECTS} == ids


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [ROOT / name for name in names.split("\0") if name]


# Our own made-up live keys begin with 51N; a real one has digits and capitals there.
SECRET = re.compile(
    rb"(?:sk|rk)_live_(?!51N)[0-9A-Za-z]{16,}|-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY-----|\bghp_[0-9A-Za-z]{30,}"
    rb"|\bAKIA[0-9A-Z]{16}\b|\bsk_test_51[0-9A-Za-z]{40,}"
)


def test_no_secret_is_in_the_repository() -> None:
    found = [path for path in tracked() if path.is_file() and SECRET.search(path.read_bytes())]
    assert found == []


def test_no_topup_is_ever_deleted() -> None:
    """Failed attempts are what an audit asks for."""
    deleting = re.compile(r"DELETE\s+FROM\s+balance_topups|delete\(_?(?:TOPUPS|Topup)\b", re.IGNORECASE)
    sources = [path for folder in ("billing", "relay", "devconsole") for path in (ROOT / folder).rglob("*.py")]
    assert [path for path in sources if deleting.search(path.read_text())] == []
