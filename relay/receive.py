"""The webhook: raw bytes in, verified, on disk, answered. Nothing is decided here about what an event means.

The hot path: one handler, no middleware, no models. One typed decoder reads the parts of an event that the inbox
shows; everything else happens later, at our own pace.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web
from msgspec.structs import replace

from billing.errors import DatabaseClosed, DatabaseLocked
from billing.inbox import Arrival, EventHead, NotAnEvent, read_head
from billing.signature import SignatureVerdict, verify
from relay.backend import Backend
from relay.doors import Handler
from relay.journal import JournalFull
from relay.masking import masked, text_of
from relay.rejections import EXCERPT_MAX, Rejections, columns_of
from relay.secrets import SOURCE_HEADER, source_of

BODY_MAX: Final = 1 << 20
"""Bytes; Stripe's events stay far below. More is answered with 413."""
BODY_TIMEOUT_S: Final = 20.0
BROKEN_OFF: Final = frozenset({"body_too_large", "body_incomplete", "body_unreadable"})
"""Something of the body may still come, or nothing more that makes sense: the connection ends with the answer."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a delivery that was not taken."""

    received: bool = False
    status: str = "rejected"
    code: str
    cause: str | None = None
    """What the explanation found, where one was made: see `deliveries show`."""
    reason: str
    remedy: str | None
    event_id: str | None = None


class Unreadable(Exception):
    """The body is not there as a whole: too large, or it stopped coming."""

    def __init__(self, http_status: int, code: str, reason: str, remedy: str, excerpt: bytes) -> None:
        super().__init__(reason)
        self.http_status, self.code, self.reason, self.remedy = http_status, code, reason, remedy
        self.excerpt = excerpt[:EXCERPT_MAX]


def webhook(backend: Backend) -> Handler:
    """The handler of `POST /api/stripe/webhook`."""
    clock, ring, journal = backend.clock, backend.secrets, backend.journal
    test_mode, upstreams, rejections = backend.test_mode, backend.upstreams, backend.rejections

    async def receive(request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        try:
            body = await read_body(request)
        except Unreadable as unreadable:
            arrival = _unreadable(request, unreadable, now=clock.now())
        else:
            now = clock.now()
            verdict = verify(body=body, header=request.headers.get("Stripe-Signature"), secrets=ring.all, now=now)
            arrival = _judged(request, body, verdict, held=not test_mode.was_on, now=now)
            if arrival.head is None:
                arrival = await _refused(rejections, request, verdict, arrival)
        try:
            stored = await journal.store(arrival, started=started)
        except (JournalFull, DatabaseClosed):
            return _busy("too many deliveries are waiting to be stored")
        except DatabaseLocked as error:
            return _busy(error.message)
        if stored.http_status == 200:
            upstreams.heard(arrival.source, arrival.received_at)
        response = web.Response(
            body=stored.response_body.encode(), status=stored.http_status, content_type="application/json"
        )
        if arrival.reason_code in BROKEN_OFF:
            response.force_close()
        return response

    return receive


async def only_post(_request: web.Request) -> web.StreamResponse:
    """What a browser sees at the webhook's address."""
    return web.Response(
        body=b'{"received":false,"code":"method_not_allowed",'
        b'"reason":"this address takes signed events by POST; it has nothing to look at"}',
        status=405,
        headers={"Allow": "POST"},
        content_type="application/json",
    )


async def read_body(request: web.Request) -> bytes:
    """The raw body. Raises `Unreadable` as soon as it is certain that there is more than `BODY_MAX`."""
    try:
        return await _whole_body(request)
    except web.RequestPayloadError as error:
        reason = f"the body cannot be read: {' '.join(str(error).split())}"
        raise Unreadable(400, "body_unreadable", reason, "Send it plain and whole.", b"") from None


async def _whole_body(request: web.Request) -> bytes:
    content = request.content
    if (request.content_length or 0) > BODY_MAX:
        # The first bytes mostly came with the head; nothing more is waited for.
        raise _too_large(content.read_nowait())
    body = content.read_nowait()
    if content.at_eof():
        return body
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while chunk := await content.readany():
                body += chunk
                if len(body) > BODY_MAX:
                    raise _too_large(body)
    except TimeoutError:
        raise Unreadable(
            408, "body_incomplete", f"the body stopped coming after {len(body):,} bytes", "Send it again.", body
        ) from None
    except ConnectionError:
        raise Unreadable(
            400, "body_incomplete", f"the sender hung up after {len(body):,} bytes of the body", "Send it again.", body
        ) from None
    return body


def _too_large(excerpt: bytes) -> Unreadable:
    return Unreadable(
        413,
        "body_too_large",
        f"the body has more than {BODY_MAX:,} bytes; only its beginning was kept",
        "An event of Stripe's is far smaller: see what else was sent to this address.",
        excerpt,
    )


def _judged(request: web.Request, body: bytes, verdict: SignatureVerdict, *, held: bool, now: datetime) -> Arrival:
    head = read_head(body)
    headers = request.headers
    source = source_of(verdict.secret_label, headers.get(SOURCE_HEADER))
    if verdict.ok and isinstance(head, EventHead):
        return Arrival(
            body=body,
            headers=masked(headers),
            source=source,
            received_at=now,
            head=head,
            reason=verdict.reason,
            secret_label=verdict.secret_label,
            remote=request.remote,
            user_agent=text_of(headers.get("User-Agent", "")) or None,
            held=held,
        )
    event_id = head.event_id if isinstance(head, EventHead) else None
    code, reason, remedy = verdict.reason_code, verdict.reason, verdict.remedy
    if verdict.ok and isinstance(head, NotAnEvent):
        code, reason, remedy = head.reason_code, head.reason, head.remedy
    return Arrival(
        body=body,
        headers=masked(headers),
        source=source,
        received_at=now,
        head=None,
        reason_code=code,
        reason=reason,
        remedy=remedy,
        secret_label=verdict.secret_label,
        event_id=event_id,
        http_status=400,
        response_body=_refusal(code=code, reason=reason, remedy=remedy, event_id=event_id),
        remote=request.remote,
        user_agent=text_of(headers.get("User-Agent", "")) or None,
    )


async def _refused(
    rejections: Rejections, request: web.Request, verdict: SignatureVerdict, arrival: Arrival
) -> Arrival:
    """The same with the cause found by looking closer, and no more of its body than may be kept."""
    explanation = None
    if not verdict.ok:
        explanation = await rejections.explained(body=arrival.body, headers=request.headers, event_id=arrival.event_id)
    kept = rejections.kept(arrival.body)
    if len(kept) < len(arrival.body):
        shortened = f"{arrival.reason}; too much was refused lately, so only the beginning of its body was kept"
        arrival = replace(arrival, body=kept, reason=shortened)
    if explanation is None:
        return arrival
    return replace(
        arrival,
        reason=explanation.sentence,
        remedy=explanation.remedy,
        secret_label=explanation.secret_label or arrival.secret_label,
        explanation=columns_of(explanation),
        # The sender is told the cause, not whose secret came near.
        response_body=_refusal(
            code=verdict.reason_code,
            cause=explanation.cause,
            reason=verdict.reason,
            remedy=explanation.remedy,
            event_id=arrival.event_id,
        ),
    )


def _unreadable(request: web.Request, unreadable: Unreadable, *, now: datetime) -> Arrival:
    return Arrival(
        body=unreadable.excerpt,
        headers=masked(request.headers),
        source="unknown",
        received_at=now,
        head=None,
        reason_code=unreadable.code,
        reason=unreadable.reason,
        remedy=unreadable.remedy,
        http_status=unreadable.http_status,
        response_body=_refusal(code=unreadable.code, reason=unreadable.reason, remedy=unreadable.remedy),
        remote=request.remote,
        user_agent=text_of(request.headers.get("User-Agent", "")) or None,
    )


def _refusal(
    *, code: str, reason: str, remedy: str | None, cause: str | None = None, event_id: str | None = None
) -> str:
    refusal = Refusal(code=code, cause=cause, reason=reason, remedy=remedy, event_id=event_id)
    return msgspec.json.encode(refusal).decode()


def _busy(reason: str) -> web.Response:
    body = _refusal(code="busy", reason=reason, remedy="Send it again.")
    return web.Response(body=body.encode(), status=503, headers={"Retry-After": "1"}, content_type="application/json")
