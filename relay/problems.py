"""Errors as answers: one table from error to HTTP status, and the sentence that the client reads."""

from __future__ import annotations

import logging
import secrets

from billing import errors
from relay.api.operation import Problem
from relay.forwarding.desk import TargetTaken
from relay.unknown import (
    ClockIsVirtual,
    NoSandbox,
    TargetPaused,
    UnknownDelivery,
    UnknownFault,
    UnknownForward,
    UnknownReference,
    UnknownTarget,
    WebhookUnreachable,
)

log = logging.getLogger(__name__)

STATUS: tuple[tuple[type[errors.BillingError], int], ...] = (
    (errors.UnknownCompany, 404),
    (errors.UnknownTopup, 404),
    (errors.UnknownCall, 404),
    (errors.UnknownEvent, 404),
    (errors.UnknownCard, 404),
    (errors.UnknownReport, 404),
    (errors.UnknownInvoice, 404),
    (UnknownDelivery, 404),
    (UnknownReference, 404),
    (UnknownFault, 404),
    (UnknownTarget, 404),
    (UnknownForward, 404),
    (NoSandbox, 409),
    (ClockIsVirtual, 409),
    (TargetTaken, 409),
    (TargetPaused, 409),
    (errors.SlugTaken, 409),
    (errors.TestModeOff, 409),
    (WebhookUnreachable, 503),
    (errors.Refused, 400),
    (errors.CardDeclined, 400),
    (errors.GatewayUnavailable, 502),
    (errors.DatabaseClosed, 503),
    (errors.DatabaseLocked, 503),
    (errors.BillingError, 500),
)
"""The first that fits counts, so narrow classes stand before wide ones."""


def problem_of(error: Exception) -> tuple[int, Problem]:
    """HTTP status and body for what an operation raised. An unexpected error is logged under a number of its own."""
    if isinstance(error, errors.BillingError):
        status = next(status for kind, status in STATUS if isinstance(error, kind))
        return status, Problem(code=error.code, message=error.message, remedy=error.remedy)
    number = secrets.token_hex(4)
    log.error("operation_crashed", extra={"correlation_id": number}, exc_info=error)
    return 500, Problem(
        code="internal_error",
        message=f"an error that should not happen: {type(error).__name__} (number {number})",
        remedy=f"Look for {number} in the server's log.",
    )
