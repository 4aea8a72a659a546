"""What held before the first recorded step: balances from the ledger, settings from what was set before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from billing.policy import Policy
from devconsole.scenario.recording.draft import Draft, euros
from devconsole.scenario.recording.facts import Facts, is_done
from devconsole.scenario.recording.payments import card_of, read_label
from relay.api import CompanyView, PerformedView

AUTO_TOPUP = "auto_topup.set"
LIMITS = "limits.set"
LIMITING_REASONS = ("cooldown", "back_off", "daily_limit", "monthly_limit")


@dataclass
class Before:
    """One company before the stretch."""

    company: CompanyView
    money_cents: int
    bonus_cents: int
    reserved_cents: int
    settings: dict[str, Any]
    """Of the automatic top-up, as fields of `auto_topup.set`."""
    limits: dict[str, Any]
    unlike: list[str] = field(default_factory=list)
    """Why a story cannot bring it about as it was."""

    def document(self) -> dict[str, Any]:
        """The entry under `given`."""
        entry: dict[str, Any] = {"slug": self.company.slug, "name": self.company.name}
        entry["balance"] = euros(max(0, self.money_cents))
        if not self.company.prepaid_billing_enabled:
            entry["prepaid"] = "false"
        if self._is_armed:
            entry["auto_topup"] = {
                "threshold": euros(self.settings["threshold_cents"]),
                "amount": euros(self.settings["amount_cents"]),
                "card": self.settings["card"],
            }
        return entry

    def steps(self) -> list[Draft]:
        """What `given` has no words for, done first."""
        slug, drafts = self.company.slug, []
        if self.bonus_cents > 0:
            fields = {"company": slug, "bonus": euros(self.bonus_cents), "reason": "held before"}
            drafts.append(Draft("balances.adjust", fields))
        if self.settings.get("card") and not self._is_armed:
            drafts.append(Draft.of(AUTO_TOPUP, {"company": slug, **self.settings}))
        if self.limits:
            drafts.append(Draft.of(LIMITS, {"company": slug, **self.limits}))
        return drafts

    @property
    def _is_armed(self) -> bool:
        known = self.settings
        return bool(known.get("enabled") and known.get("card")) and {"threshold_cents", "amount_cents"} <= set(known)


def before(facts: Facts, company: CompanyView) -> Before:
    """The company as it was when the stretch began."""
    row = next((row for row in facts.ledger if row.company_id == company.id), None)
    now = company.balance
    found = Before(
        company=company,
        money_cents=row.balance_before_cents if row else now.balance_cents,
        bonus_cents=row.bonus_after_cents - row.bonus_cents if row else now.bonus_cents,
        reserved_cents=row.reserved_after_cents - row.reserved_cents if row else now.reserved_cents,
        settings=_auto_topup(facts, company),
        limits=_set_before(facts, company, LIMITS),
    )
    found.unlike = list(_unlike(facts, found))
    return found


def _auto_topup(facts: Facts, company: CompanyView) -> dict[str, Any]:
    """What was set before; otherwise what is set now, unless the stretch itself changed it."""
    view = company.auto_topup
    now = {
        "enabled": view.enabled or view.disabled_reason is not None,
        "threshold_cents": view.threshold_cents,
        "amount_cents": view.amount_cents,
        "card": card_of(facts, *read_label(view.payment_method_label))
        or _secret_card(facts, view.payment_method_label),
    }
    changed = {name for deed in _settings(facts.deeds, facts, company, AUTO_TOPUP) for name in deed}
    if any(deed.name == "topups.checkout" and facts.company(deed.input["company"]) == company for deed in facts.deeds):
        changed.add("card")  # the first card that pays on the page is kept
    known = {name: value for name, value in now.items() if value is not None and name not in changed}
    return known | _set_before(facts, company, AUTO_TOPUP)


def _secret_card(facts: Facts, label: str | None) -> str | None:
    """Saved cards may also be of those that a Checkout cannot be paid with here."""
    brand, last4 = read_label(label)
    return next((card.name for card in facts.cards if card.number.endswith(last4) and card.brand == brand), None)


def _set_before(facts: Facts, company: CompanyView, name: str) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for fields in _settings(facts.earlier, facts, company, name):
        known |= fields
    return known


def _settings(deeds: tuple[PerformedView, ...], facts: Facts, company: CompanyView, name: str) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in deed.input.items() if value is not None and key not in ("company", "actor")}
        for deed in deeds
        if deed.name == name and is_done(deed) and facts.company(deed.input["company"]) == company
    ]


def _unlike(facts: Facts, found: Before) -> list[str]:
    company = found.company
    default = Policy().default_rate_e4_per_minute
    reasons = []
    if company.rate_e4_per_minute != default:
        reasons.append("its calls have a rate of their own")
    if found.money_cents < 0:
        reasons.append(f"its balance was {euros(found.money_cents)}")
    if found.reserved_cents:
        reasons.append("a call was in progress")
    threshold = found.settings.get("threshold_cents")
    usable = found.money_cents + found.bonus_cents - found.reserved_cents
    if found.settings.get("enabled") and found.settings.get("card") and threshold and usable <= threshold:
        reasons.append("its automatic top-up was due already")
    if any(
        each.origin == "auto" and each.company_id == company.id and facts.made_before(each) for each in facts.topups
    ):
        mine = (each for each in facts.decisions if each.company_id == company.id and each.decided_at >= facts.began)
        if any(each.reason in LIMITING_REASONS for each in mine):
            reasons.append("earlier automatic top-ups counted")
    return reasons
