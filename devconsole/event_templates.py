"""The event templates of `fixtures`, as the relay asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fixtures.events import catalog


class Templates:
    """One event of any type that Stripe sends."""

    def types(self) -> Sequence[str]:
        return catalog.EVENT_TYPES

    def build(
        self,
        event_type: str,
        *,
        event_id: str,
        created: int,
        amount_cents: int | None = None,
        overrides: Mapping[str, object] | None = None,
    ) -> bytes:
        return catalog.build(
            event_type, event_id=event_id, created=created, amount_cents=amount_cents, overrides=overrides
        )
