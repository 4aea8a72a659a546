"""Companies: creating them with everything they need, and finding them by what people call them."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from billing.changes import Kind, announce
from billing.errors import InvalidSlug, SlugTaken, UnknownCompany
from billing.ledger import open_balance, post
from billing.models import Company, LedgerType

_SLUG = re.compile(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_SLUG_MAX = 60
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def slug_from(name: str) -> str:
    """A readable slug: `Müller & Söhne GmbH` -> `mueller-soehne-gmbh`. Never all digits: those are ids."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_GERMAN)).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG_MAX].strip("-")
    return slug if _SLUG.fullmatch(slug) else f"company-{slug}".strip("-")


def create_company(
    session: Session,
    *,
    name: str,
    slug: str | None,
    email: str | None,
    prepaid_billing_enabled: bool,
    low_balance_threshold_cents: int,
    now: datetime,
) -> Company:
    """Add a company with its empty balance row. Without a `slug` one is made of the name, numbered if taken.

    Raises `InvalidSlug` or `SlugTaken` for a slug that was asked for.
    """
    if slug is not None:
        _check_slug(session, slug)
    company = Company(
        name=name,
        slug=slug or _free_slug(session, slug_from(name)),
        email=email,
        prepaid_billing_enabled=prepaid_billing_enabled,
        created_at=now,
        updated_at=now,
    )
    session.add(company)
    session.flush()
    assert company.id is not None
    open_balance(session, company_id=company.id, now=now, low_balance_threshold_cents=low_balance_threshold_cents)
    announce(session, Kind.COMPANY, company.id)
    announce(session, Kind.BALANCE, company.id)
    return company


def book_opening_balance(
    session: Session, company: Company, *, money_cents: int, bonus_cents: int, actor: str, now: datetime
) -> None:
    """Book what a company starts with, once, as an adjustment."""
    assert company.id is not None
    post(
        session,
        company_id=company.id,
        type=LedgerType.ADJUSTMENT,
        money_cents=money_cents,
        bonus_cents=bonus_cents,
        posting_key=f"opening:{company.id}",
        description="Opening balance",
        reference_type="admin_adjustment",
        reference_id=f"opening:{company.id}",
        created_by=actor,
        now=now,
    )


def find_company(session: Session, reference: int | str) -> Company:
    """The company with this id or slug. Raises `UnknownCompany`."""
    is_id = isinstance(reference, int) or (reference.isascii() and reference.isdigit() and len(reference) < 19)
    if is_id:
        found = session.exec(_BY_ID, params={"b_id": int(reference)})
    else:
        found = session.exec(_PRESENT.where(Company.slug == reference))
    company = found.one_or_none()
    if company is None:
        raise UnknownCompany(reference)
    return company


def _check_slug(session: Session, slug: str) -> None:
    if len(slug) > _SLUG_MAX or not _SLUG.fullmatch(slug):
        raise InvalidSlug(
            f"{slug[:80]!r} is not a slug",
            remedy=f"Use lower-case letters, digits and single dashes, at least one letter, at most {_SLUG_MAX} signs.",
        )
    if _is_taken(session, slug):
        raise SlugTaken(slug)


def _free_slug(session: Session, wanted: str) -> str:
    taken = set(session.exec(select(Company.slug).where(col(Company.slug).startswith(wanted))))
    slug, number = wanted, 1
    while slug in taken:
        number += 1
        slug = f"{wanted}-{number}"
    return slug


def _is_taken(session: Session, slug: str) -> bool:
    return session.exec(select(Company.id).where(Company.slug == slug)).first() is not None


_PRESENT: Final = select(Company).where(col(Company.deleted_at).is_(None))
_BY_ID: Final = _PRESENT.where(col(Company.id) == bindparam("b_id"))
"""Built once: every call and every top-up asks for its company."""
