"""Whose event it is, where no handler says so: asked of our metadata first, then of Stripe's customer."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, select
from sqlmodel import Session

from billing.dialect import table_of
from billing.models import Company


class _Object(msgspec.Struct):
    id: Any = None
    object: Any = None
    customer: Any = None
    metadata: Any = None


class _Data(msgspec.Struct):
    object: _Object


class _Event(msgspec.Struct):
    data: _Data


_decode = msgspec.json.Decoder(_Event).decode


def owner_of(session: Session, payload: bytes) -> int | None:
    """The id of the company that the event's object belongs to; None when it is nobody's."""
    try:
        subject = _decode(payload).data.object
    except msgspec.ValidationError:
        return None
    metadata = subject.metadata if isinstance(subject.metadata, dict) else {}
    named = str(metadata.get("company_id", ""))
    customer = subject.id if subject.object == "customer" else subject.customer
    if named.isascii() and named.isdigit() and len(named) < 16:
        return _company(session, _BY_ID, int(named))
    if isinstance(customer, str):
        return _company(session, _BY_CUSTOMER, customer)
    return None


def _company(session: Session, statement: Select[int], value: int | str) -> int | None:
    found: int | None = session.connection().execute(statement, {"value": value}).scalar_one_or_none()
    return found


_COMPANIES = table_of(Company)
_BY_ID = select(_COMPANIES.c.id).where(_COMPANIES.c.id == bindparam("value"))
_BY_CUSTOMER = select(_COMPANIES.c.id).where(_COMPANIES.c.stripe_customer_id == bindparam("value"))
