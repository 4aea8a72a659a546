"""Templates, handlers and Stripe's published objects, compared in every direction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

import fixtures
from billing.clock import ManualClock
from billing.db import Database
from billing.handlers import HANDLERS, Retry
from billing.models import EventStatus, LedgerEntry, WebhookAttempt, WebhookEvent
from fixtures.events import catalog
from tests.support.events import event, receive

PUBLISHED = json.loads((Path(fixtures.__file__).parent / "sandbox" / "object_keys.json").read_text())["resources"]
"""Key names and JSON types of Stripe's published example objects."""

EXPLAINED = {EventStatus.COMPLETED, EventStatus.IGNORED, EventStatus.UNMATCHED, EventStatus.QUARANTINED}

SAMPLES: dict[str, Any] = {
    "string": "example",
    "number": 2000,
    "boolean": False,
    "object": {},
    "array": [],
    "null": None,
}
FIXED = {"currency": "usd", "id": "example_1MtHbELkdIwHu7ix", "created": 1_793_000_000}


def published_object(resource: str) -> dict[str, Any]:
    """An object with the keys and types of Stripe's published example."""
    keys = PUBLISHED[resource]
    return {key: FIXED.get(key, SAMPLES[kind]) for key, kind in keys.items()} | {"object": resource}


def processed(session: Session, body: bytes, clock: ManualClock) -> WebhookEvent:
    receive(session, [body], now=clock.now())
    return session.exec(select(WebhookEvent)).one()


def test_every_handled_type_can_be_triggered() -> None:
    assert set(HANDLERS) <= set(catalog.EVENT_TYPES)


@pytest.mark.parametrize("type_", sorted(HANDLERS))
def test_a_template_speaks_of_the_object_that_its_handler_expects(type_: str) -> None:
    assert catalog.template(type_)["data"]["object"]["object"] == HANDLERS[type_].object_type


ASKED_FOR = {
    "checkout.session": "completed async_payment_succeeded async_payment_failed expired",
    "payment_intent": "succeeded payment_failed canceled processing requires_action",
    "charge": "succeeded failed updated refunded",
    "refund": "created updated failed",
    "charge.dispute": "created updated closed funds_withdrawn funds_reinstated",
    "payment_method": "attached detached updated",
    "customer": "updated deleted",
}


def test_everything_that_a_payment_can_send_is_handled() -> None:
    asked_for = {f"{what}.{happened}" for what, all_of_it in ASKED_FOR.items() for happened in all_of_it.split()}
    assert asked_for <= set(HANDLERS)


@pytest.mark.parametrize("type_", sorted(HANDLERS))
async def test_what_the_table_says_of_waiting_for_a_payment_is_so(
    type_: str, database: Database, clock: ManualClock
) -> None:
    """An event of a payment that is not there yet waits for it exactly where the table says so."""
    body = catalog.build(
        type_, event_id="evt_early", created=1_793_000_000, overrides={"data.object.metadata": {"topup_id": "77"}}
    )
    stored = await database.write(processed, body, clock)
    waits = stored.status is EventStatus.UNMATCHED
    assert waits == (HANDLERS[type_].retry is Retry.WITH_ITS_PAYMENT), stored.reason


@pytest.mark.parametrize("type_", catalog.EVENT_TYPES)
async def test_a_template_of_nobodys_payment_is_kept_explained_and_moves_nothing(
    type_: str, database: Database, clock: ManualClock
) -> None:
    body = catalog.build(type_, event_id="evt_template", created=1_793_000_000)
    stored = await database.write(processed, body, clock)
    assert stored.status in EXPLAINED
    assert stored.reason
    assert await rows_of(database, LedgerEntry) == 0


@pytest.mark.parametrize("type_", sorted(HANDLERS))
async def test_an_event_around_stripes_published_object_is_accepted(
    type_: str, database: Database, clock: ManualClock
) -> None:
    body = event(type_, published_object(HANDLERS[type_].object_type), event_id="evt_published", api_version=None)
    stored = await database.write(processed, body, clock)
    assert stored.status in EXPLAINED, stored.reason
    assert await rows_of(database, WebhookAttempt) == 1
    assert await rows_of(database, LedgerEntry) == 0


async def rows_of(database: Database, table: type[Any]) -> int:
    async with database.read() as session:
        return len((await session.exec(select(table))).all())
