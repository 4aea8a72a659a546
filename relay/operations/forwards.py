"""Forward targets: add, look at, pause, resume, remove, and sending again what was not taken."""

from __future__ import annotations

import asyncio

from sqlalchemy import ColumnElement, func, or_, select

from billing.models import ForwardState, TargetState
from relay.api import (
    AddForwardTarget,
    ForwardDetail,
    ForwardTargetDetail,
    ForwardTargetView,
    ForwardView,
    GradeForwardTarget,
    GradeView,
    ListForwardTargets,
    NewForwardTarget,
    Page,
    PauseForwardTarget,
    RemoveForwardTarget,
    ResumeForwardTarget,
    RetryForwards,
    ShowForward,
    ShowForwardTarget,
)
from relay.backend import Backend
from relay.forwarding import rows
from relay.forwarding.desk import RETRY_DELAYS_S, new_secret
from relay.forwarding.rows import FORWARDS, TARGETS
from relay.grading import Probe, grade
from relay.operations.registry import handles
from relay.suggestions import did_you_mean
from relay.unknown import TargetPaused, UnknownForward, UnknownTarget
from relay.views import events, forwards
from relay.views.query import chosen, fetch, fetch_one

RETRIED_MAX = 500
"""Forwards in one request."""
RETRIED_WITHIN_S = 40.0
"""After this the answer says how far they are by then."""
LOOK_S = 0.05

DELIVERIES, EVENTS = events.DELIVERIES, events.EVENTS


@handles(ListForwardTargets)
async def list_targets(backend: Backend, _request: ListForwardTargets) -> Page[ForwardTargetView]:
    async with backend.db.read() as session:
        found = await forwards.targets(session)
    return Page(rows=tuple(found), total=len(found))


@handles(ShowForwardTarget)
async def show_target(backend: Backend, request: ShowForwardTarget) -> ForwardTargetDetail:
    target = await _target(backend, request.target)
    conditions = [FORWARDS.c.target_id == target.id]
    if request.state is not None:
        conditions.append(FORWARDS.c.state == chosen(ForwardState, request.state, what="state"))
    async with backend.db.read() as session:
        found = await forwards.forwards(session, *conditions, limit=request.limit)
    return ForwardTargetDetail(target=target, forwards=tuple(found))


@handles(ShowForward)
async def show_forward(backend: Backend, request: ShowForward) -> ForwardDetail:
    sent = select(
        DELIVERIES.c.headers,
        DELIVERIES.c.secret_label,
        func.coalesce(DELIVERIES.c.body, EVENTS.c.payload, b"").label("body"),
    )
    async with backend.db.read() as session:
        found = await forwards.forwards(session, FORWARDS.c.id == request.forward)
        if not found:
            raise UnknownForward(request.forward)
        tries = await forwards.tries(session, request.forward)
        row = await fetch_one(
            session,
            sent.outerjoin_from(DELIVERIES, EVENTS, EVENTS.c.id == DELIVERIES.c.webhook_event_id).where(
                DELIVERIES.c.id == found[0].delivery_id
            ),
        )
    assert row is not None, "forwards go with their delivery"
    return ForwardDetail(
        forward=found[0],
        tries=tuple(tries),
        body=row["body"].decode("utf-8", "replace"),
        headers=row["headers"],
        signed=backend.forwarding.signing_for(found[0].target_id, row["secret_label"]).says,
    )


@handles(AddForwardTarget)
async def add_target(backend: Backend, request: AddForwardTarget) -> NewForwardTarget:
    secret = new_secret() if request.sign else None
    target_id = await backend.forwarding.add(
        request.url,
        name=request.target_name,
        event_types=request.event_types,
        secret=secret,
        retry_delays_s=RETRY_DELAYS_S if request.retry_delays_s is None else request.retry_delays_s,
        allow_remote=request.allow_remote,
        from_start=request.from_start,
    )
    return NewForwardTarget(target=await _target(backend, str(target_id)), secret=secret)


@handles(RemoveForwardTarget)
async def remove_target(backend: Backend, request: RemoveForwardTarget) -> ForwardTargetView:
    target = await _target(backend, request.target)
    await backend.forwarding.remove(target.id)
    return target


@handles(PauseForwardTarget)
async def pause_target(backend: Backend, request: PauseForwardTarget) -> ForwardTargetView:
    target = await _target(backend, request.target)
    await backend.forwarding.pause(target.id, "paused by somebody; what arrives waits")
    return await _target(backend, str(target.id))


@handles(ResumeForwardTarget)
async def resume_target(backend: Backend, request: ResumeForwardTarget) -> ForwardTargetView:
    target = await _target(backend, request.target)
    await backend.forwarding.resume(target.id, skip=request.skip)
    return await _target(backend, str(target.id))


@handles(RetryForwards)
async def retry_forwards(backend: Backend, request: RetryForwards) -> Page[ForwardView]:
    """Returns when each was tried once more. A target that is disabled goes on with everything."""
    target = await _target(backend, request.target)
    if target.health == TargetState.PAUSED:
        raise TargetPaused(target.name)
    which: ColumnElement[bool]
    if request.forwards:
        which = FORWARDS.c.id.in_(request.forwards)
    else:
        which = or_(FORWARDS.c.state == ForwardState.REFUSED, FORWARDS.c.state == ForwardState.FAILED)
    async with backend.db.read() as session:
        before = {
            row.id: row.tries for row in await forwards.forwards(session, FORWARDS.c.target_id == target.id, which)
        }
    for unknown in set(request.forwards) - before.keys():
        raise UnknownForward(unknown)
    now = backend.clock.now()
    ids = await backend.db.write(rows.try_again, target.id, which, limit=RETRIED_MAX, now=now)
    if ids and target.health == TargetState.DISABLED:
        await backend.forwarding.resume(target.id)
    backend.forwarding.wake(target.id)
    return await _tried(backend, {id_: before.get(id_, 0) for id_ in ids})


@handles(GradeForwardTarget)
async def grade_target(backend: Backend, request: GradeForwardTarget) -> GradeView:
    target = await _target(backend, request.target)
    probe = Probe(
        target.url,
        backend.forwarding.secret_of(target.id),
        templates=backend.templates,
        clock=backend.clock,
        observe=request.observe,
        allow_remote=target.allow_remote,
    )
    return await grade(probe)


async def _tried(backend: Backend, before: dict[int, int]) -> Page[ForwardView]:
    deadline = asyncio.get_running_loop().time() + RETRIED_WITHIN_S
    while True:
        async with backend.db.read() as session:
            found = await forwards.forwards(session, FORWARDS.c.id.in_(before))
        done = all(row.tries > before[row.id] for row in found)
        if done or asyncio.get_running_loop().time() > deadline:
            return Page(rows=tuple(found), total=len(found))
        await asyncio.sleep(LOOK_S)


async def _target(backend: Backend, reference: str) -> ForwardTargetView:
    """By name, or by id as 3 or target_3. Raises `UnknownTarget`."""
    digits = reference.removeprefix("target_")
    named = TARGETS.c.name == reference
    if digits.isascii() and digits.isdigit() and len(digits) <= 18:
        named = or_(named, TARGETS.c.id == int(digits))
    async with backend.db.read() as session:
        found = await forwards.targets(session, named)
        if not found:
            names = [row["name"] for row in await fetch(session, select(TARGETS.c.name))]
            raise UnknownTarget(reference, did_you_mean(reference, names) if names else "Add one: forwards.add.")
    return found[0]
