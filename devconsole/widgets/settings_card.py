"""The automatic top-up of a company: its settings, what they have used up, and what they would do now."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from devconsole import looks
from devconsole.format import ABSENT, count, euros, relative, words
from devconsole.looks import Tone, toned
from devconsole.preview import as_saved, auto_topup_outlook
from relay.api import AutoTopupView, CompanyView


class SettingsCard(Widget):
    """Four lines; the last one says what would happen at the next check."""

    DEFAULT_CSS = "SettingsCard { height: auto; padding: 0 1; }"

    company: reactive[CompanyView | None] = reactive(None, layout=True)
    now: reactive[datetime | None] = reactive(None)

    def render(self) -> Content:
        company, now = self.company, self.now
        if company is None or now is None:
            return Content("")
        settings = company.auto_topup
        outlook = auto_topup_outlook(company, as_saved(settings), now=now)
        lines = [
            _rule(settings),
            _limits(settings),
            *_trouble(settings, now),
            Content.assemble(toned(outlook, Tone.PLAIN)),
        ]
        return Content("\n").join(lines)


def _rule(settings: AutoTopupView) -> Content:
    if not settings.enabled:
        key = Content.assemble(("a", "$text-primary"), (" sets it up", "$text-muted"))
        return Content.assemble(toned("off  ", Tone.STRONG), key)
    rule = f"{euros(settings.amount_cents)} when at most {euros(settings.threshold_cents)} are left"
    card = settings.payment_method_label or settings.payment_method or "no card saved"
    return Content.assemble(
        toned(f"{looks.ARMED} on  ", Tone.GOOD), toned(rule, Tone.STRONG), toned(f"  by {card}", Tone.MUTED)
    )


def _limits(settings: AutoTopupView) -> Content:
    used = (
        f"today {settings.daily_count} of {settings.daily_limit} · "
        f"this month {euros(settings.month_used_cents)} of {euros(settings.monthly_limit_cents)}"
    )
    return Content.assemble(toned(used, Tone.MUTED))


def _trouble(settings: AutoTopupView, now: datetime) -> list[Content]:
    if settings.disabled_reason:
        return [Content.assemble(toned(f"switched off by itself: {words(settings.disabled_reason)}", Tone.BAD))]
    if settings.failure_count:
        again = relative(settings.next_allowed_at, now=now)
        again = "at the next check" if again == ABSENT else again
        failed = f"{count(settings.failure_count, 'failure')} in a row, next try {again}; three switch it off"
        return [Content.assemble(toned(failed, Tone.WARN))]
    return []
