"""Puts a recording together: given, steps with what each of them must bring about, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from devconsole.scenario.recording.draft import Draft, euros
from devconsole.scenario.recording.effects import Effects
from devconsole.scenario.recording.facts import Call, Facts, gather
from devconsole.scenario.recording.given import Before, before
from devconsole.scenario.recording.payments import payments_on_pages
from devconsole.scenario.recording.steps import Steps, companies_of
from devconsole.scenario.recording.text import write
from relay.api import CompanyView, PerformedView


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A story as text, and what it does not tell."""

    text: str
    steps: int
    companies: tuple[str, ...]
    gaps: tuple[str, ...]
    """What could not be told; of the companies concerned nothing is expected."""


def record(call: Call, *, since: datetime | None, last: int | None, title: str | None) -> Recording:
    """Record what was done since a moment, or the last few operations, or all. Raises `Failure` and `RelayError`."""
    facts = gather(call, since=since, last=last)
    paid, unplayable = payments_on_pages(facts)
    deeds = sorted([*facts.deeds, *paid], key=lambda deed: deed.at)
    effects, involved = Effects(facts, deeds), _involved(facts, deeds)
    known = {company.slug: before(facts, company) for company in involved}
    gaps = {slug: f"{slug}: {each.unlike[0]}" for slug, each in known.items() if each.unlike}
    gaps |= {slug: f"{slug}: {why}" for slug, why in effects.strangers.items()}
    gaps |= {each.topup.company_slug: f"{each.topup.company_slug}: {each.why}" for each in unplayable}
    writer = Steps(facts, deeds, effects)
    created = {made for deed in facts.deeds for made in _created(facts, deed)}
    given = [each for slug, each in known.items() if slug not in created]
    told = [slug for slug in known if slug not in gaps]
    for each in given:
        writer.drafts.extend(each.steps())
    for place in range(len(deeds)):
        if (draft := writer.add(place)) is not None:
            _expect(draft, place, effects, [known[slug] for slug in told], created)
    gaps |= {slug: f"{slug}: a step is left out" for slug in writer.left_out if slug not in gaps}
    drafts = _without_expectations(writer.drafts, writer.left_out)
    drafts.append(_ending(facts, deeds, effects, [known[slug] for slug in told if slug not in writer.left_out]))
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


def _ending(facts: Facts, deeds: Sequence[PerformedView], effects: Effects, companies: Sequence[Before]) -> Draft:
    """Balances and states as they are now. Without anything to expect the ledger is proved all the same."""
    draft = Draft(expect={"ledger_check": "true"})
    called = {deed.ids.get("id") for deed in deeds if deed.name.startswith("calls.")}
    for each in companies:
        slug, now = each.company.slug, each.company.balance
        draft.expect.setdefault("balances", {})[slug] = euros(now.balance_cents)
        if now.bonus_cents:
            draft.expect.setdefault("bonus", {})[slug] = euros(now.bonus_cents)
        if states := effects.topups_after(len(deeds), slug):
            draft.expect.setdefault("topups", {})[slug] = states
        calls = [call for call in facts.calls if call.company_slug == slug and call.id in called]
        if calls:
            draft.expect.setdefault("calls", {})[slug] = [call.charge_status for call in calls]
    return draft


def _remarks(company: Before, gaps: dict[str, str]) -> list[str]:
    gap = gaps.get(company.company.slug)
    return [f"Nothing is expected of {gap}."] if gap else []
