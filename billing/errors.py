"""The error tree of billing. Each error has a stable `code` and a sentence that says what to do.

BillingError
├── DatabaseClosed
├── DatabaseLocked           another process holds the file; nothing happened, and it may be tried again
├── SchemaError
│   ├── DatabaseTooNew       written by a later version
│   └── NotADatabase
├── Refused                  the request breaks a rule; nothing happened
│   ├── InvalidAmount, InvalidReason, InvalidSlug, InvalidLimits
│   ├── UnknownCompany, UnknownTopup, UnknownCall, UnknownEvent, UnknownCard, UnknownReport,
│   │   UnknownInvoice
│   ├── SlugTaken, KeyUsedOtherwise, CompanyInactive, InsufficientCredit, SpendingLimitReached
│   ├── NotCharged, NothingToRefund, RefundTooLarge, RefundTooLate
│   ├── AutoTopupSettingsInvalid
│   ├── UnknownAtStripe
│   └── TestModeOff
├── CardDeclined             Stripe's answer, an outcome rather than a failure
└── GatewayUnavailable       Stripe could not be asked; safe to try again with the same key
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path


class BillingError(Exception):
    """Anything that billing raises on purpose."""

    code = "billing_error"
    remedy: str | None = None

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if remedy is not None:
            self.remedy = remedy


class DatabaseClosed(BillingError):
    """A write after `close()`: the server is shutting down."""

    code = "database_closed"

    def __init__(self, path: Path) -> None:
        super().__init__(f"the database {path} is closed", remedy="Start the server again.")


class DatabaseLocked(BillingError):
    """Another process has held the file for longer than anybody here waits. Nothing of the transaction is kept."""

    code = "database_locked"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"another process keeps the database {path} locked",
            remedy="Find what has the file open (a database tool with an unfinished transaction, a backup, a program "
            "that synchronises the folder), let it end, and try again.",
        )


class SchemaError(BillingError):
    """The file cannot be opened by this version; it was left as it is."""

    code = "schema_error"


class DatabaseTooNew(SchemaError):
    code = "database_too_new"

    def __init__(self, path: Path, revision: str, newest_known: str) -> None:
        super().__init__(
            f"{path} has schema revision {revision}, which this version does not know (it knows up to {newest_known})",
            remedy="Use the newer version that wrote it, or another home directory with --home.",
        )
        self.path, self.revision, self.newest_known = path, revision, newest_known


class NotADatabase(SchemaError):
    code = "not_a_database"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} is not a devconsole database: {why}",
            remedy="Move the file away, or choose another home directory with --home.",
        )
        self.path = path


class Refused(BillingError):
    """The request breaks a rule; nothing was changed."""

    code = "refused"


class InvalidAmount(Refused):
    code = "invalid_amount"


class InvalidReason(Refused):
    code = "invalid_reason"


class InvalidSlug(Refused):
    code = "invalid_slug"


class InvalidLimits(Refused):
    code = "invalid_limits"


class UnknownCompany(Refused):
    code = "unknown_company"

    def __init__(self, reference: int | str) -> None:
        super().__init__(f"there is no company {reference}", remedy="List the companies to see their ids and slugs.")


class UnknownTopup(Refused):
    """Nothing of ours belongs to this payment; for an event: perhaps not yet."""

    code = "unknown_topup"

    def __init__(self, reference: int | str) -> None:
        super().__init__(f"there is no top-up {reference}", remedy="List the top-ups to see their ids.")


class UnknownCall(Refused):
    code = "unknown_call"

    def __init__(self, call_id: int | str) -> None:
        super().__init__(f"there is no call {call_id}", remedy="List the calls to see their ids.")


class UnknownEvent(Refused):
    code = "unknown_event"

    def __init__(self, reference: int | str) -> None:
        super().__init__(f"there is no event {reference}", remedy="List the events to see their ids.")


class UnknownCard(Refused):
    code = "unknown_card"

    def __init__(self, reference: str) -> None:
        super().__init__(f"there is no card {reference}", remedy="List the cards to see their names.")


class UnknownReport(Refused):
    code = "unknown_report"


class UnknownInvoice(Refused):
    code = "unknown_invoice"

    def __init__(self, reference: int | str) -> None:
        super().__init__(f"there is no invoice {reference}", remedy="List the invoices to see their numbers.")


class SlugTaken(Refused):
    code = "slug_taken"

    def __init__(self, slug: str) -> None:
        super().__init__(f"a company with the slug {slug} exists already", remedy="Choose another slug.")
        self.slug = slug


class KeyUsedOtherwise(Refused):
    """The caller's key has been used for another request."""

    code = "key_used_otherwise"

    def __init__(self, what: str) -> None:
        super().__init__(f"this key has been used for {what}", remedy="Give each request a key of its own.")


class CompanyInactive(Refused):
    """`is_active` is off: no new payments. What was paid before can still be used."""

    code = "company_inactive"

    def __init__(self, company_id: int) -> None:
        super().__init__(f"company {company_id} is not active", remedy="Activate the company first.")


class InsufficientCredit(Refused):
    """The effective total does not cover what is asked for. All amounts in cents."""

    code = "insufficient_credit"

    def __init__(self, message: str, *, effective_total_cents: int, needed_cents: int) -> None:
        super().__init__(message, remedy="Top up the balance first.")
        self.effective_total_cents = effective_total_cents
        self.needed_cents = needed_cents


class SpendingLimitReached(Refused):
    """A hard limit that the company set for itself leaves too little. Amounts in cents, the time in UTC."""

    code = "spending_limit_reached"

    def __init__(self, message: str, *, period: str, remaining_cents: int, resets_at: datetime) -> None:
        super().__init__(message, remedy="Raise the limit, or wait until the period is over.")
        self.period = period
        self.remaining_cents = remaining_cents
        self.resets_at = resets_at


class NotCharged(Refused):
    """A refund of a call that was never charged."""

    code = "not_charged"


class NothingToRefund(Refused):
    """All of it has been refunded before."""

    code = "nothing_to_refund"


class RefundTooLarge(Refused):
    code = "refund_too_large"


class RefundTooLate(Refused):
    code = "refund_too_late"


class AutoTopupSettingsInvalid(Refused):
    code = "auto_topup_settings_invalid"


class TestModeOff(Refused):
    """Test mode is off: nothing that moves money or asks Stripe may run."""

    __test__ = False  # pytest would take the name for a test class
    code = "test_mode_off"
    remedy = "Switch test mode on."


class UnknownAtStripe(Refused):
    """Stripe has no object of this id: another account, or a sandbox that was reset."""

    code = "unknown_at_stripe"


class CardDeclined(BillingError):
    """Stripe's answer to a charge: an outcome to record, not a failure to retry."""

    code = "card_declined"

    def __init__(
        self,
        message: str,
        *,
        failure_code: str,
        decline_code: str | None = None,
        payment_intent_id: str | None = None,
        charge_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.failure_code = failure_code
        """Stripe's `code`, such as `card_declined` or `expired_card`."""
        self.decline_code = decline_code
        self.payment_intent_id = payment_intent_id
        self.charge_id = charge_id


class GatewayUnavailable(BillingError):
    """Stripe did not answer, or not in a way that tells what happened; ask again with the same key."""

    code = "gateway_unavailable"
    remedy = "What was begun goes on by itself as soon as Stripe answers; look what became of it before you ask again."
