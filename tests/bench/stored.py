"""A home directory with many events in its inbox, stored and processed through billing itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from billing import inbox
from billing.db import Database
from billing.schema import prepare
from fixtures.events import catalog
from relay.home import Home

BATCH = 500


async def store_events(path: Path, count: int) -> None:
    """Fill the inbox of a new home with `count` processed events of ignored types."""
    home = Home(path)
    home.create()
    now = datetime.now(UTC)
    prepare(home.billing_db, now=now)
    database = Database(home.billing_db)
    template = json.loads(catalog.build("customer.created", event_id="evt_stored", created=1_793_000_000))
    for start in range(0, count, BATCH):
        batch = [_arrival(template, number, now) for number in range(start, min(start + BATCH, count))]
        await database.write(inbox.store, batch)
        await database.write(inbox.process, now=now, limit=BATCH)
    await database.close()


def _arrival(template: dict[str, object], number: int, now: datetime) -> inbox.Arrival:
    body = json.dumps(template | {"id": f"evt_stored{number:09d}"}, indent=2).encode()
    head = inbox.read_head(body)
    assert isinstance(head, inbox.EventHead)
    return inbox.Arrival(
        body=body, headers={}, source="sandbox", received_at=now, head=head, secret_label="sandbox", latency_us=100
    )
