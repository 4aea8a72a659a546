"""Which bonus a paid top-up earns: the same answer for the preview and for the booking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from billing.models import BonusRule
from billing.money import round_half_up

_BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A rule that did not apply, and why: `inactive`, `not_yet_valid`, `expired`, `below_range`, `above_range`,
    `first_topup_only`, `rounds_to_nothing`."""

    rule_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class BonusDecision:
    """`bonus_cents` is 0, and the rule None, when no rule applies."""

    bonus_cents: int
    rule_id: int | None
    rule_name: str | None
    bonus_basis_points: int
    is_capped: bool
    passed_over: tuple[PassedOver, ...]
    """The better rules that did not apply."""


def bonus_for(rules: Iterable[BonusRule], *, amount_cents: int, is_first_topup: bool, now: datetime) -> BonusDecision:
    """The bonus of a top-up of `amount_cents`, by the first rule that applies.

    Higher priority goes first, then the higher percentage. `rules` are those of the company and those for all;
    `is_first_topup` is asked before the top-up is credited.
    """
    passed_over: list[PassedOver] = []
    for rule in sorted(rules, key=_rank):
        assert rule.id is not None, "a rule that was never stored"
        uncapped = round_half_up(amount_cents * rule.bonus_basis_points, _BASIS_POINTS)
        bonus_cents = uncapped if rule.max_bonus_cents is None else min(uncapped, rule.max_bonus_cents)
        obstacle = _obstacle(rule, amount_cents=amount_cents, is_first_topup=is_first_topup, now=now)
        if obstacle is None and bonus_cents <= 0:
            obstacle = "rounds_to_nothing"
        if obstacle is None:
            return BonusDecision(
                bonus_cents=bonus_cents,
                rule_id=rule.id,
                rule_name=rule.name,
                bonus_basis_points=rule.bonus_basis_points,
                is_capped=bonus_cents < uncapped,
                passed_over=tuple(passed_over),
            )
        passed_over.append(PassedOver(rule.id, obstacle))
    return BonusDecision(0, None, None, 0, False, tuple(passed_over))


def _rank(rule: BonusRule) -> tuple[int, int, int]:
    return (-rule.priority, -rule.bonus_basis_points, rule.id or 0)


def _obstacle(rule: BonusRule, *, amount_cents: int, is_first_topup: bool, now: datetime) -> str | None:
    if not rule.is_active:
        return "inactive"
    if rule.valid_from is not None and now < rule.valid_from:
        return "not_yet_valid"
    if rule.valid_until is not None and now > rule.valid_until:
        return "expired"
    if amount_cents < rule.min_cents:
        return "below_range"
    if rule.max_cents is not None and amount_cents > rule.max_cents:
        return "above_range"
    if rule.is_first_time_only and not is_first_topup:
        return "first_topup_only"
    return None
