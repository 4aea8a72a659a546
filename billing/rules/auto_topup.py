"""Whether an automatic top-up is due now: every condition, in a fixed order, each with its figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from billing.money_text import money


class Reason(StrEnum):
    """The stable code of a decision; the first condition that says no gives it."""

    DUE = "due"
    SWITCHED_OFF = "switched_off"
    """For all companies, by the settings of this server."""
    DISABLED = "disabled"
    NO_PAYMENT_METHOD = "no_payment_method"
    NO_THRESHOLD = "no_threshold"
    COMPANY_INACTIVE = "company_inactive"
    PREPAID_OFF = "prepaid_off"
    ABOVE_THRESHOLD = "above_threshold"
    IN_FLIGHT = "in_flight"
    COOLDOWN = "cooldown"
    BACK_OFF = "back_off"
    DAILY_LIMIT = "daily_limit"
    MONTHLY_LIMIT = "monthly_limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoTopupState:
    """Everything that decides. Amounts in cents; counts and sums are those of the company's present day and month."""

    is_switched_on: bool
    is_enabled: bool
    disabled_reason: str | None
    payment_method: str | None
    threshold_cents: int | None
    amount_cents: int | None
    company_is_active: bool
    prepaid_billing_enabled: bool
    effective_total_cents: int
    open_topup_id: int | None
    last_success_at: datetime | None
    cooldown: timedelta
    failures: int
    retry_at: datetime | None
    successes_today: int
    daily_limit: int
    month_used_cents: int
    monthly_limit_cents: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer. `explanation` is a sentence with the figures."""

    allowed: bool
    reason: Reason
    explanation: str


def may_auto_topup(state: AutoTopupState, now: datetime) -> Decision:
    """Decide. At the threshold counts as due: low is *below* a limit, automatic top-up is *at or below*."""
    for reason, said in (_settings(state), _balance(state), _timing(state, now), _limits(state)):
        if reason is not None:
            return Decision(False, reason, said)
    assert state.amount_cents is not None and state.threshold_cents is not None, "_settings() saw them"
    return Decision(
        True,
        Reason.DUE,
        f"{money(state.effective_total_cents)} is at or below {money(state.threshold_cents)}: "
        f"{money(state.amount_cents)} are charged",
    )


_Obstacle = tuple[Reason | None, str]
_NONE: _Obstacle = (None, "")


def _settings(state: AutoTopupState) -> _Obstacle:
    if not state.is_switched_on:
        return Reason.SWITCHED_OFF, "automatic top-up is switched off for all companies (AUTO_TOPUP_ENABLED)"
    if not state.is_enabled:
        because = f": {state.disabled_reason}" if state.disabled_reason else ""
        return Reason.DISABLED, f"automatic top-up is disabled{because}"
    if state.payment_method is None:
        return Reason.NO_PAYMENT_METHOD, "no card is saved that could be charged"
    if state.threshold_cents is None or state.amount_cents is None:
        return Reason.NO_THRESHOLD, "no threshold or no amount is set"
    if not state.company_is_active:
        return Reason.COMPANY_INACTIVE, "the company is not active"
    if not state.prepaid_billing_enabled:
        return Reason.PREPAID_OFF, "prepaid billing is off for the company"
    return _NONE


def _balance(state: AutoTopupState) -> _Obstacle:
    if state.threshold_cents is not None and state.effective_total_cents > state.threshold_cents:
        return (
            Reason.ABOVE_THRESHOLD,
            f"{money(state.effective_total_cents)} is above the threshold of {money(state.threshold_cents)}",
        )
    if state.open_topup_id is not None:
        return Reason.IN_FLIGHT, f"automatic top-up {state.open_topup_id} is still under way"
    return _NONE


def _timing(state: AutoTopupState, now: datetime) -> _Obstacle:
    if state.last_success_at is not None and now < state.last_success_at + state.cooldown:
        until = state.last_success_at + state.cooldown
        return Reason.COOLDOWN, f"the last one succeeded at {_clock(state.last_success_at)}; next after {_clock(until)}"
    if state.retry_at is not None and now < state.retry_at:
        times = "the last attempt failed" if state.failures == 1 else f"the last {state.failures} attempts failed"
        return Reason.BACK_OFF, f"{times}; next after {_clock(state.retry_at)}"
    return _NONE


def _limits(state: AutoTopupState) -> _Obstacle:
    if state.successes_today >= state.daily_limit:
        return Reason.DAILY_LIMIT, f"{state.successes_today} of {state.daily_limit} automatic top-ups of today are used"
    amount_cents = state.amount_cents or 0
    if state.month_used_cents + amount_cents > state.monthly_limit_cents:
        return (
            Reason.MONTHLY_LIMIT,
            f"{money(state.month_used_cents)} of this month's {money(state.monthly_limit_cents)} are used; "
            f"{money(amount_cents)} more would exceed it",
        )
    return _NONE


def _clock(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"
