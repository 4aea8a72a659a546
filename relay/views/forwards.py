"""Forward targets and forwards as rows to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.models import ForwardState, TargetState
from relay.api import ForwardTargetView, ForwardTryView, ForwardView
from relay.forwarding import rows
from relay.forwarding.rows import FORWARDS, TARGETS, TRIES
from relay.views.query import fetch

FORWARD_ROWS = select(
    FORWARDS.c.id,
    FORWARDS.c.target_id,
    TARGETS.c.name.label("target_name"),
    FORWARDS.c.delivery_id,
    FORWARDS.c.event_id,
    FORWARDS.c.event_type,
    FORWARDS.c.state,
    FORWARDS.c.reason,
    FORWARDS.c.tries,
    FORWARDS.c.http_status,
    FORWARDS.c.latency_us,
    FORWARDS.c.next_try_at,
    FORWARDS.c.created_at,
    FORWARDS.c.updated_at,
).join_from(FORWARDS, TARGETS, TARGETS.c.id == FORWARDS.c.target_id)

_COUNTS = select(FORWARDS.c.state, func.count().label("number")).group_by(FORWARDS.c.state)


async def targets(session: AsyncSession, *conditions: ColumnElement[bool]) -> list[ForwardTargetView]:
    """Targets, the oldest first."""
    statement = select(TARGETS).where(*conditions).order_by(TARGETS.c.id)
    return [await _target(session, row) for row in await fetch(session, statement)]


async def forwards(
    session: AsyncSession, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[ForwardView]:
    """Forwards, newest delivery first."""
    statement = FORWARD_ROWS.where(*conditions).order_by(FORWARDS.c.delivery_id.desc(), FORWARDS.c.id.desc())
    return [ForwardView(**row) for row in await fetch(session, statement.limit(limit))]


async def tries(session: AsyncSession, forward_id: int) -> list[ForwardTryView]:
    """First to last."""
    found = select(TRIES).where(TRIES.c.forward_id == forward_id).order_by(TRIES.c.number, TRIES.c.id)
    return [_try(row) for row in await fetch(session, found)]


async def _target(session: AsyncSession, row: Mapping[str, Any]) -> ForwardTargetView:
    counts = {
        each["state"]: each["number"] for each in await fetch(session, _COUNTS.where(FORWARDS.c.target_id == row["id"]))
    }
    head = await fetch(
        session,
        select(FORWARDS.c.next_try_at)
        .where(FORWARDS.c.target_id == row["id"], rows.WAITING)
        .order_by(FORWARDS.c.delivery_id)
        .limit(1),
    )
    behind = (await fetch(session, rows.counted(row)))[0]
    health, why = _health(row)
    return ForwardTargetView(
        id=row["id"],
        name=row["name"],
        url=row["url"],
        event_types=tuple(row["event_types"]),
        health=health,
        health_reason=why,
        waiting=counts.get(ForwardState.WAITING, 0) + next(iter(behind.values())),
        queue_max=rows.QUEUE_MAX,
        delivered=counts.get(ForwardState.DELIVERED, 0),
        failed=counts.get(ForwardState.REFUSED, 0) + counts.get(ForwardState.FAILED, 0),
        missed=row["missed"],
        next_try_at=head[0]["next_try_at"] if head else None,
        last_try_at=row["last_try_at"],
        last_status=row["last_status"],
        last_latency_us=row["last_latency_us"],
        last_error=row["last_error"],
        signing_secret=row["secret_hint"],
        retry_delays_s=tuple(row["retry_delays"]),
        allow_remote=row["allow_remote"],
        origin=row["origin"],
        created_at=row["created_at"],
    )


def _health(row: Mapping[str, Any]) -> tuple[str, str]:
    """The state that somebody or we put it into, else what its last answer says."""
    state: TargetState = row["state"]
    if state is not TargetState.ON:
        return state.value, row["state_reason"] or state.value
    if row["last_try_at"] is None:
        return "healthy", "nothing was sent to it yet"
    if row["last_error"] is not None:
        return "failing", f"the last try got no answer: {row['last_error']}"
    good = 200 <= row["last_status"] < 300
    return ("healthy" if good else "failing"), f"the last answer was {row['last_status']}"


def _try(row: Mapping[str, Any]) -> ForwardTryView:
    return ForwardTryView(
        number=row["number"],
        started_at=row["started_at"],
        latency_us=row["latency_us"],
        http_status=row["http_status"],
        error=row["error"],
        answer_headers=row["answer_headers"],
        answer_body=row["answer_body"].decode("utf-8", "replace"),
        answer_cut=row["answer_cut"],
    )
