"""The error tree of billing. Each error has a stable `code` and a sentence that says what to do.

BillingError
├── DatabaseClosed
├── Refused                  the request breaks a rule; nothing happened
│   ├── InvalidAmount
│   ├── UnknownCompany, UnknownTopup, UnknownCall, UnknownEvent, UnknownCard
│   ├── CompanyInactive, NothingToRefund, RefundTooLarge, RefundTooLate, NotCharged
│   ├── AutoTopupSettingsInvalid
│   └── TestModeOff
├── CardDeclined             Stripe's answer, an outcome rather than a failure
└── GatewayUnavailable       Stripe could not be asked; safe to try again with the same key
"""

from __future__ import annotations

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


class Refused(BillingError):
    """The request breaks a rule; nothing was changed."""

    code = "refused"
