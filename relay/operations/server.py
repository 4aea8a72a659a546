"""The server itself: status, doctor, test mode."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session

from billing import inbox
from billing.models import EventStatus
from relay.api import (
    Finding,
    Page,
    ReloadCode,
    ReloadView,
    RunDoctor,
    ShowStatus,
    ShowTestMode,
    StatusView,
    SwitchTestMode,
    TestModeView,
)
from relay.backend import Backend
from relay.doctor import examine
from relay.operations.registry import handles
from relay.outcomes import attempts_made, await_attempts
from relay.reloading import ReloadFailed
from relay.status import status_of, test_mode_view
from relay.unknown import CodeRefused
from relay.views.events import EVENTS
from relay.views.query import fetch


@handles(ShowStatus)
async def show_status(backend: Backend, _request: ShowStatus) -> StatusView:
    return await status_of(backend)


@handles(RunDoctor)
async def run_doctor(backend: Backend, _request: RunDoctor) -> Page[Finding]:
    findings = await examine(backend)
    return Page(rows=tuple(findings), total=len(findings))


@handles(ReloadCode)
async def reload_code(backend: Backend, _request: ReloadCode) -> ReloadView:
    try:
        reloaded = await backend.reloader.reload()
    except ReloadFailed as error:
        raise CodeRefused(str(error)) from error
    return ReloadView(modules=reloaded.modules)


@handles(ShowTestMode)
async def show_test_mode(backend: Backend, _request: ShowTestMode) -> TestModeView:
    return await _view(backend)


@handles(SwitchTestMode)
async def switch_test_mode(backend: Backend, request: SwitchTestMode) -> TestModeView:
    """Returns when what was held has been processed, so that the answer is the state that follows."""
    backend.test_mode.switch(on=request.on)
    if backend.test_mode.is_on:
        made = await backend.db.write(_release, now=backend.clock.now())
        backend.worker.wake()
        await await_attempts(backend, more_than=made)
    return await _view(backend)


def _release(session: Session, *, now: datetime) -> dict[int, int]:
    """Let held events be processed; returns them with the attempts made so far."""
    held = session.connection().execute(select(EVENTS.c.id).where(HELD)).scalars().all()
    inbox.release_held(session, now=now)
    return attempts_made(session, held)


async def _view(backend: Backend) -> TestModeView:
    async with backend.db.read() as session:
        rows = await fetch(session, select(func.count().label("held")).where(HELD))
    return test_mode_view(backend, held=rows[0]["held"])


HELD = EVENTS.c.status == EventStatus.HELD
