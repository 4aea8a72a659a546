"""What an event is to a handler, and what a row of the handler table says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import msgspec
from sqlmodel import Session

from billing.handlers.objects import StripeObject
from billing.handlers.outcome import Outcome
from billing.policy import Policy

ObjectT = TypeVar("ObjectT", bound=StripeObject)


@dataclass(frozen=True, slots=True)
class Event(Generic[ObjectT]):
    """A stored event with its object, as far as handlers read it."""

    row_id: int
    event_id: str
    type: str
    created_at: datetime
    """Stripe's time; the time of arrival where the event has none."""
    object: ObjectT
    now: datetime
    policy: Policy


class Rule(Generic[ObjectT]):
    """What billing does on one event type.

    `effect` says it in a sentence. `apply` runs in a savepoint; when it raises, the savepoint is rolled back and the
    event is tried again later.
    """

    def __init__(
        self,
        object_type: str,
        shape: type[ObjectT],
        apply: Callable[[Session, Event[ObjectT]], Outcome],
        effect: str,
    ) -> None:
        self.object_type = object_type
        self.apply = apply
        self.effect = effect
        data = msgspec.defstruct("Data", [("object", shape)])
        self._decode = msgspec.json.Decoder(msgspec.defstruct("Envelope", [("data", data)])).decode

    def object_of(self, payload: bytes) -> ObjectT:
        """The event's object. Raises `msgspec.ValidationError` when it has not the fields of its type."""
        decoded: ObjectT = self._decode(payload).data.object  # type: ignore[attr-defined]
        return decoded
