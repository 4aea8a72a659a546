"""The sandbox: its clock, its state as a file, the secret it signs with."""

from __future__ import annotations

from relay.api import (
    AdvanceSandbox,
    ResetSandbox,
    RestoreSandbox,
    RolledSecretView,
    RollSandboxSecret,
    SandboxFileView,
    SandboxView,
    ShowSandbox,
    SnapshotSandbox,
)
from relay.backend import Backend, SandboxKeeper
from relay.operations.registry import handles
from relay.unknown import ClockIsVirtual, NoSandbox


@handles(ShowSandbox)
async def show_sandbox(backend: Backend, _request: ShowSandbox) -> SandboxView:
    return _keeper(backend).view()


@handles(AdvanceSandbox)
async def advance_sandbox(backend: Backend, request: AdvanceSandbox) -> SandboxView:
    keeper = _keeper(backend)
    if backend.timekeeper is not None:
        raise ClockIsVirtual
    await keeper.advance(request.seconds)
    return keeper.view()


@handles(SnapshotSandbox)
async def snapshot_sandbox(backend: Backend, request: SnapshotSandbox) -> SandboxFileView:
    return _keeper(backend).snapshot(request.path)


@handles(RestoreSandbox)
async def restore_sandbox(backend: Backend, request: RestoreSandbox) -> SandboxView:
    keeper = _keeper(backend)
    await keeper.restore(request.path)
    return keeper.view()


@handles(ResetSandbox)
async def reset_sandbox(backend: Backend, _request: ResetSandbox) -> SandboxView:
    keeper = _keeper(backend)
    await keeper.reset()
    return keeper.view()


@handles(RollSandboxSecret)
async def roll_sandbox_secret(backend: Backend, request: RollSandboxSecret) -> RolledSecretView:
    return await _keeper(backend).roll_secret(request.overlap_seconds)


def _keeper(backend: Backend) -> SandboxKeeper:
    if backend.sandbox is None:
        raise NoSandbox
    return backend.sandbox
