"""What the two sides of a payment say in the end: Stripe of its charges, our ledger of itself."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import Session, create_engine

from billing.ledger_check import check
from tests.support.proof_rig import Rig, rows


async def charges_of(rig: Rig, company: str) -> int:
    """How often a card was charged for a company, asked at Stripe."""
    (company_id,) = rows(rig.database, "SELECT id FROM companies WHERE slug = ?", company)[0]
    charges = (await rig.stripe("GET", "/v1/charges?limit=100"))["data"]
    mine = [charge for charge in charges if charge["metadata"].get("company_id") == str(company_id)]
    return len([charge for charge in mine if charge["status"] == "succeeded"])


def ledger_is_right(database: Path) -> bool:
    """Whether the proof of the ledger finds nothing."""
    engine = create_engine(f"sqlite:///{database}")
    with Session(engine) as session:
        breaches = check(session).breaches
    engine.dispose()
    assert breaches == ()
    return True
