"""A home directory with a million events of many types, companies, amounts and outcomes, written as rows.

Storing them through the inbox takes minutes and proves nothing here: what is measured is finding them again.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from billing.schema import prepare
from fixtures.events import catalog
from relay.home import Home

COMPANIES = 200
RARE_WORD = "zanzibar"
"""In the body of one event in 50,000."""
MESSAGES = ("Your card was declined.", "Your card has insufficient funds.", "Your card has expired.", "Thank you.")
STATUSES = ("completed", "ignored", "failed", "unmatched", "quarantined")
SHARES = (7_000, 2_970, 10, 15, 5)
BATCH = 5_000

_EVENT = """INSERT INTO webhook_events (id, event_id, provider, event_type, status, reason, company_id, object_id,
    amount_cents, currency, livemode, source, payload, headers, retry_count, received_at, processed_at)
    VALUES (?, ?, 'stripe', ?, ?, 'processed', ?, ?, ?, 'eur', 0, ?, ?, '{}', 0, ?, ?)"""
_COMPANY = """INSERT INTO companies (id, slug, name, country, timezone, currency, is_active, prepaid_billing_enabled,
    is_small_business, alerts_enabled, metadata, created_at, updated_at)
    VALUES (?, ?, ?, 'DE', 'Europe/Berlin', 'eur', 1, 1, 0, 0, '{}', '2026-11-01 00:00:00', '2026-11-01 00:00:00')"""


def store_a_million(path: Path, count: int = 1_000_000) -> Home:
    """Fill the inbox of a new home; the same rows each time."""
    home = Home(path)
    home.create()
    prepare(home.billing_db, now=datetime.now(UTC))
    with closing(sqlite3.connect(home.billing_db)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        with connection:
            for number in range(1, COMPANIES + 1):
                connection.execute(_COMPANY, (number, f"company-{number}", f"Company {number}"))
        rows = _rows(count)
        for _ in range(0, count, BATCH):
            with connection:
                connection.executemany(_EVENT, (next(rows) for _ in range(BATCH)))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return home


def _rows(count: int) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(4)
    types = catalog.EVENT_TYPES
    templates = [json.loads(catalog.build(name, event_id="evt_bench", created=1_793_000_000)) for name in types]
    bodies = [json.dumps(template, indent=2) for template in templates]
    start = datetime.now(UTC) - timedelta(days=29)
    for number in range(1, count + 1):
        place = chance.randrange(len(types))
        object_id = f"pi_{chance.getrandbits(80):020x}"
        word = RARE_WORD if number % 50_000 == 77 else f"w{chance.randrange(20_000)}"
        note = f'"metadata": {{"note": "{word}", "message": "{chance.choice(MESSAGES)}"}}'
        event_id = f"evt_{number:024d}"
        body = bodies[place].replace("evt_bench", event_id).replace('"metadata": {}', note, 1)
        if note not in body:
            body = body[:-2] + f",\n  {note}\n}}"
        at = start + timedelta(seconds=number * 2)
        stamp = at.strftime("%Y-%m-%d %H:%M:%S.%f")
        yield (
            number,
            event_id,
            types[place],
            chance.choices(STATUSES, SHARES)[0],
            chance.randrange(1, COMPANIES + 1) if chance.random() < 0.9 else None,
            object_id,
            chance.randrange(100, 100_000),
            "replay" if chance.random() < 0.01 else "sandbox",
            body.encode(),
            stamp,
            stamp,
        )
