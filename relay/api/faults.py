"""Faults of the sandbox: Stripe in trouble and deliveries gone wrong, switched on and off on a running server."""

from __future__ import annotations

from typing import Annotated

import msgspec

from relay.api.operation import Operation, Page, Role, View

TIMES_MAX = 10_000
SECONDS_MAX = 600.0

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
Glob = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class FaultView(View, frozen=True, kw_only=True):
    """A fault that the sandbox can be told to commit."""

    name: str
    area: str
    """stripe, network, order, signature"""
    title: str
    what_happens: str
    hits: str
    """api: requests to Stripe; webhook: deliveries of events"""
    on: bool
    hit: int
    """Requests or deliveries that have run into it since it was switched on."""
    times_left: int
    """Those that still will; 0 while it is off."""
    only: str | None
    """While it is on and narrowed down: the paths, event types or text that it waits for; `*` matches anything."""


class ListFaults(Operation[Page[FaultView]], frozen=True, kw_only=True):
    """List the faults that the sandbox can be told to commit, and which of them are on."""

    name = "faults.list"
    role = Role.SUPPORT


class SwitchFaultOn(Operation[FaultView], frozen=True, kw_only=True):
    """Let the next requests to the sandbox, or its next deliveries, run into a fault."""

    name = "faults.on"
    fault: Name
    """Its name: stripe-500, duplicate, …"""
    times: Annotated[int, msgspec.Meta(ge=1, le=TIMES_MAX)] = 1
    """How many run into it; then it is off by itself."""
    only: Glob | None = None
    """Paths of requests, or event types, that it hits; `*` matches anything."""
    contains: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    """Only requests, or events, with this text in them: an id, a slug."""
    seconds: Annotated[float, msgspec.Meta(ge=0, le=SECONDS_MAX)] | None = None
    """How long, where the fault is about time."""
    probability: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    """Of each request or delivery that it fits; drawn from the sandbox's seed."""


class SwitchFaultsOff(Operation[Page[FaultView]], frozen=True, kw_only=True):
    """Switch one fault off, or all of them; the answer is what was on."""

    name = "faults.off"
    fault: Name | None = None
    """None = all."""
