"""A story as a tree and as a sequence of characters."""

from __future__ import annotations

from typing import Any

import pytest

from devconsole.sequence import sequence
from devconsole.trace_tree import branches, since_start
from relay.api import TraceNode
from tests.support import views


def node(depth: int, kind: str, reference: str, **changes: Any) -> TraceNode:
    given = {"title": reference, "detail": "", "at": views.at(0), "status": None}
    return TraceNode(depth=depth, kind=kind, reference=reference, **(given | changes))


STORY = (
    node(0, "topup", "topup_1", title="top-up of 50.00 EUR", status="succeeded", took_us=70_000, party="acme"),
    node(1, "event", "evt_1", title="charge.succeeded", since_start_us=80_000, party="sandbox"),
    node(
        2, "delivery", "delivery_1", title="accepted, answered 200", since_start_us=80_000, took_us=900, party="sandbox"
    ),
    node(3, "verification", "verification_1", title="signature proven", since_start_us=80_000, party="sandbox"),
    node(2, "attempt", "evt_1#1", title="attempt 1: applied", since_start_us=85_000, took_us=200),
    node(3, "ledger", "ledger_1", title="topup: +50.00", detail="x; balance 0 -> 50", since_start_us=85_000),
    node(1, "notice", "notice_1", title="paid: mail", since_start_us=90_000, party="acme"),
)


def test_branches_join_what_belongs_together() -> None:
    drawn = [
        f"{sign}{node.reference}" for sign, node in zip(branches([node.depth for node in STORY]), STORY, strict=True)
    ]
    assert drawn == [
        "topup_1",
        "├─ evt_1",
        "│  ├─ delivery_1",
        "│  │  └─ verification_1",
        "│  └─ evt_1#1",
        "│     └─ ledger_1",
        "└─ notice_1",
    ]


def test_a_sequence_goes_from_the_sender_to_the_ledger_in_the_order_of_time() -> None:
    lines = sequence(STORY, width=110)
    text = "\n".join(lines)
    assert all(len(line) <= 110 for line in lines)
    heading = lines[0]
    places = [heading.index(f"[{name}]") for name in ("sandbox", "webhook", "billing", "ledger", "Stripe", "acme")]
    assert places == sorted(places)
    told = ("top-up of 50.00 EUR", "succeeded", "charge.succeeded (delivery_1)", "signature proven")
    told += (
        "accepted, answered 200",
        "charge.succeeded: attempt 1: applied",
        "topup: +50.00; balance 0 -> 50",
        "paid: mail",
    )
    at = [text.index(part) for part in told]
    assert at == sorted(at)
    assert text.count("▶") == 5
    assert text.count("◀") == 2
    assert "╌" in text
    assert "+0.080 s" in text


def test_what_a_sender_wrote_does_not_steer_the_terminal() -> None:
    (line,) = [line for line in sequence((node(0, "decision", "d", title="a\x1b[31mb"),), width=80) if "●" in line]
    assert "a [31mb" in line


def test_nothing_is_drawn_of_nothing() -> None:
    assert sequence((), width=80) == []
    assert branches([]) == []


@pytest.mark.parametrize(
    ("microseconds", "shown"),
    [
        (0, "+0.000 s"),
        (71_250, "+0.071 s"),
        (59_999_000, "+59.999 s"),
        (123_071_000, "+2:03.071"),
        (3_723_000_000, "+1:02:03"),
    ],
)
def test_a_distance_in_time(microseconds: int, shown: str) -> None:
    assert since_start(microseconds) == shown
