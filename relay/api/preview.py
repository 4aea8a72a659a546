"""What a top-up would bring, before it is paid."""

from __future__ import annotations

from relay.api.companies import CompanyRef
from relay.api.operation import Operation, Role, View


class PassedOverRule(View, frozen=True, kw_only=True):
    """A better bonus rule that does not apply."""

    rule: str
    reason: str
    """inactive, not_yet_valid, expired, below_range, above_range, first_topup_only or rounds_to_nothing"""


class TopupPreview(View, frozen=True, kw_only=True):
    company_id: int
    company_slug: str
    amount_cents: int
    bonus_cents: int
    bonus_rule: str | None
    bonus_basis_points: int
    """Hundredths of a percent of the rule."""
    is_capped: bool
    """The rule's maximum was less than its percentage."""
    passed_over: tuple[PassedOverRule, ...]
    net_cents: int
    """Of the invoice: the amount without the tax that it contains."""
    tax_cents: int
    effective_total_after_cents: int
    """What calls could use right after it, unless unpaid calls take their price first."""


class PreviewTopup(Operation[TopupPreview], frozen=True, kw_only=True):
    """Show what a top-up of this amount would bring now: bonus, tax and the balance after it."""

    name = "topups.preview"
    role = Role.SUPPORT
    company: CompanyRef
    amount_cents: int
