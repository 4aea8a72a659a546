"""What people write down: marks and notes on events, filters under a name; and comparing what is stored."""

from __future__ import annotations

import pytest

from relay.api import (
    DeleteFilter,
    DiffEvents,
    ListEvents,
    ListFilters,
    MarkEvent,
    ReplayEvents,
    SaveFilter,
    ShowEvent,
)
from relay.errors import OperationRefused
from relay.pruning import delete_events
from tests.support.events import Story, event
from tests.support.relay import RunningRelay


async def two_customers(relay: RunningRelay) -> None:
    for number, name in ((1, "Anna"), (2, "Bert")):
        body = {"id": f"cus_{number}", "object": "customer", "name": name, "tags": ["x"] * number}
        await relay.deliver(event("customer.created", body, event_id=f"evt_{name.lower()}"))
    await relay.processed()


async def test_a_mark_and_a_note_are_kept_found_and_taken_away(relay: RunningRelay) -> None:
    await two_customers(relay)
    marked = await relay.client.call(MarkEvent(event="evt_anna", mark="bug", note="  lost its owner "))
    assert (marked.mark, marked.note) == ("bug", "lost its owner")
    marked = await relay.client.call(MarkEvent(event="1", note="and its name"))
    assert (marked.mark, marked.note) == ("bug", "and its name")
    for filter_ in ("mark:bug", "mark:*", "note:NAME", "mark:b* -note:owner"):
        assert [row.event_id for row in (await relay.client.call(ListEvents(filter=filter_))).rows] == ["evt_anna"]
    assert (await relay.client.call(ShowEvent(event="evt_anna"))).event.note == "and its name"
    cleared = await relay.client.call(MarkEvent(event="evt_anna", mark=None, note=None))
    assert (cleared.mark, cleared.note) == (None, None)
    assert (await relay.client.call(ListEvents(filter="mark:* OR note:a"))).total == 0


async def test_a_marked_event_is_never_pruned(relay: RunningRelay) -> None:
    await two_customers(relay)
    await relay.client.call(MarkEvent(event="evt_anna", mark="keep"))
    assert await relay.backend.db.write(delete_events, [1, 2]) == 1
    assert [row.event_id for row in (await relay.client.call(ListEvents())).rows] == ["evt_anna"]


@pytest.mark.parametrize("mark", ["two words", 'quo"te', "a,b", "star*", "x" * 41])
async def test_a_mark_is_one_word(relay: RunningRelay, mark: str) -> None:
    await two_customers(relay)
    with pytest.raises(OperationRefused):
        await relay.client.call(MarkEvent(event="1", mark=mark))


async def test_a_saved_filter_is_used_by_its_name_everywhere(relay: RunningRelay) -> None:
    await two_customers(relay)
    await relay.client.call(SaveFilter(as_="annas", filter="text:anna   type:customer.*"))
    saved = await relay.client.call(SaveFilter(as_="all", filter="type:*"))
    assert saved.filter == "type:*"
    assert [row.name for row in (await relay.client.call(ListFilters())).rows] == ["all", "annas"]
    assert [row.id for row in (await relay.client.call(ListEvents(filter="@all -@annas"))).rows] == [2]
    assert (await relay.client.call(ReplayEvents(filter="@annas"))).rows[0].event_id == "evt_anna"
    await relay.client.call(SaveFilter(as_="annas", filter="text:bert"))
    assert [row.id for row in (await relay.client.call(ListEvents(filter="@annas"))).rows] == [2]
    assert (await relay.client.call(DeleteFilter(saved="@annas"))).filter == "text:bert"
    with pytest.raises(OperationRefused, match="no saved filter @annas") as refused:
        await relay.client.call(ListEvents(filter="type:a @annas"))
    assert refused.value.problem.remedy == "Saved are: @all."
    with pytest.raises(OperationRefused, match="there is no saved filter annas"):
        await relay.client.call(DeleteFilter(saved="annas"))


@pytest.mark.parametrize(
    ("name", "text"), [("Bad Name", "failed"), ("ok", "status:x"), ("ok", "@other"), ("", "failed")]
)
async def test_a_filter_that_could_not_be_used_is_not_saved(relay: RunningRelay, name: str, text: str) -> None:
    with pytest.raises(OperationRefused):
        await relay.client.call(SaveFilter(as_=name, filter=text))
    assert (await relay.client.call(ListFilters())).total == 0


async def test_two_events_are_compared_value_by_value(relay: RunningRelay) -> None:
    await two_customers(relay)
    found = await relay.client.call(DiffEvents(left="evt_anna", right="2"))
    places = {one.path: (one.change, one.left, one.right) for one in found.differences}
    assert places["body.data.object.name"] == ("changed", '"Anna"', '"Bert"')
    assert places["body.data.object.tags[1]"] == ("added", None, '"x"')
    assert "body.type" not in places
    assert found.same > 3
    same = await relay.client.call(DiffEvents(left="1", right="evt_anna"))
    assert same.differences == ()


async def test_attempts_and_deliveries_of_one_event_are_compared(relay: RunningRelay) -> None:
    company_id = await relay.company()
    story = Story(1, company_id)
    await relay.deliver(event("payment_intent.succeeded", story.intent(), event_id="evt_early"))
    await relay.processed()
    with pytest.raises(OperationRefused, match="evt_early was tried once"):
        await relay.client.call(DiffEvents(left="evt_early"))
    await relay.open_topup(company_id)
    await relay.client.call(ReplayEvents(failed=True))
    found = await relay.client.call(DiffEvents(left="evt_early"))
    assert (found.left, found.right) == ("evt_early#1", "evt_early#2")
    places = {one.path: (one.left, one.right) for one in found.differences}
    assert places["outcome"] == ('"unmatched"', '"applied"')
    found = await relay.client.call(DiffEvents(left="delivery_1", right="delivery_2"))
    places = {one.path: (one.left, one.right) for one in found.differences}
    assert places["source"] == ('"sandbox"', '"replay"')
    assert not any(path.startswith("body.") for path in places)
    for left, right in (("evt_early#9", "1"), ("delivery_9", "1"), ("evt_none", "1")):
        with pytest.raises(OperationRefused):
            await relay.client.call(DiffEvents(left=left, right=right))


async def test_a_replay_by_filter_takes_what_matches_and_nothing_else(relay: RunningRelay) -> None:
    await two_customers(relay)
    page = await relay.client.call(ReplayEvents(filter="bert"))
    assert [row.event_id for row in page.rows] == ["evt_bert"]
    assert (await relay.client.call(ReplayEvents(filter="failed"))).total == 0
