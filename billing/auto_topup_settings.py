"""Automatic top-up settings: what may be set, checked on the whole of old and new together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session

from billing import audit
from billing.audit import Action
from billing.changes import Kind, announce
from billing.errors import AutoTopupSettingsInvalid
from billing.gateway import SavedMethod
from billing.ledger import balance_of
from billing.models import PrepaidBalance
from billing.money_text import money
from billing.policy import Policy

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChange:
    """What is to be changed; None stays as it is."""

    enabled: bool | None = None
    threshold_cents: int | None = None
    amount_cents: int | None = None
    daily_limit: int | None = None
    monthly_limit_cents: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Merged:
    enabled: bool
    threshold_cents: int
    amount_cents: int
    daily_limit: int
    monthly_limit_cents: int
    has_method: bool


def check_settings(balance: PrepaidBalance, change: SettingsChange, *, brings_method: bool, policy: Policy) -> None:
    """Raises `AutoTopupSettingsInvalid` for settings that `apply_settings` would refuse."""
    _validate(_merge(balance, change, has_method=brings_method or _has_method(balance), policy=policy), policy)


def apply_settings(
    session: Session,
    company_id: int,
    change: SettingsChange,
    *,
    method: SavedMethod | None,
    policy: Policy,
    now: datetime,
    actor: str = "developer",
) -> PrepaidBalance:
    """Save merged settings. Switching on, or another card, forgets earlier failures. Raises as `check_settings`."""
    balance = balance_of(session, company_id)
    before = _facts(balance)
    merged = _merge(balance, change, has_method=method is not None or _has_method(balance), policy=policy)
    _validate(merged, policy)
    if method is not None or (merged.enabled and not balance.auto_topup_enabled):
        balance.auto_topup_failure_count = 0
        balance.auto_topup_retry_at = None
    if method is not None:
        balance.stripe_payment_method_id = method.payment_method_id
        balance.payment_method_label = method.label
    if merged.enabled:
        balance.auto_topup_disabled_reason = None
        balance.auto_topup_disabled_at = None
    elif balance.auto_topup_enabled:
        balance.auto_topup_disabled_reason = "switched off in the settings"
        balance.auto_topup_disabled_at = now
    balance.auto_topup_enabled = merged.enabled
    balance.auto_topup_threshold_cents = merged.threshold_cents
    balance.auto_topup_amount_cents = merged.amount_cents
    balance.auto_topup_daily_limit = merged.daily_limit
    balance.auto_topup_monthly_limit_cents = merged.monthly_limit_cents
    balance.updated_at = now
    session.flush()
    audit.record(
        session,
        actor=actor,
        action=Action.AUTO_TOPUP_CHANGED,
        company_id=company_id,
        target=f"company_{company_id}",
        reason=None,
        before=before,
        after=_facts(balance),
        now=now,
    )
    announce(session, Kind.BALANCE, company_id)
    return balance


def _facts(balance: PrepaidBalance) -> dict[str, audit.Fact]:
    return {
        "enabled": balance.auto_topup_enabled,
        "threshold_cents": balance.auto_topup_threshold_cents,
        "amount_cents": balance.auto_topup_amount_cents,
        "daily_limit": balance.auto_topup_daily_limit,
        "monthly_limit_cents": balance.auto_topup_monthly_limit_cents,
        "card": balance.payment_method_label,
    }


def _merge(balance: PrepaidBalance, change: SettingsChange, *, has_method: bool, policy: Policy) -> _Merged:
    return _Merged(
        enabled=_first(change.enabled, balance.auto_topup_enabled),
        threshold_cents=_first(
            change.threshold_cents, balance.auto_topup_threshold_cents, policy.default_auto_topup_threshold_cents
        ),
        amount_cents=_first(
            change.amount_cents, balance.auto_topup_amount_cents, policy.default_auto_topup_amount_cents
        ),
        daily_limit=_first(change.daily_limit, balance.auto_topup_daily_limit),
        monthly_limit_cents=_first(change.monthly_limit_cents, balance.auto_topup_monthly_limit_cents),
        has_method=has_method,
    )


def _validate(merged: _Merged, policy: Policy) -> None:
    problems = [
        *_outside(
            "the threshold",
            merged.threshold_cents,
            policy.auto_topup_threshold_min_cents,
            policy.auto_topup_threshold_max_cents,
        ),
        *_outside(
            "the amount", merged.amount_cents, policy.auto_topup_amount_min_cents, policy.auto_topup_amount_max_cents
        ),
    ]
    if merged.amount_cents <= merged.threshold_cents:
        problems.append(
            f"the amount ({money(merged.amount_cents)}) must be greater than the threshold "
            f"({money(merged.threshold_cents)}), or the balance would stay low"
        )
    if not 1 <= merged.daily_limit <= policy.auto_topup_daily_limit_max:
        problems.append(f"the daily limit must be from 1 to {policy.auto_topup_daily_limit_max}")
    if merged.monthly_limit_cents < merged.amount_cents:
        problems.append(
            f"the monthly limit ({money(merged.monthly_limit_cents)}) is less than one top-up "
            f"({money(merged.amount_cents)})"
        )
    if merged.enabled and not merged.has_method:
        problems.append("a card must be saved before automatic top-up can be switched on")
    if problems:
        raise AutoTopupSettingsInvalid("; ".join(problems), remedy="Change the settings named, and save them together.")


def _outside(what: str, cents: int, low: int, high: int) -> list[str]:
    return [] if low <= cents <= high else [f"{what} must be from {money(low)} to {money(high)}, not {money(cents)}"]


def _has_method(balance: PrepaidBalance) -> bool:
    return balance.stripe_payment_method_id is not None


def _first(*values: T | None) -> T:
    return next(value for value in values if value is not None)
