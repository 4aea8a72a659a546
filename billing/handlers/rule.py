"""What an event is to a handler, and what a row of the handler table says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Generic, TypeVar

import msgspec
from sqlmodel import Session

from billing.handlers.objects import StripeObject
from billing.handlers.outcome import Outcome
from billing.policy import Policy

ObjectT = TypeVar("ObjectT", bound=StripeObject)


RETRY_DELAYS: Final = (timedelta(seconds=60), timedelta(seconds=300), timedelta(seconds=900))
"""Between the attempts of a handler that raises; after the last one the event has failed."""

_AFTER_A_FAILURE: Final = f"{', '.join(f'{delay.total_seconds():.0f}' for delay in RETRY_DELAYS)} s after a failure"


class Retry(StrEnum):
    """When an event is tried again by itself. Whatever the rule, sending or replaying it is another try."""

    WITH_ITS_PAYMENT = f"when its top-up appears; {_AFTER_A_FAILURE}"
    AFTER_A_FAILURE = _AFTER_A_FAILURE


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

    `effect` says it in a sentence, `retry` when it is tried again. `apply` runs in a savepoint; when it raises, the
    savepoint is rolled back and the event is tried again later.
    """

    def __init__(
        self,
        object_type: str,
        shape: type[ObjectT],
        apply: Callable[[Session, Event[ObjectT]], Outcome],
        effect: str,
        retry: Retry = Retry.WITH_ITS_PAYMENT,
    ) -> None:
        self.object_type = object_type
        self.retry = retry
        self.apply = apply
        self.effect = effect
        data = msgspec.defstruct("Data", [("object", shape)])
        self._decode = msgspec.json.Decoder(msgspec.defstruct("Envelope", [("data", data)])).decode

    def object_of(self, payload: bytes) -> ObjectT:
        """The event's object. Raises `msgspec.ValidationError` when it has not the fields of its type."""
        decoded: ObjectT = self._decode(payload).data.object  # type: ignore[attr-defined]
        return decoded
