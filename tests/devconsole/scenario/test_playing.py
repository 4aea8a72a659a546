"""Playing stories on virtual time: what holds is passed, what does not is shown beside what is, and why."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from devconsole.scenario.report import lines_of
from devconsole.scenario.results import StoryResult
from devconsole.scenario.stage import discard
from tests.devconsole.scenario.conftest import Play

ACME = "title: x\ngiven: {companies: [{slug: acme, balance: 10.00}]}\nsteps:\n"
TOPUP = "  - {do: topups.create, with: {company: acme, amount: 50.00, card: visa}, as: topup}\n"


def story(*steps: str, start: str = ACME) -> str:
    return start + "".join(steps)


def expecting(what: str) -> str:
    return f"  - {{expect: {{{what}}}}}\n"


def reason_of(result: StoryResult) -> str:
    assert not result.passed
    return result.reason or ""


@pytest.mark.parametrize(
    "what",
    [
        "balances: {acme: 60.00}",
        "ledger: {acme: [adjustment 10.00, topup 50]}",
        "events_in_order: [payment_intent.created, payment_intent.succeeded]",
        "event_states: {payment_intent.succeeded: [completed], payment_intent.created: [ignored]}",
        "deliveries: {rejected: 0, duplicate: 0}",
        "never: {events: [charge.refunded], balances: {acme: 110.00}, ledger: {acme: [refund, topup 49.00]}}",
        "topups: {acme: [succeeded]}, disputes: {acme: []}, auto_topup: {acme: off}",
        "notices: {acme: [low_balance]}",
    ],
)
def test_what_holds_is_passed(what: str, play: Play) -> None:
    result = play(story(TOPUP, expecting(what)))
    assert result.passed, lines_of(result)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("balances: {acme: 60.01}", "balance of acme: expected 60.01, is 60.00"),
        ("balances: {nobody: 1.00}", "balance of nobody: expected 1.00, is no such company"),
        ("events: [charge.refunded]", "events: expected [charge.refunded], is not arrived"),
        ("events_in_order: [payment_intent.succeeded, customer.created]", "events in order: expected"),
        ("deliveries: {duplicate: 1}", "deliveries duplicate: expected 1, is 0"),
        ("never: {events: [payment_intent.succeeded]}", "never payment_intent.succeeded, is it has arrived"),
        ("never: {balances: {acme: 10.00}}", "balance of acme: expected never 10.00, is it was so once"),
        ("never: {ledger: {acme: [topup]}}", "ledger of acme: expected never topup"),
        ("digest: '000000000000'", "digest: expected 000000000000"),
        ("notices: {acme: []}", "notices of acme: expected [], is [low_balance"),
    ],
)
def test_what_does_not_hold_is_shown_beside_what_is(what: str, told: str, play: Play) -> None:
    assert told in reason_of(play(story(TOPUP, expecting(what))))


def test_a_failure_names_its_line_and_shows_the_trace_of_the_event_to_blame(play: Play) -> None:
    result = play(story(TOPUP, expecting("balances: {acme: 61.00}")))
    lines = "\n".join(lines_of(result))
    assert "story.yaml:5: step 2" in lines
    assert "expected  61.00\n" in lines and "actual    60.00\n" in lines
    assert "trace of evt_" in lines and "topup_1" in lines and "ledger_2" in lines


def test_a_top_up_or_call_that_is_to_blame_is_traced_itself(play: Play) -> None:
    call = "  - {do: calls.simulate, with: {company: acme, duration: 60}}\n"
    for step, wrong, blamed in (
        (TOPUP, "topups: {acme: [failed]}", "trace of topup_1"),
        (call, "calls: {acme: [unpaid]}", "trace of call_1"),
        (call + call, "calls: {acme: [charged]}", "trace of call_2"),
    ):
        lines = "\n".join(lines_of(play(story(step, expecting(wrong)))))
        assert blamed in lines, lines


def test_what_takes_virtual_time_may_take_it(play: Play) -> None:
    late = "  - {do: faults.on, with: {fault: lost-delivery, times: 99, only: payment_intent.succeeded}}\n"
    cut = "  - {do: faults.on, with: {fault: lost-delivery, times: 2, only: payment_intent.succeeded}}\n"
    never = expecting("events: [payment_intent.succeeded], within: 2s")
    soon = expecting("events: [payment_intent.succeeded], within: 10s")
    assert "not arrived" in reason_of(play(story(late, TOPUP, never)))
    assert play(story(cut, TOPUP, soon)).passed


def test_the_same_seed_gives_the_same_digest_and_another_one_does_not(play: Play) -> None:
    told = story(TOPUP, "  - {advance: 24h}\n")
    digests = [play(told, seed=seed).digest for seed in (3, 3, 4)]
    assert digests[0] == digests[1] != digests[2]
    assert digests[0] is not None
    assert play(story(TOPUP, "  - {advance: 24h}\n", expecting(f"digest: '{digests[0][:20]}'")), seed=3).passed


def test_thirty_steps_wait_for_no_clock(play: Play) -> None:
    """A month of virtual time; what it takes is work, not waiting."""
    steps = ["  - {do: calls.simulate, with: {company: acme, duration: 1}}\n", "  - {advance: 2d}\n"] * 15
    assert play(story(*steps)).passed


def test_a_refusal_that_nobody_expected_fails_the_step(play: Play) -> None:
    told = "  - {do: topups.create, with: {company: acme, amount: 1.00, card: visa}}\n"
    assert "expected done, is invalid_amount" in reason_of(play(story(told)))
    assert "expected refused with x, is done" in reason_of(
        play(story(TOPUP.replace("}, as: topup}", "}, expect: {refused: x}}")))
    )


def test_an_unknown_card_or_company_given_fails_the_story_before_it_begins(play: Play) -> None:
    start = "title: x\ngiven: {companies: [{slug: acme, card: nonsense}]}\nsteps:\n"
    reason = reason_of(play(story(TOPUP, start=start)))
    assert "story.yaml:2: acme cannot be given: " in reason and "nonsense" in reason


def test_a_kept_home_stands_where_the_story_failed(play: Play) -> None:
    result = play(story(TOPUP, expecting("balances: {acme: 61.00}"), "  - {advance: 24h}\n"), keep=True)
    assert result.home is not None
    try:
        with closing(sqlite3.connect(result.home / "billing.db")) as database:
            assert database.execute("SELECT balance FROM prepaid_balances").fetchall() == [(6_000,)]
        assert (result.home / "virtual-clock.json").is_file()
    finally:
        discard(result.home)


def test_a_home_that_is_not_kept_is_gone(play: Play, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert play(story(TOPUP), keep=True).home is None, "only the homes of stories that failed are worth a look"
    assert not play(story(expecting("balances: {acme: 61.00}"))).passed
    assert list(tmp_path.glob("devconsole-*")) == []


def test_a_kept_home_bears_the_name_of_the_story_and_of_the_row(play: Play) -> None:
    table = ACME + expecting("balances: {acme: 61.00}") + "table: [{card: lost-card}]\n"
    result = play(table, keep=True)
    assert result.home is not None
    discard(result.home)
    assert result.home.name.startswith("devconsole-story-lost-card-")


def test_stripe_is_asked_where_a_story_wants_it(play: Play) -> None:
    lost = "  - {do: faults.on, with: {fault: charge-lost-answer, times: 9}}\n"
    lost += "  - {do: faults.on, with: {fault: drop, times: 99}}\n"
    refused = TOPUP.replace("}, as: topup}", "}, expect: {refused: gateway_unavailable}}")
    assert "Stripe's payments: expected the same as ours" in reason_of(
        play(story(lost, refused, expecting("stripe_agrees: true")))
    )
    assert play(story(lost, refused, "  - {advance: 1h}\n", expecting("stripe_agrees: true"))).passed
