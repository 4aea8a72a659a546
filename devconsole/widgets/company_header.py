"""Who a company is and what it has left, in two or three lines; a call in progress ticks in the last one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from devconsole import looks
from devconsole.format import amount, duration, euros, rate, remaining
from devconsole.looks import Tone, toned
from devconsole.preview import price_cents
from relay.api import BalanceView, CallView, CompanyView

RUNNING_SHOWN = 3
GAP = " " * 3


class CompanyHeader(Widget):
    """Name and level, the three balances and their sum, calls in progress with what they have cost so far."""

    DEFAULT_CSS = """
    CompanyHeader {
        height: auto; padding: 0 1; background: $surface; text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    company: reactive[CompanyView | None] = reactive(None, layout=True)
    running: reactive[tuple[CallView, ...]] = reactive((), layout=True)

    def __init__(self, now: Callable[[], datetime], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._now = now
        self._ticking: Timer | None = None

    def on_mount(self) -> None:
        self._ticking = self.set_interval(1.0, self.refresh, pause=not self.running)

    def watch_running(self, running: tuple[CallView, ...]) -> None:
        if self._ticking is not None:
            (self._ticking.resume if running else self._ticking.pause)()

    def render(self) -> Content:
        if (company := self.company) is None:
            return Content("…")
        width = self.content_size.width
        lines = [*_identity(company, width), *_figures(company.balance, width)]
        lines += [self._in_call(call) for call in self.running[:RUNNING_SHOWN]]
        return Content("\n").join(lines)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - the base's
        """What does not fit beside something stands below it, so the lines depend on the width."""
        if (company := self.company) is None:
            return 2
        lines = len(_identity(company, width)) + len(_figures(company.balance, width))
        return lines + min(len(self.running), RUNNING_SHOWN)

    def _in_call(self, call: CallView) -> Content:
        elapsed_s = max(0, int((self._now() - call.started_at).total_seconds()))
        so_far = price_cents(duration_s=elapsed_s, rate_e4_per_minute=call.rate_e4_per_minute)
        return Content.assemble(
            toned(f"{looks.IN_CALL} {duration(elapsed_s)}  ~{euros(so_far)} so far", Tone.ACCENT),
            toned("   e ends it", Tone.MUTED),
        )


def _identity(company: CompanyView, width: int) -> list[Content]:
    level = looks.level(company.balance)
    name, slug = Content.assemble(toned(company.name, Tone.STRONG)), Content.assemble(toned(company.slug, Tone.MUTED))
    who = [Content.assemble(name, "  ", slug)] if name.cell_length + 2 + slug.cell_length <= width else [name, slug]
    state = [Content.assemble(toned(str(level), level.tone))]
    if not company.prepaid_billing_enabled:
        state.append(Content.assemble(toned("prepaid billing off", Tone.WARN)))
    if not company.is_active:
        state.append(Content.assemble(toned("blocked: no top-ups", Tone.BAD)))
    lines = _flowing([*who, *state], width)
    terms = Content.assemble(toned(_terms(company, width), Tone.MUTED))
    room = width - lines[-1].cell_length - terms.cell_length
    return [*lines[:-1], Content.assemble(lines[-1], " " * room, terms)] if room >= len(GAP) else [*lines, terms]


def _flowing(parts: Sequence[Content], width: int) -> list[Content]:
    """Side by side as far as there is room, then below."""
    lines = [parts[0]]
    for part in parts[1:]:
        if lines[-1].cell_length + len(GAP) + part.cell_length <= width:
            lines[-1] = Content.assemble(lines[-1], GAP, part)
        else:
            lines.append(part)
    return lines


def _terms(company: CompanyView, width: int) -> str:
    customer = f"{company.stripe_customer_id} · " if width >= 110 and company.stripe_customer_id else ""
    return f"{customer}{rate(company.rate_e4_per_minute)}"


def _figures(balance: BalanceView, width: int) -> list[Content]:
    tone = looks.level(balance).tone
    parts: list[tuple[str, str] | str] = [
        toned("money ", Tone.MUTED),
        toned(amount(balance.balance_cents), Tone.BAD if balance.balance_cents < 0 else Tone.PLAIN),
        toned(" + bonus ", Tone.MUTED),
        toned(amount(balance.bonus_cents), Tone.PLAIN),
        toned(" − reserved ", Tone.MUTED),
        toned(amount(balance.reserved_cents), Tone.PLAIN),
        toned(" = ", Tone.MUTED),
        toned(euros(balance.effective_total_cents), Tone.STRONG),
    ]
    if width >= 100:
        parts = [toned(looks.bar(balance, 12), tone), "  ", *parts]
    calls = Content.assemble(toned(f"{remaining(balance.remaining_s)} of calls", Tone.MUTED))
    sum_ = Content.assemble(*parts)
    if sum_.cell_length + 2 + calls.cell_length <= width:
        return [Content.assemble(sum_, toned(", ", Tone.MUTED), calls)]
    return [sum_, calls]
