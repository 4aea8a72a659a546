"""Notices on their way: queued once per cause and channel, then rendered and sent. Each function is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlmodel import Session, col, select

from billing.changes import Kind, announce
from billing.dialect import constant, insert_unless_present, table_of
from billing.models import Company, Notice, NoticeChannel, NoticeKind, NoticeStatus, PrepaidBalance, SpendingLimit
from billing.notice_causes import Due
from billing.notice_texts import language_of, render


def queue(session: Session, due: Sequence[Due], *, now: datetime) -> int:
    """Write what is due, once per cause and channel; returns how many notices are new.

    In the console always, by mail where an address is known; nothing for companies that want no alerts.
    """
    queued = 0
    for notice in due:
        company = session.get_one(Company, notice.company_id)
        if not company.alerts_enabled:
            continue
        address = company.billing_contact_email or company.email
        channels: list[tuple[NoticeChannel, str | None]] = [(NoticeChannel.IN_APP, None)]
        if address:
            channels.append((NoticeChannel.MAIL, address))
        for channel, recipient in channels:
            row = {
                "company_id": notice.company_id,
                "kind": notice.kind,
                "level": notice.level,
                "channel": channel,
                "recipient": recipient,
                "cause": notice.cause,
                "language": language_of(company.country),
                "facts": {"company": company.name, **notice.facts},
                "status": NoticeStatus.QUEUED,
                "last_ledger_id": notice.last_ledger_id,
                "created_at": now,
            }
            if (added := session.connection().execute(_ADD, row).scalar_one_or_none()) is not None:
                announce(session, Kind.NOTICE, added)
                queued += 1
    return queued


def send(session: Session, *, limit: int, now: datetime) -> int:
    """Render and deliver what is queued, oldest first; returns how many. A local tool delivers into its own list."""
    queued = session.exec(
        select(Notice).where(col(Notice.status) == constant(NoticeStatus.QUEUED)).order_by(col(Notice.id)).limit(limit)
    ).all()
    for notice in queued:
        text = render(notice.kind, notice.language, notice.facts)
        notice.subject, notice.body = text.subject, text.body
        notice.status, notice.sent_at = NoticeStatus.SENT, now
        assert notice.id is not None, "it was read"
        announce(session, Kind.NOTICE, notice.id)
        _stamp(session, notice, now=now)
    session.flush()
    return len(queued)


def _stamp(session: Session, notice: Notice, *, now: datetime) -> None:
    """Only what was sent counts as a warning."""
    if notice.kind is NoticeKind.LOW_BALANCE:
        session.execute(
            update(PrepaidBalance)
            .where(col(PrepaidBalance.company_id) == notice.company_id)
            .values(last_warning_sent_at=now)
        )
    elif notice.kind is NoticeKind.SPENDING_LIMIT:
        session.execute(
            update(SpendingLimit)
            .where(col(SpendingLimit.company_id) == notice.company_id)
            .values(last_alert_sent_at=now)
        )


_NOTICES: Final = table_of(Notice)
_ADD: Final = insert_unless_present(_NOTICES, "cause", "channel").returning(_NOTICES.c.id)
