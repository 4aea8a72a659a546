"""Finding the top-up of a payment: by any of its names, at the same cost whatever else the company has."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel import Session

from billing.clock import ManualClock
from billing.db import Database
from billing.topup_rows import PaymentIds, find
from tests.support.billing import add_company
from tests.support.ledger_story import add_topup

OTHERS = 300
STEPS_MAX = 200
"""Of SQLite's machine: a handful for each name. Reading all of the others takes thousands."""


async def test_a_payment_is_found_without_reading_the_others_of_its_company(
    database: Database, clock: ManualClock
) -> None:
    """Also where statistics, from a time with one company and nothing else, call every other way shorter."""

    def prepare(session: Session) -> None:
        company_id = add_company(session, now=clock.now())
        session.connection().execute(text("ANALYZE"))
        for number in range(OTHERS):
            add_topup(session, company_id, amount_cents=1_000 + number, now=clock.now())

    def look(session: Session) -> tuple[int, int]:
        steps = []
        driver = session.connection().connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(lambda: steps.append(1), 1)
        found = find(session, topup_id=OTHERS, ids=PaymentIds(intent_id="pi_unknown"))
        driver.set_progress_handler(None, 0)
        return found[0].id, len(steps)

    await database.write(prepare)
    found, steps = await database.write(look)
    assert found == OTHERS
    assert steps < STEPS_MAX
