"""Forward targets: the user's own applications, what each was sent, and what it answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from relay.api.operation import Operation, Page, Role, View

RETRIES_MAX = 10
RETRY_DELAY_MAX_S = 86_400.0
TYPES_MAX = 50

Target = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
"""The name of a target, or its id as 3 or target_3."""
ForwardId = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Pattern = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_.*]{1,100}$")]
"""An event type; `*` stands for anything."""


class ForwardTargetView(View, frozen=True, kw_only=True):
    """An application that gets a copy of each delivery that it wants."""

    id: int
    name: str
    url: str
    event_types: tuple[str, ...]
    health: str
    """healthy, failing, paused, disabled"""
    health_reason: str
    """Why, in a sentence."""
    waiting: int
    """Deliveries that it is still to get; counted up to one more than `queue_max`."""
    queue_max: int
    """With more than so many waiting, a target that takes none is disabled. What waits stays in the inbox."""
    delivered: int
    failed: int
    """Refused, or given up after the last try of the schedule; `forwards.retry` sends them again."""
    missed: int
    """Never sent: skipped on request, or no longer in the inbox when the target was resumed."""
    next_try_at: datetime | None
    """Of the delivery at the head of its queue; the others wait for their turn."""
    last_try_at: datetime | None
    last_status: int | None
    last_latency_us: int | None
    last_error: str | None
    signing_secret: str | None
    """Its own, masked; null = the sender's signature is passed on as it came, and what came without one is signed
    under the sender's secret."""
    retry_delays_s: tuple[float, ...]
    """Before the second, third, … try."""
    allow_remote: bool
    origin: str
    """added, or option: named by --forward-to"""
    created_at: datetime


class ForwardView(View, frozen=True, kw_only=True):
    """One delivery on its way to one target."""

    id: int
    target_id: int
    target_name: str
    delivery_id: int
    event_id: str | None
    event_type: str
    state: str
    """waiting, delivered, refused, failed"""
    reason: str | None
    tries: int
    http_status: int | None
    latency_us: int | None
    next_try_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ForwardTryView(View, frozen=True, kw_only=True):
    """One HTTP request to a target, and its answer."""

    number: int
    started_at: datetime
    latency_us: int
    http_status: int | None
    error: str | None
    answer_headers: dict[str, str]
    answer_body: str
    """Its beginning."""
    answer_cut: bool
    """There was more of it."""


class ForwardDetail(View, frozen=True, kw_only=True):
    forward: ForwardView
    tries: tuple[ForwardTryView, ...]
    """First to last."""
    body: str
    """What was sent."""
    headers: dict[str, str]
    """As they came to us; what was signed anew went out with another signature."""
    signed: str = ""
    """Under which secret it goes out, and why."""


class ForwardTargetDetail(View, frozen=True, kw_only=True):
    target: ForwardTargetView
    forwards: tuple[ForwardView, ...]
    """Newest first."""


class NewForwardTarget(View, frozen=True, kw_only=True):
    target: ForwardTargetView
    secret: str | None
    """Its signing secret, told this once; null when Stripe's signature is passed on."""


class ListForwardTargets(Operation[Page[ForwardTargetView]], frozen=True, kw_only=True):
    """List the applications that deliveries are passed on to, and how each of them is doing."""

    name = "forwards.list"
    role = Role.SUPPORT


class ShowForwardTarget(Operation[ForwardTargetDetail], frozen=True, kw_only=True):
    """Show one target and what it was sent, newest first."""

    name = "forwards.show"
    role = Role.SUPPORT
    target: Target
    state: str | None = None
    """Only forwards in this state: waiting, delivered, refused, failed."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50


class ShowForward(Operation[ForwardDetail], frozen=True, kw_only=True):
    """Show one delivery to one target: every try with the answer's headers and body."""

    name = "forwards.delivery"
    role = Role.SUPPORT
    forward: ForwardId


class AddForwardTarget(Operation[NewForwardTarget], frozen=True, kw_only=True):
    """Pass deliveries on to an application, in order, tried again until it takes them."""

    name = "forwards.add"
    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
    target_name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,49}$")] | None = None
    """None = made from the address."""
    event_types: Annotated[tuple[Pattern, ...], msgspec.Meta(min_length=1, max_length=TYPES_MAX)] = ("*",)
    sign: bool = True
    """With a secret of its own, made now and told once; false = Stripe's signature is passed on as it came."""
    retry_delays_s: (
        Annotated[
            tuple[Annotated[float, msgspec.Meta(ge=0, le=RETRY_DELAY_MAX_S)], ...],
            msgspec.Meta(max_length=RETRIES_MAX),
        ]
        | None
    ) = None
    """None = 1, 5, 30 and 120 seconds; empty = one try only."""
    allow_remote: bool = False
    """It may be another machine than this one."""
    from_start: bool = False
    """Begin with everything that the inbox still has, not with what comes from now on."""


class RemoveForwardTarget(Operation[ForwardTargetView], frozen=True, kw_only=True):
    """Forget a target, what it was sent, and its secret; the answer is how it was."""

    name = "forwards.remove"
    target: Target


class PauseForwardTarget(Operation[ForwardTargetView], frozen=True, kw_only=True):
    """Send nothing to a target until it is resumed; what arrives waits in the inbox."""

    name = "forwards.pause"
    target: Target


class ResumeForwardTarget(Operation[ForwardTargetView], frozen=True, kw_only=True):
    """Go on sending to a target that was paused or disabled, where it stopped."""

    name = "forwards.resume"
    target: Target
    skip: bool = False
    """Leave out what waits; it is counted as missed."""


class RetryForwards(Operation[Page[ForwardView]], frozen=True, kw_only=True):
    """Send deliveries to a target again, now, also those that it took; the answer is what came of each."""

    name = "forwards.retry"
    target: Target
    forwards: Annotated[tuple[ForwardId, ...], msgspec.Meta(max_length=500)] = ()
    """Their ids; empty = all that were refused or given up, oldest first, 500 at most."""
