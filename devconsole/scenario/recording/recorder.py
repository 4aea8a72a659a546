"""Puts a recording together: given, steps with what each of them must bring about, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from devconsole.scenario.recording.draft import Draft, euros
from devconsole.scenario.recording.effects import Effects
from devconsole.scenario.recording.facts import Call, Facts, Stretch, companies_of, gather
from devconsole.scenario.recording.given import Before, before
from devconsole.scenario.recording.payments import payments_on_pages, with_payments
from devconsole.scenario.recording.steps import Steps
from devconsole.scenario.recording.text import write
from relay.api import CallView, CompanyView, PerformedView


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A story as text, and what it does not tell."""

    text: str
    steps: int
    companies: tuple[str, ...]
    gaps: tuple[str, ...]
    """What could not be told; of the companies concerned nothing is expected."""


def record(call: Call, stretch: Stretch, *, title: str | None = None) -> Recording:
    """Record what was done in a stretch of time, with all that came of it, also later.

    Raises `Failure` and `RelayError`.
    """
    facts = gather(call, stretch)
    paid, unplayable = payments_on_pages(facts)
    deeds = with_payments(facts.deeds, paid)
    told = [deed for deed in deeds if facts.is_told(deed.at)]
    last = len(told) - 1
    effects, involved = Effects(facts, deeds), _involved(facts, told)
    known = {company.slug: before(facts, company) for company in involved}
    gaps = {slug: f"{slug}: {each.unlike[0]}" for slug, each in known.items() if each.unlike}
    gaps |= {slug: f"{slug}: {why}" for slug, why in effects.strangers(last).items()}
    gaps |= {
        each.topup.company_slug: f"{each.topup.company_slug}: {each.why}"
        for each in unplayable
        if facts.is_told(each.at)
    }
    writer = Steps(facts, deeds, effects)
    created = {made for deed in told for made in _created(facts, deed)}
    given = [each for slug, each in known.items() if slug not in created]
    expected = [slug for slug in known if slug not in gaps]
    for each in given:
        writer.drafts.extend(each.steps())
    for place in range(len(told)):
        if (draft := writer.add(place)) is not None:
            _expect(draft, place, effects, [known[slug] for slug in expected], created)
    gaps |= {slug: f"{slug}: a step is left out" for slug in writer.left_out if slug not in gaps}
    drafts = _without_expectations(writer.drafts, writer.left_out)
    ends = [known[slug] for slug in expected if slug not in writer.left_out]
    drafts.append(_ending(facts, told, effects, ends, created))
    text = write(
        title=title or f"Recorded on {facts.began:%Y-%m-%d at %H:%M} UTC",
        companies=[(each.document(), _remarks(each, gaps)) for each in given],
        drafts=drafts,
    )
    return Recording(
        text=text,
        steps=sum(draft.do is not None for draft in drafts),
        companies=tuple(known),
        gaps=tuple(gaps.values()),
    )


def _involved(facts: Facts, deeds: Sequence[PerformedView]) -> list[CompanyView]:
    return list({company.slug: company for deed in deeds for company in companies_of(facts, deed)}.values())


def _created(facts: Facts, deed: PerformedView) -> set[str]:
    return {each.slug for each in companies_of(facts, deed)} if deed.name == "companies.create" else set()


def _expect(draft: Draft, place: int, effects: Effects, companies: Sequence[Before], created: set[str]) -> None:
    """What this step must bring about before the next one is played."""
    moved, turned = effects.moved(place), effects.turned(place)
    for each in companies:
        slug = each.company.slug
        if slug in moved | turned:
            start_cents = 0 if slug in created else each.money_cents
            balance = euros(effects.balance_after(place, slug, before_cents=start_cents))
            draft.expect.setdefault("balances", {})[slug] = balance
        if slug in turned:
            draft.expect.setdefault("topups", {})[slug] = effects.topups_after(place, slug)


def _without_expectations(drafts: list[Draft], left_out: set[str]) -> list[Draft]:
    """Of a company whose story has a gap, nothing is expected."""
    for draft in drafts:
        for part in ("balances", "topups"):
            rest = {slug: value for slug, value in draft.expect.get(part, {}).items() if slug not in left_out}
            if part in draft.expect:
                draft.expect[part] = rest
                if not rest:
                    del draft.expect[part]
    return drafts


def _ending(
    facts: Facts, told: Sequence[PerformedView], effects: Effects, companies: Sequence[Before], created: set[str]
) -> Draft:
    """Balances and states as they are once all has come of what is told. The ledger is proved in any case."""
    draft, last = Draft(expect={"ledger_check": "true"}), len(told) - 1
    called = {deed.ids.get("id") for deed in told if deed.name.startswith("calls.")}
    for each in companies:
        slug, is_new = each.company.slug, each.company.slug in created
        money_cents, bonus_cents = (0, 0) if is_new else (each.money_cents, each.bonus_cents)
        balance_cents = effects.balance_after(last, slug, before_cents=money_cents)
        draft.expect.setdefault("balances", {})[slug] = euros(balance_cents)
        if bonus_cents := effects.bonus_after(last, slug, before_cents=bonus_cents):
            draft.expect.setdefault("bonus", {})[slug] = euros(bonus_cents)
        if states := effects.topups_after(last, slug):
            draft.expect.setdefault("topups", {})[slug] = states
        calls = [call for call in facts.calls if call.company_slug == slug and call.id in called]
        if calls and not any(_is_touched_later(call, facts) for call in calls):
            draft.expect.setdefault("calls", {})[slug] = [_charge_status(call, last, effects) for call in calls]
    return draft


def _charge_status(call: CallView, last: int, effects: Effects) -> str:
    """As it was by then: a later credit may have paid it since."""
    was_unpaid = call.charge_status == "charged" and call.amount_cents and not effects.is_paid_after(last, call.id)
    return "unpaid" if was_unpaid else call.charge_status


def _is_touched_later(call: CallView, facts: Facts) -> bool:
    """Whether something was done to the call after the end: what it was by then is not known any more."""
    return any(deed.input.get("call") == call.id and not facts.is_told(deed.at) for deed in facts.deeds)


def _remarks(company: Before, gaps: dict[str, str]) -> list[str]:
    gap = gaps.get(company.company.slug)
    return [f"Nothing is expected of {gap}."] if gap else []
