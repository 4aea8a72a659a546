"""What an action would do, worked out from the figures on the screen, in sentences.

Pure. A preview only informs: the server decides, with the figures it has then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from billing import money
from devconsole.format import clock, euros, rate
from relay.api import AutoTopupView, BalanceView, CompanyView

RESERVED_FOR_S = 300
"""A running call holds the price of five minutes."""


def price_cents(*, duration_s: int, rate_e4_per_minute: int) -> int:
    """Price of a call that is billed to the second and has no minimum; 0 for an unanswered one."""
    if duration_s == 0:
        return 0
    return money.price_cents(
        duration_s=duration_s, rate_e4_per_minute=rate_e4_per_minute, increment_s=1, minimum_cents=0
    )


@dataclass(frozen=True, kw_only=True)
class CallPrice:
    """What a call of this length would cost this company."""

    price_cents: int
    from_bonus_cents: int
    """Bonus is spent before money."""
    remaining_cents: int
    """Of the effective total; below zero when the call cannot be paid."""


def call_price(company: CompanyView, duration_s: int) -> CallPrice:
    price = price_cents(duration_s=duration_s, rate_e4_per_minute=company.rate_e4_per_minute)
    return CallPrice(
        price_cents=price,
        from_bonus_cents=min(price, max(0, company.balance.bonus_cents)),
        remaining_cents=company.balance.effective_total_cents - price,
    )


def call_preview(company: CompanyView, duration_s: int) -> tuple[str, ...]:
    """The price of an ended call, what remains after it, and what follows from that."""
    if not company.prepaid_billing_enabled:
        return (f"Prepaid billing is off for {company.name}: the call costs nothing.",)
    if duration_s == 0:
        return ("0 s: an unanswered call costs nothing.",)
    sum_ = call_price(company, duration_s)
    formula = f"{duration_s} s × {rate(company.rate_e4_per_minute)} = {euros(sum_.price_cents)}"
    if sum_.remaining_cents < 0:
        return (
            f"{formula}; only {euros(company.balance.effective_total_cents)} there.",
            "The call stays unpaid and is charged after the next credit.",
        )
    lines = [f"{formula}; {euros(sum_.remaining_cents)} remain"]
    if sum_.from_bonus_cents:
        lines.append(f"{euros(sum_.from_bonus_cents)} of it from the bonus.")
    return (*lines, *_after_call(company, sum_.remaining_cents))


def running_call_preview(company: CompanyView) -> str:
    """What starting a call would hold, or why it would be refused."""
    needed = price_cents(duration_s=60, rate_e4_per_minute=company.rate_e4_per_minute)
    if company.prepaid_billing_enabled and company.balance.effective_total_cents < needed:
        return f"Starting one would be refused: one minute costs {euros(needed)}."
    held = price_cents(duration_s=RESERVED_FOR_S, rate_e4_per_minute=company.rate_e4_per_minute)
    return f"Started instead, it holds up to {euros(held)} until it ends."


def drain_preview(company: CompanyView, to_cents: int) -> tuple[str, ...]:
    """What draining books, and whether an automatic top-up would follow."""
    there = company.balance.effective_total_cents
    if to_cents >= there:
        return (f"Nothing to drain: {euros(there)} there.",)
    lines = [f"{euros(there)} → {euros(to_cents)}: an adjustment of {euros(to_cents - there)}"]
    if company.auto_topup.enabled and to_cents <= (company.auto_topup.threshold_cents or 0):
        lines.append("At or below the automatic top-up threshold: the next call asks for a top-up.")
    return tuple(lines)


@dataclass(frozen=True, kw_only=True)
class AutoTopupDraft:
    """Settings as they stand in a form. Null amounts cannot be read yet."""

    enabled: bool
    threshold_cents: int | None
    amount_cents: int | None
    daily_limit: int
    monthly_limit_cents: int | None
    has_card: bool


def as_saved(settings: AutoTopupView) -> AutoTopupDraft:
    """The settings that are in force."""
    return AutoTopupDraft(
        enabled=settings.enabled,
        threshold_cents=settings.threshold_cents,
        amount_cents=settings.amount_cents,
        daily_limit=settings.daily_limit,
        monthly_limit_cents=settings.monthly_limit_cents,
        has_card=settings.payment_method is not None,
    )


def auto_topup_outlook(company: CompanyView, draft: AutoTopupDraft, *, now: datetime) -> str:
    """What these settings would do at the next check, with today's figures; the first rule that says no is named."""
    there = company.balance.effective_total_cents
    state = company.auto_topup
    if not draft.enabled:
        return "Off: nothing is ever charged by itself."
    if not draft.has_card:
        return "No card is saved: nothing can be charged until you choose one."
    if draft.threshold_cents is None or draft.amount_cents is None or draft.monthly_limit_cents is None:
        return ""
    if there > draft.threshold_cents:
        return f"Balance {euros(there)} is above {euros(draft.threshold_cents)}: nothing now."
    due = f"Balance {euros(there)} is at or below {euros(draft.threshold_cents)}"
    if state.daily_count >= draft.daily_limit:
        return f"{due}, but the {draft.daily_limit} top-ups of today are used: skipped until tomorrow."
    if state.month_used_cents + draft.amount_cents > draft.monthly_limit_cents:
        limit = euros(draft.monthly_limit_cents)
        return f"{due}, but {euros(state.month_used_cents)} of this month's {limit} are used."
    if state.next_allowed_at is not None and state.next_allowed_at > now:
        return f"{due}, but not before {clock(state.next_allowed_at)}."
    return f"{due}: the next check charges {euros(draft.amount_cents)}."


def _after_call(company: CompanyView, remaining_cents: int) -> tuple[str, ...]:
    auto, balance = company.auto_topup, company.balance
    if auto.enabled and auto.threshold_cents is not None and remaining_cents <= auto.threshold_cents:
        return (f"At or below {euros(auto.threshold_cents)}: an automatic top-up is checked.",)
    return _low(balance, remaining_cents)


def _low(balance: BalanceView, remaining_cents: int) -> tuple[str, ...]:
    if remaining_cents < balance.low_balance_threshold_cents:
        return (f"Below {euros(balance.low_balance_threshold_cents)}: a low balance.",)
    return ()
