"""What is written down about targets and what they were sent; plain functions that run in a write transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, func, insert, or_, select, update
from sqlmodel import Session

from billing.dialect import constant, table_of
from billing.models import Forward, ForwardState, ForwardTarget, ForwardTry, TargetState, Verdict
from relay.forwarding.sending import Answer
from relay.views.events import DELIVERIES, EVENTS

TARGETS: Final = table_of(ForwardTarget)
FORWARDS: Final = table_of(Forward)
TRIES: Final = table_of(ForwardTry)

FAILURES_MAX: Final = 10
"""Deliveries in a row that a target does not take before it is disabled."""
QUEUE_MAX: Final = 10_000
"""Deliveries that may wait for a target that does not take them; then it is disabled."""
WAITING: Final = FORWARDS.c.state == constant(ForwardState.WAITING)
EVERYTHING: Final = "*"


@dataclass(frozen=True, slots=True)
class Result:
    """One try. `forward_id` is None for the first one, which has no row yet."""

    forward_id: int | None
    delivery_id: int
    event_id: str | None
    event_type: str
    answer: Answer


def wanted(event_types: Sequence[str]) -> ColumnElement[bool] | None:
    """The condition that an event's type matches one of the patterns; None = every type does."""
    if EVERYTHING in event_types:
        return None
    return or_(*(EVENTS.c.event_type.like(_like(pattern), escape="\\") for pattern in event_types))


def owed(position: ColumnElement[int] | int, event_types: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    """Conditions on deliveries joined with their events: what waits behind a place in the inbox."""
    types = wanted(event_types)
    after = (DELIVERIES.c.id > position, DELIVERIES.c.verdict != constant(Verdict.REJECTED))
    return after if types is None else (*after, types)


def newest_delivery(session: Session) -> int:
    found: int | None = session.connection().execute(select(func.max(DELIVERIES.c.id))).scalar()
    return found or 0


def record(
    session: Session,
    target_id: int,
    results: Sequence[Result],
    *,
    position: int | None,
    queue_max: int,
    now: datetime,
) -> None:
    """Note what came of some tries, and how far the target is. Does nothing when the target was removed meanwhile."""
    connection = session.connection()
    found = connection.execute(select(TARGETS).where(TARGETS.c.id == target_id)).mappings().one_or_none()
    if found is None:
        return
    target = dict(found)
    changes: dict[str, Any] = {} if position is None else {"position": position}
    failures = target["failures"]
    for result in results:
        state = _note(session, target, result, now)
        if state is not ForwardState.WAITING:
            failures = 0 if state is ForwardState.DELIVERED else failures + 1
    if results:
        last = results[-1].answer
        changes |= {
            "failures": failures,
            "last_try_at": last.started_at,
            "last_status": last.status,
            "last_latency_us": last.latency_us,
            "last_error": last.error,
        }
        if (why := _why_disabled(session, {**target, **changes}, last, queue_max)) is not None:
            changes |= {"state": TargetState.DISABLED, "state_reason": why}
    if changes:
        connection.execute(update(TARGETS).where(TARGETS.c.id == target_id).values(**changes))


def _note(session: Session, target: Mapping[str, Any], result: Result, now: datetime) -> ForwardState:
    connection = session.connection()
    answer, delays = result.answer, target["retry_delays"]
    known = None
    if result.forward_id is not None:
        known = connection.execute(select(FORWARDS).where(FORWARDS.c.id == result.forward_id)).mappings().one_or_none()
        if known is None:
            return ForwardState.WAITING  # pruned or removed meanwhile
    tries = known["tries"] + 1 if known else 1
    left = known["tries_left"] if known else len(delays)
    state, next_try_at = answer.verdict, None
    if state is ForwardState.WAITING:
        if left:
            next_try_at = now + timedelta(seconds=delays[-left])
            left -= 1
        else:
            state = ForwardState.FAILED
    columns = {
        "state": state,
        "tries": tries,
        "tries_left": left,
        "next_try_at": next_try_at,
        "http_status": answer.status,
        "latency_us": answer.latency_us,
        "reason": None if state is ForwardState.DELIVERED else answer.text,
        "updated_at": now,
    }
    if known is None:
        new = insert(FORWARDS).values(
            target_id=target["id"],
            delivery_id=result.delivery_id,
            event_id=result.event_id,
            event_type=result.event_type,
            created_at=answer.started_at,
            **columns,
        )
        forward_id = connection.execute(new).inserted_primary_key[0]  # type: ignore[index]
    else:
        forward_id = known["id"]
        connection.execute(update(FORWARDS).where(FORWARDS.c.id == forward_id).values(**columns))
    connection.execute(
        insert(TRIES).values(
            forward_id=forward_id,
            number=tries,
            started_at=answer.started_at,
            latency_us=answer.latency_us,
            http_status=answer.status,
            error=answer.error,
            answer_headers=dict(answer.headers or {}),
            answer_body=answer.body,
            answer_cut=answer.cut,
        )
    )
    return state


def _why_disabled(session: Session, target: Mapping[str, Any], last: Answer, queue_max: int) -> str | None:
    if (failures := target["failures"]) >= FAILURES_MAX:
        return f"{failures} deliveries in a row were not taken; the last one: {last.text}"
    if last.verdict is not ForwardState.DELIVERED and depth(session, target) > queue_max:
        return f"more than {queue_max:,} deliveries wait, and it takes none: {last.text}"
    return None


def depth(session: Session, target: Mapping[str, Any]) -> int:
    """How many deliveries wait behind the target's place in the inbox, counted up to one more than `QUEUE_MAX`."""
    found: int = session.connection().execute(counted(target)).scalar_one()
    return found


def counted(target: Mapping[str, Any]) -> Any:
    """The statement for `depth`."""
    waiting = (
        select(DELIVERIES.c.id)
        .join(EVENTS, EVENTS.c.id == DELIVERIES.c.webhook_event_id)
        .where(*owed(target["position"], target["event_types"]))
        .limit(QUEUE_MAX + 1)
    )
    return select(func.count()).select_from(waiting.subquery())


def try_again(session: Session, target_id: int, which: ColumnElement[bool], *, limit: int, now: datetime) -> list[int]:
    """Let forwards be tried anew, with a whole schedule before them; returns their ids, oldest first."""
    connection = session.connection()
    delays = connection.execute(select(TARGETS.c.retry_delays).where(TARGETS.c.id == target_id)).scalar_one()
    found = select(FORWARDS.c.id).where(FORWARDS.c.target_id == target_id, which)
    ids = list(connection.execute(found.order_by(FORWARDS.c.delivery_id).limit(limit)).scalars())
    connection.execute(
        update(FORWARDS)
        .where(FORWARDS.c.id.in_(ids))
        .values(state=ForwardState.WAITING, tries_left=len(delays), next_try_at=now, updated_at=now)
    )
    return ids


def resume(session: Session, target_id: int, *, skip: bool, now: datetime) -> None:
    """Go on where it stood, at once; or, with `skip`, leave out what waits and count it as missed."""
    connection = session.connection()
    target = dict(connection.execute(select(TARGETS).where(TARGETS.c.id == target_id)).mappings().one())
    waiting = update(FORWARDS).where(FORWARDS.c.target_id == target_id, WAITING)
    changes: dict[str, Any] = {"state": TargetState.ON, "state_reason": None, "failures": 0}
    if skip:
        changes |= {"position": newest_delivery(session), "missed": target["missed"] + depth(session, target)}
        given_up = {"state": ForwardState.FAILED, "next_try_at": None, "reason": "skipped when the target was resumed"}
        connection.execute(waiting.values(**given_up, updated_at=now))
    else:
        connection.execute(waiting.values(next_try_at=now, tries_left=len(target["retry_delays"])))
    connection.execute(update(TARGETS).where(TARGETS.c.id == target_id).values(**changes))


def count_missed(session: Session, event_row_ids: Sequence[int]) -> None:
    """These events are about to go, although some target may not have got them yet: count them where they are owed."""
    connection = session.connection()
    targets = connection.execute(select(TARGETS).where(TARGETS.c.state != constant(TargetState.ON))).mappings().all()
    for target in targets:
        lost = (
            select(func.count())
            .select_from(DELIVERIES.join(EVENTS, EVENTS.c.id == DELIVERIES.c.webhook_event_id))
            .where(*owed(target["position"], target["event_types"]), EVENTS.c.id.in_(event_row_ids))
        )
        if number := connection.execute(lost).scalar_one():
            connection.execute(
                update(TARGETS).where(TARGETS.c.id == target["id"]).values(missed=TARGETS.c.missed + number)
            )


def still_owed() -> ColumnElement[bool]:
    """The condition that an event is still to go to a target that is on, or waits for another try."""
    first = select(func.min(TARGETS.c.position)).where(TARGETS.c.state == constant(TargetState.ON)).scalar_subquery()
    ahead = exists().where(DELIVERIES.c.webhook_event_id == EVENTS.c.id, DELIVERIES.c.id > first)
    again = exists().where(
        DELIVERIES.c.webhook_event_id == EVENTS.c.id, FORWARDS.c.delivery_id == DELIVERIES.c.id, WAITING
    )
    return or_(ahead, again)


def _like(pattern: str) -> str:
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")
