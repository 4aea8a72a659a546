"""The tables. Columns bear the seed system's names in SQL, attributes add the unit; no behaviour lives here."""

from billing.models.audit import AuditEntry
from billing.models.balance import AutoTopupDecision, DecisionTrigger, PrepaidBalance
from billing.models.call import Call, CallCharge, CallStatus, ChargeStatus, Reservation, ReservationStatus
from billing.models.company import BillingRate, Company
from billing.models.forwarding import Forward, ForwardState, ForwardTarget, ForwardTry, TargetState
from billing.models.inbox import (
    EventCursor,
    EventStatus,
    Verdict,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEvent,
    WebhookExplanation,
)
from billing.models.invoice import Invoice
from billing.models.job import Job, JobStatus
from billing.models.ledger import LedgerEntry, LedgerType
from billing.models.notes import EventNote, SavedFilter
from billing.models.notice import Notice, NoticeChannel, NoticeKind, NoticeStatus
from billing.models.payment import PaymentDispute, PaymentRefund
from billing.models.rules import BonusRule, SpendingLimit
from billing.models.topup import LEGAL_MOVES, RefundStatus, Topup, TopupOrigin, TopupStatus

__all__ = [
    "LEGAL_MOVES",
    "AuditEntry",
    "AutoTopupDecision",
    "BillingRate",
    "BonusRule",
    "Call",
    "CallCharge",
    "CallStatus",
    "ChargeStatus",
    "Company",
    "DecisionTrigger",
    "EventCursor",
    "EventNote",
    "EventStatus",
    "Forward",
    "ForwardState",
    "ForwardTarget",
    "ForwardTry",
    "Invoice",
    "Job",
    "JobStatus",
    "LedgerEntry",
    "LedgerType",
    "Notice",
    "NoticeChannel",
    "NoticeKind",
    "NoticeStatus",
    "PaymentDispute",
    "PaymentRefund",
    "PrepaidBalance",
    "RefundStatus",
    "Reservation",
    "ReservationStatus",
    "SavedFilter",
    "SpendingLimit",
    "TargetState",
    "Topup",
    "TopupOrigin",
    "TopupStatus",
    "Verdict",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEvent",
    "WebhookExplanation",
]
