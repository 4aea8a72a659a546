"""The twelve guarantees: how each is tried from outside, and how to give it.

They follow Stripe's own advice for endpoints (verify the raw body, answer fast, expect duplicates and any order,
ignore what is not known) and what breaks handlers in practice.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from relay.grading.probe import Probe, Seen, together

AT_ONCE: Final = 5
OLD_S: Final = 600
IN_TIME_S: Final = 5.0
"""Stripe asks for an answer within a few seconds, before any work is done."""
LARGE_BYTES: Final = 256 * 1024
PAID, BOUGHT = "payment_intent.succeeded", "checkout.session.completed"
NEVER_KNOWN: Final = "whsec_" + "0" * 32

Finding = tuple[bool, str]
"""Whether it held, and what was seen."""
Attempt = tuple[bytes, str | None]
"""A body and the signature that it comes with."""


@dataclass(frozen=True)
class Guarantee:
    name: str
    title: str
    remedy: str
    check: Callable[[Probe], Awaitable[Finding]]


async def _no_signature(probe: Probe) -> Finding:
    return await _turned_away(probe, {"no Stripe-Signature": (probe.event(PAID), None)})


async def _forged(probe: Probe) -> Finding:
    def with_header(make: Callable[[bytes], str]) -> Attempt:
        body = probe.event(PAID)  # a new one each time: one that was let in must not hide the next as a duplicate
        return body, make(body)

    tried = {
        "another secret": with_header(lambda body: probe.signature(body, secret=NEVER_KNOWN)),
        "a changed body": with_header(lambda body: probe.signature(body + b" ")),
        "only v0": with_header(lambda body: probe.signature(body).replace("v1=", "v0=")),
        "garbage": with_header(lambda _body: "t=now,v1=yes"),
    }
    return await _turned_away(probe, tried)


async def _old(probe: Probe) -> Finding:
    body = probe.event(PAID)
    return await _turned_away(probe, {f"signed {OLD_S // 60} min ago": (body, probe.signature(body, age_s=OLD_S))})


async def _turned_away(probe: Probe, tried: Mapping[str, Attempt]) -> Finding:
    before = await probe.effects()
    seen = {what: await probe.post(body, signature) for what, (body, signature) in tried.items()}
    text = "; ".join(f"{what}: {each}" for what, each in seen.items())
    if (after := await probe.effects()) != before:
        return False, f"{text}; and it had an effect ({before:g} → {after:g})"
    return all(each.refused for each in seen.values()), text


async def _in_time(probe: Probe) -> Finding:
    seen = [await probe.good(probe.event(event_type)) for event_type in (PAID, BOUGHT, "charge.succeeded")]
    held = all(each.accepted for each in seen) and probe.slowest_s < IN_TIME_S
    return held, f"{together(seen)}; the slowest took {probe.slowest_s:.2f} s"


async def _duplicates(probe: Probe) -> Finding:
    body = probe.event(PAID)
    return await _once(probe, lambda: _in_a_row(probe, [body] * 3))


async def _concurrent_duplicates(probe: Probe) -> Finding:
    body = probe.event(PAID)

    async def burst() -> list[Seen]:
        return list(await asyncio.gather(*(probe.good(body) for _ in range(AT_ONCE))))

    return await _once(probe, burst)


async def _redelivery(probe: Probe) -> Finding:
    body = probe.event(PAID)

    async def cut_off_then_again() -> list[Seen]:
        await probe.hang_up(body)
        return await _in_a_row(probe, [body])

    return await _once(probe, cut_off_then_again)


async def _once(probe: Probe, deliver: Callable[[], Awaitable[list[Seen]]]) -> Finding:
    """All are taken, and together they have the effect of one."""
    alone_before = await probe.effects()
    alone = await probe.good(probe.event(PAID))
    before = await probe.effects()
    seen = await deliver()
    after = await probe.effects()
    held, text = all(each.accepted for each in seen), together(seen)
    if before is None or after is None or alone_before is None:
        return held, f"{text}; whether it took effect once was not looked at"
    one, all_ = before - alone_before, after - before
    text += f"; the effect was {all_:g}, that of one event {one:g}"
    return held and alone.accepted and all_ == one, text


async def _in_a_row(probe: Probe, bodies: list[bytes]) -> list[Seen]:
    return [await probe.good(body) for body in bodies]


async def _reordered(probe: Probe) -> Finding:
    types = ("charge.refunded", BOUGHT, PAID, "charge.succeeded", "payment_intent.created")
    seen = await _in_a_row(probe, [probe.event(event_type) for event_type in types])
    return all(each.accepted for each in seen), f"a refund first, its payment last: {together(seen)}"


async def _unknown_types(probe: Probe) -> Finding:
    seen = await _in_a_row(probe, [probe.event(PAID, type="galaxy.planet.discovered")])
    return seen[0].accepted, f"galaxy.planet.discovered: {seen[0]}"


async def _large_and_unicode(probe: Probe) -> Finding:
    note = "Ünïcödé 漢字 🚀 \u202eright to left\u202c " * (LARGE_BYTES // 60)
    body = probe.event(PAID, **{"data.object.metadata.note": note})
    seen = await probe.good(body)
    return seen.accepted, f"{len(body) // 1024} KiB with emoji and Chinese: {seen}"


async def _thin(probe: Probe) -> Finding:
    thin = {
        "id": probe.new_id("evt_test_grade"),
        "object": "v2.core.event",
        "type": "v1.billing.meter.error_report_triggered",
        "created": "2026-11-02T09:00:00.000Z",
        "livemode": False,
        "related_object": {"id": "mtr_grade", "type": "billing.meter", "url": "/v1/billing/meters/mtr_grade"},
    }
    seen = await probe.good(json.dumps(thin).encode())
    return seen.accepted, f"an event without data.object: {seen}"


async def _odd_bodies(probe: Probe) -> Finding:
    found = [await _large_and_unicode(probe), await _thin(probe)]
    return all(held for held, _ in found), "; ".join(text for _, text in found)


async def _rolled_secret(probe: Probe) -> Finding:
    body = probe.event(PAID)
    stamp, own = probe.signature(body).split(",")
    _, other = probe.signature(body, secret=NEVER_KNOWN).split(",")
    seen = await probe.post(body, f"{stamp},{other},{own}")
    return seen.accepted, f"two v1, the second one good: {seen}"


async def _get(probe: Probe) -> Finding:
    seen = await probe.get()
    return seen.status == 405, f"GET: {seen}"


GUARANTEES: Final = (
    Guarantee(
        "rejects-unsigned", "Rejects what is not signed",
        "Verify every request before anything else, and answer 400 when the Stripe-Signature header is missing.",
        _no_signature,
    ),
    Guarantee(
        "rejects-forged", "Rejects forged signatures",
        "Use the official library (stripe.Webhook.construct_event) with the raw bytes of the body, before any "
        "parser touches them; answer 400 when it raises.",
        _forged,
    ),
    Guarantee(
        "rejects-old", "Rejects old signatures",
        "Keep the library's tolerance of 300 s (0 switches it off); it is what stops recorded requests.",
        _old,
    ),
    Guarantee(
        "survives-a-rolled-secret", "Takes events while a secret is rolled",
        "For a day Stripe signs with two secrets: accept the event when any v1 signature matches.",
        _rolled_secret,
    ),
    Guarantee(
        "answers-in-time", "Answers in time",
        f"Store the event, answer 200, and work afterwards; Stripe waits a few seconds, this allowed {IN_TIME_S:.0f}.",
        _in_time,
    ),
    Guarantee(
        "tolerates-duplicates", "Tolerates duplicates",
        "Keep each event id under a unique constraint, in the transaction that has the effect; answer 200 when it is "
        "there already.",
        _duplicates,
    ),
    Guarantee(
        "tolerates-concurrent-duplicates", "Tolerates duplicates at the same moment",
        "Look-then-insert is a race: let the unique constraint decide, catch its violation, and answer 200.",
        _concurrent_duplicates,
    ),
    Guarantee(
        "tolerates-redelivery", "Takes an event again whose answer was lost",
        "Whatever became of the first delivery, the next one must find or finish its work, and answer 200.",
        _redelivery,
    ),
    Guarantee(
        "tolerates-reordering", "Tolerates any order",
        "Do not fail when an earlier event is missing: fetch the object from Stripe, or keep the event for later.",
        _reordered,
    ),
    Guarantee(
        "ignores-unknown-types", "Takes types that it does not know",
        "Answer 200 to every type that is not handled; a new one is no mistake, and failing makes Stripe send it "
        "for days.",
        _unknown_types,
    ),
    Guarantee(
        "takes-odd-bodies", "Takes large, unicode and thin events",
        "Allow bodies of a mebibyte, read them as UTF-8, and do not count on data.object: thin events have none.",
        _odd_bodies,
    ),
    Guarantee(
        "refuses-get", "Answers GET with 405",
        "Route POST only: a page or a redirect there hides a wrong address.",
        _get,
    ),
)  # fmt: skip
