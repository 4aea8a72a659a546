"""Forwarding to the user's own application: bytes as they came, in order, tried again by the clock, nothing lost."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from billing.inbox import Arrival, read_head
from billing.signature import Secret, verify
from relay.api import (
    AddForwardTarget,
    ForwardTargetView,
    ListDeliveries,
    ListForwardTargets,
    PauseForwardTarget,
    RemoveForwardTarget,
    ReplayEvents,
    ResumeForwardTarget,
    RetryForwards,
    ShowEvent,
    ShowForward,
    ShowForwardTarget,
    ShowStatus,
    ShowTrace,
)
from relay.errors import OperationRefused
from relay.forwarding.addresses import HereOnly
from relay.forwarding.rows import FAILURES_MAX
from relay.forwarding.sending import ANSWER_MAX
from relay.home import Home
from relay.pruning import Bounds, Pruner
from tests.support.app import App, running_app
from tests.support.events import event
from tests.support.relay import SANDBOX_SECRET, RunningRelay, running_relay, until


def an_event(number: int | None = None, *, type: str = "customer.created") -> bytes:
    event_id = None if number is None else f"evt_{number}"
    return event(type, {"id": "cus_1", "object": "customer"}, **({"event_id": event_id} if event_id else {}))


async def add(relay: RunningRelay, url: str, **fields: Any) -> ForwardTargetView:
    return (await relay.client.call(AddForwardTarget(url=url, target_name="app", **fields))).target


async def target(relay: RunningRelay) -> ForwardTargetView:
    (only,) = (await relay.client.call(ListForwardTargets())).rows
    return only


async def settled(relay: RunningRelay) -> ForwardTargetView:
    """The target, once nothing waits for it."""

    async def nothing_waits() -> bool:
        return (await target(relay)).waiting == 0

    await until(nothing_waits)
    return await target(relay)


async def tried(relay: RunningRelay, count: int, app: App) -> None:
    """Once the app was asked so often and that is written down."""
    await app.received(count)

    async def noted() -> bool:
        forwards = (await relay.client.call(ShowForwardTarget(target="app"))).forwards
        return sum(row.tries for row in forwards) >= count

    await until(noted)


def later(relay: RunningRelay, seconds: float) -> None:
    relay.clock.advance(timedelta(seconds=seconds))
    relay.backend.forwarding.wake()


# What goes out ------------------------------------------------------------------------------------------------------


async def test_the_app_gets_bytes_and_signature_as_they_came_in_order(relay: RunningRelay) -> None:
    bodies = [an_event() for _ in range(50)]
    async with running_app() as app:
        await add(relay, app.url, sign=False)
        for body in bodies:
            await relay.deliver(body)
        await app.received(len(bodies))
        assert [body for body, _ in app.got] == bodies
        for body, headers in app.got:
            assert verify(
                body=body,
                header=headers["Stripe-Signature"],
                secrets=[Secret("sandbox", SANDBOX_SECRET)],
                now=relay.clock.now(),
            ).ok
        now = await settled(relay)
    assert (now.health, now.delivered, now.failed, now.last_status) == ("healthy", 50, 0, 200)


def signed_by(relay: RunningRelay, body: bytes, headers: Any) -> str | None:
    """Whose secret the signature proves."""
    secrets = [Secret("sandbox", SANDBOX_SECRET), Secret("local", relay.backend.secrets.local)]
    return verify(
        body=body, header=headers.get("Stripe-Signature"), secrets=secrets, now=relay.clock.now()
    ).secret_label


async def test_what_stripe_did_not_sign_reaches_an_app_that_knows_its_secret_as_if_it_had(
    relay: RunningRelay,
) -> None:
    body = an_event(1)
    fetched = Arrival(
        body=an_event(2),
        headers={"Content-Type": "application/json"},
        source="backfill",
        received_at=relay.clock.now(),
        head=read_head(an_event(2)),  # type: ignore[arg-type]
    )
    async with running_app() as app:
        await add(relay, app.url, sign=False)
        await relay.deliver(body)
        await relay.backend.journal.store(fetched, started=0.0)
        await relay.client.call(ReplayEvents(events=("evt_1",)))
        await app.received(3)
        assert app.event_ids == ["evt_1", "evt_2", "evt_1"]
        assert [signed_by(relay, *one) for one in app.got] == ["sandbox"] * 3
        await settled(relay)
    told = [(await relay.client.call(ShowForward(forward=number))).signed for number in (1, 2, 3)]
    assert told == [
        "as it came, by the secret of sandbox",
        "anew, by the secret of sandbox: it was fetched, and came without a signature",
        "anew, by the secret of sandbox: it came from here",
    ]


async def test_an_app_that_is_not_there_is_told_in_plain_words(relay: RunningRelay, unused_tcp_port: int) -> None:
    await add(relay, f"http://127.0.0.1:{unused_tcp_port}/hook")
    await relay.deliver(an_event(1))

    async def failing() -> bool:
        return (await target(relay)).health == "failing"

    await until(failing)
    why = (await target(relay)).health_reason
    assert why == f"the last try got no answer: no connection to 127.0.0.1:{unused_tcp_port}: connection refused"


async def test_no_header_is_added_but_the_mark_and_none_is_lost_but_those_of_one_hop(relay: RunningRelay) -> None:
    body = an_event()
    sent = {
        **relay.signed(body),
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Accept": "*/*; q=0.5, application/xml",
        "Cache-Control": "no-cache",
        "Authorization": "Bearer somebody-else",
    }
    async with running_app() as app:
        await add(relay, app.url, sign=False)
        await relay.deliver(body, sent)
        await app.received(1)
    ((_, got),) = app.got
    added = {name: got.pop(name) for name in ("Host", "Content-Length", "X-Devconsole-Forwarded")}
    assert (added["Host"], added["X-Devconsole-Forwarded"]) == (app.url.split("/")[2], "1")
    del sent["Authorization"]  # it proves an identity to us, and is never kept
    assert got == sent


async def test_a_target_with_its_own_secret_gets_its_own_signature_and_the_secret_is_told_once(
    relay: RunningRelay,
) -> None:
    async with running_app() as app:
        new = await relay.client.call(AddForwardTarget(url=app.url))
        assert new.secret is not None
        assert new.target.name == app.url.removeprefix("http://").removesuffix("/hook").replace(":", "-")
        relay.clock.advance(timedelta(hours=1))
        await relay.deliver(an_event())
        await app.received(1)
    ((body, headers),) = app.got
    assert verify(
        body=body, header=headers["Stripe-Signature"], secrets=[Secret("own", new.secret)], now=relay.clock.now()
    ).ok
    shown = await target(relay)
    assert shown.signing_secret == f"whsec_…{new.secret[-4:]}"
    log = Home(relay.backend.home).operations_log.read_text()
    assert "forwards.add" in log
    assert new.secret not in log


async def test_what_was_rejected_is_not_passed_on(relay: RunningRelay) -> None:
    good = an_event()
    async with running_app() as app:
        await add(relay, app.url)
        await relay.deliver(an_event(), {})
        await relay.deliver(good)
        await app.received(1)
    assert [body for body, _ in app.got] == [good]


async def test_each_target_gets_the_types_that_it_wants(relay: RunningRelay) -> None:
    async with running_app() as charges, running_app() as everything:
        await relay.client.call(AddForwardTarget(url=charges.url, event_types=("charge.*", "payout.paid")))
        await relay.client.call(AddForwardTarget(url=everything.url))
        types = ["charge.succeeded", "customer.created", "payout.paid", "charge.refund.updated", "chargeXsucceeded"]
        for type_ in types:
            await relay.deliver(an_event(type=type_))
        await everything.received(5)
        await charges.received(3)

        async def nothing_waits() -> bool:
            rows = (await relay.client.call(ListForwardTargets())).rows
            return [row.waiting for row in rows] == [0, 0]

        await until(nothing_waits)
    assert len(charges.got) == 3


async def test_a_target_can_begin_with_what_is_there(relay: RunningRelay) -> None:
    await relay.deliver(an_event(1))
    async with running_app() as app:
        await add(relay, app.url, from_start=True)
        await relay.deliver(an_event(2))
        await app.received(2)
    assert app.event_ids == ["evt_1", "evt_2"]


async def test_a_target_that_leads_back_here_makes_no_circle(relay: RunningRelay) -> None:
    await add(relay, relay.backend.webhook_url, sign=False)
    await relay.deliver(an_event(1))
    await until(lambda: _total_is(relay, 2))
    await relay.deliver(an_event(2))
    await until(lambda: _total_is(relay, 4))
    assert (await relay.client.call(ListDeliveries(verdict="duplicate"))).total == 2


async def _total_is(relay: RunningRelay, total: int) -> bool:
    return (await relay.client.call(ListDeliveries())).total == total


# When it is not taken -----------------------------------------------------------------------------------------------


async def test_it_is_tried_again_on_schedule_and_what_came_later_waits_for_its_turn(relay: RunningRelay) -> None:
    async with running_app([500, 503, 200]) as app:
        await add(relay, app.url, retry_delays_s=(10, 60))
        await relay.deliver(an_event(1))
        await relay.deliver(an_event(2))
        await tried(relay, 1, app)
        failing = await target(relay)
        assert (failing.health, failing.waiting) == ("failing", 2)
        assert failing.next_try_at == relay.clock.now() + timedelta(seconds=10)
        later(relay, 10)
        await tried(relay, 2, app)
        later(relay, 59)
        assert (await target(relay)).next_try_at == relay.clock.now() + timedelta(seconds=1)
        later(relay, 1)
        await tried(relay, 4, app)
        assert (await settled(relay)).health == "healthy"
    assert app.event_ids == ["evt_1", "evt_1", "evt_1", "evt_2"]


async def test_a_refusal_is_final_and_sent_again_on_request(relay: RunningRelay) -> None:
    async with running_app([400, 302]) as app:
        await add(relay, app.url)
        for number in (1, 2, 3):
            await relay.deliver(an_event(number))
        now = await settled(relay)
        assert (now.delivered, now.failed) == (1, 2)
        refused = (await relay.client.call(ShowForwardTarget(target="app", state="refused"))).forwards
        assert [row.reason for row in refused] == [
            "answered 302: redirects are not followed; name the address that it leads to",
            "answered 400",
        ]
        again = await relay.client.call(RetryForwards(target="app"))
        assert [(row.state, row.tries) for row in again.rows] == [("delivered", 2)] * 2
        once_more = await relay.client.call(RetryForwards(target="app", forwards=(again.rows[0].id,)))
        assert [(row.state, row.tries) for row in once_more.rows] == [("delivered", 3)]
    assert app.event_ids == ["evt_1", "evt_2", "evt_3", "evt_1", "evt_2", "evt_2"]
    assert (await target(relay)).failed == 0


async def test_a_redirect_is_not_followed(relay: RunningRelay) -> None:
    async with running_app() as elsewhere, running_app([307]) as app:
        app.answer_headers["Location"] = elsewhere.url
        await add(relay, app.url)
        await relay.deliver(an_event())
        await settled(relay)
    assert elsewhere.got == []


async def test_the_answer_is_kept_with_headers_and_the_beginning_of_its_body(relay: RunningRelay) -> None:
    async with running_app([500]) as app:
        app.answer_headers |= {"X-Trace": "abc", "Set-Cookie": "session=secret"}
        app.answer_body = b"Traceback: " + b"x" * 10_000
        await add(relay, app.url, retry_delays_s=())
        await relay.deliver(an_event(1))
        await settled(relay)
        (row,) = (await relay.client.call(ShowForwardTarget(target="app"))).forwards
        detail = await relay.client.call(ShowForward(forward=row.id))
    assert (row.state, row.reason, row.tries) == ("failed", "answered 500", 1)
    (one,) = detail.tries
    assert one.answer_headers["X-Trace"] == "abc"
    assert one.answer_headers["Set-Cookie"] == "(masked)"
    assert one.answer_body.startswith("Traceback: xxx")
    assert len(one.answer_body) == ANSWER_MAX
    assert one.answer_cut
    assert '"evt_1"' in detail.body
    shown = await relay.client.call(ShowEvent(event="evt_1"))
    assert [(forward.target_name, forward.state) for forward in shown.forwards] == [("app", "failed")]
    trace = (await relay.client.call(ShowTrace(id="evt_1"))).nodes
    assert [(node.reference, node.status, node.title) for node in trace if node.kind == "forward"] == [
        (f"forward_{row.id}", "failed", "to app: answered 500")
    ]


async def test_a_target_that_takes_nothing_is_disabled_and_what_waits_is_sent_when_it_is_resumed(
    relay: RunningRelay,
) -> None:
    async with running_app([500] * FAILURES_MAX) as app:
        await add(relay, app.url, retry_delays_s=())
        for number in range(FAILURES_MAX + 5):
            await relay.deliver(an_event(number))

        async def disabled() -> bool:
            return (await target(relay)).health == "disabled"

        await until(disabled)
        now = await target(relay)
        assert (now.waiting, now.failed) == (5, FAILURES_MAX)
        assert now.health_reason == f"{FAILURES_MAX} deliveries in a row were not taken; the last one: answered 500"
        await relay.client.call(ResumeForwardTarget(target="app"))
        assert (await settled(relay)).delivered == 5
        await relay.client.call(RetryForwards(target="app"))
        assert (await settled(relay)).failed == 0
    assert set(app.event_ids) == {f"evt_{number}" for number in range(FAILURES_MAX + 5)}


async def test_a_full_queue_disables_a_target_that_takes_nothing_and_loses_nothing(
    relay: RunningRelay, unused_tcp_port: int
) -> None:
    relay.backend.forwarding.queue_max = 3
    await add(relay, f"http://127.0.0.1:{unused_tcp_port}/hook", retry_delays_s=(5, 5, 5))
    for number in range(6):
        await relay.deliver(an_event(number))
    later(relay, 5)

    async def disabled() -> bool:
        later(relay, 0)
        return (await target(relay)).health == "disabled"

    await until(disabled)
    now = await target(relay)
    assert now.health_reason.startswith("more than 3 deliveries wait, and it takes none: no answer: ")
    assert now.waiting == 6
    async with running_app(port=unused_tcp_port) as app:
        await relay.client.call(ResumeForwardTarget(target="app"))
        await settled(relay)
    assert app.event_ids == [f"evt_{number}" for number in range(6)]


# Over time ----------------------------------------------------------------------------------------------------------


async def test_what_is_owed_is_sent_after_a_restart(empty_database: Path, tmp_path: Path, unused_tcp_port: int) -> None:
    home = tmp_path / "home"
    async with running_relay(empty_database, home) as relay:
        new = await relay.client.call(
            AddForwardTarget(url=f"http://127.0.0.1:{unused_tcp_port}/hook", target_name="app", retry_delays_s=(1, 9))
        )
        for number in range(40):
            await relay.deliver(an_event(number))

        async def failing() -> bool:
            return (await target(relay)).health == "failing"

        await until(failing)
    async with running_app(port=unused_tcp_port) as app, running_relay(empty_database, home) as relay:
        later(relay, 1)
        await app.received(40)
        await settled(relay)
    assert app.event_ids == [f"evt_{number}" for number in range(40)]
    body, headers = app.got[-1]
    assert new.secret is not None
    assert verify(
        body=body, header=headers["Stripe-Signature"], secrets=[Secret("own", new.secret)], now=relay.clock.now()
    ).ok


async def test_a_pause_keeps_what_arrives_and_a_resume_sends_or_skips_it(relay: RunningRelay) -> None:
    async with running_app() as app:
        await add(relay, app.url)
        assert (await relay.client.call(PauseForwardTarget(target="app"))).health == "paused"
        await relay.deliver(an_event(1))
        assert (await target(relay)).waiting == 1
        with pytest.raises(OperationRefused) as refused:
            await relay.client.call(RetryForwards(target="app"))
        assert refused.value.problem.code == "target_paused"
        await relay.client.call(ResumeForwardTarget(target="app"))
        await settled(relay)
        await relay.client.call(PauseForwardTarget(target="app"))
        await relay.deliver(an_event(2))
        skipped = await relay.client.call(ResumeForwardTarget(target="app", skip=True))
        assert (skipped.waiting, skipped.missed) == (0, 1)
        await relay.deliver(an_event(3))
        await settled(relay)
    assert app.event_ids == ["evt_1", "evt_3"]


async def test_pruning_keeps_what_a_target_is_owed_and_counts_what_a_paused_one_misses(relay: RunningRelay) -> None:
    async with running_app([500]) as app:
        await add(relay, app.url, retry_delays_s=(86_400,))
        for number in range(3):
            await relay.deliver(an_event(number))
        await tried(relay, 1, app)
        await relay.processed()
        relay.clock.advance(timedelta(days=31))
        pruner = Pruner(relay.backend.db, clock=relay.clock, bounds=Bounds())
        assert await pruner.prune() == 0
        await relay.client.call(PauseForwardTarget(target="app"))
        assert await pruner.prune() == 2, "the one that waits for its next try stays"
        now = await target(relay)
        assert (now.waiting, now.missed) == (1, 2)


async def test_the_targets_of_the_option_come_and_go_with_it(relay: RunningRelay) -> None:
    forwarding = relay.backend.forwarding
    async with running_app() as app:
        await forwarding.adopt([app.url])
        await relay.deliver(an_event(1))
        await settled(relay)
        assert ((await target(relay)).origin, (await target(relay)).signing_secret) == ("option", None)
        await forwarding.adopt([])
        await relay.deliver(an_event(2))
        off = await target(relay)
        assert (off.health, off.health_reason) == ("paused", "this server was started without it in --forward-to")
        await forwarding.adopt([app.url])
        await relay.deliver(an_event(3))
        await settled(relay)
    assert app.event_ids == ["evt_1", "evt_3"]


async def test_a_target_that_is_removed_leaves_nothing(relay: RunningRelay) -> None:
    async with running_app() as app:
        await add(relay, app.url)
        await relay.deliver(an_event())
        await settled(relay)
        assert (await relay.client.call(ShowStatus())).upstreams[0].state == "connected"
        await relay.client.call(RemoveForwardTarget(target="app"))
        await relay.deliver(an_event())
    assert len(app.got) == 1
    assert (await relay.client.call(ListForwardTargets())).rows == ()
    assert (await relay.client.call(ShowStatus())).upstreams == ()
    assert [label for label in Home(relay.backend.home).read_secrets() if label.startswith("forward")] == []


# Where it may go ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "http://192.168.1.10/hook",
        "http://0.0.0.0:80/hook",
        "http://[2001:db8::1]/hook",
        "http://8.8/hook",
        "http://no-such-host.invalid/hook",
        "ftp://127.0.0.1/hook",
        "http://user:pass@127.0.0.1/hook",
        "127.0.0.1:3000",
        "http://127.0.0.1:99999/hook",
        "http://[::1/hook",
    ],
)
async def test_an_address_that_is_not_here_is_refused(relay: RunningRelay, url: str) -> None:
    with pytest.raises(OperationRefused) as refused:
        await relay.client.call(AddForwardTarget(url=url))
    assert refused.value.problem.code == "address_refused"
    assert refused.value.problem.remedy


@pytest.mark.parametrize("url", ["http://localhost:1/hook", "http://127.0.0.2:1/hook", "http://[::1]:1/hook"])
async def test_an_address_that_is_here_is_taken(relay: RunningRelay, url: str) -> None:
    assert (await add(relay, url)).url == url


async def test_another_machine_needs_the_flag(relay: RunningRelay) -> None:
    assert (await add(relay, "http://192.0.2.1/hook", allow_remote=True)).allow_remote


class Names(AbstractResolver):
    """A name service that says something else each time."""

    def __init__(self, *answers: str) -> None:
        self._answers = iter(answers)

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        found = ResolveResult(hostname=host, host=next(self._answers), port=port, family=2, proto=6, flags=0)
        return [found]

    async def close(self) -> None:
        pass


async def test_a_name_that_leads_elsewhere_later_is_not_followed() -> None:
    here_only = HereOnly(Names("127.0.0.1", "93.184.216.34"))
    assert (await here_only.resolve("rebound.example"))[0]["host"] == "127.0.0.1"
    with pytest.raises(OSError, match=r"rebound.example leads to 93.184.216.34, which is not this machine"):
        await here_only.resolve("rebound.example")


async def test_a_name_is_taken_once_and_an_unknown_one_suggests_another(relay: RunningRelay) -> None:
    await add(relay, "http://127.0.0.1:1/hook")
    with pytest.raises(OperationRefused) as taken:
        await add(relay, "http://127.0.0.1:1/other")
    assert taken.value.problem.code == "target_taken"
    with pytest.raises(OperationRefused) as unknown:
        await relay.client.call(ShowForwardTarget(target="ap"))
    assert (unknown.value.http_status, unknown.value.problem.remedy) == (404, "Did you mean app?")
    with pytest.raises(OperationRefused) as no_forward:
        await relay.client.call(ShowForward(forward=9))
    assert no_forward.value.problem.code == "unknown_forward"


async def test_a_slow_target_does_not_hold_up_another_nor_the_webhook(relay: RunningRelay) -> None:
    let_go = asyncio.Event()
    async with running_app() as slow, running_app() as quick:
        take = slow.take

        async def wait(request: Any) -> Any:
            await let_go.wait()
            return await take(request)

        slow.take = wait  # type: ignore[method-assign]
        await relay.client.call(AddForwardTarget(url=slow.url, target_name="slow"))
        await relay.client.call(AddForwardTarget(url=quick.url, target_name="quick"))
        for number in range(5):
            assert (await relay.deliver(an_event(number))).status == 200
        await quick.received(5)
        let_go.set()
