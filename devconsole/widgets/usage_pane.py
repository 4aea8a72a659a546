"""What the calls of one company were and cost: figures, a chart by day, the numbers that cost most."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from devconsole.format import amount, count, duration, euros
from devconsole.looks import Tone, toned
from devconsole.refresher import Refresher
from devconsole.reports.chart import Bar, Chart
from devconsole.widgets.chart import ChartView
from relay.api import ShowUsage, UsageView
from relay.errors import RelayError

DAYS = 30


class UsagePane(Vertical):
    """The last thirty days, by the company's own calendar."""

    DEFAULT_CSS = """
    UsagePane {
        height: auto; margin-top: 1;
        & > Static { height: auto; }
        & > ChartView { height: 8; margin: 1 0; padding: 0; }
    }
    """

    usage: reactive[UsageView | None] = reactive(None, init=False)

    def __init__(self, call: Callable[[ShowUsage], Awaitable[UsageView]], *, company: str) -> None:
        super().__init__()
        self._call, self._company = call, company
        self._refresher = Refresher(self._load_usage)

    def compose(self) -> ComposeResult:
        yield Static(id="usage-figures", markup=False)
        yield ChartView()
        yield Static(id="usage-numbers", markup=False)

    def on_mount(self) -> None:
        self.run_worker(self._refresher.run(), group="usage")

    def look(self) -> None:
        self._refresher.outdated()

    async def _load_usage(self) -> None:
        try:
            self.usage = await self._call(ShowUsage(company=self._company, days=DAYS))
        except RelayError:
            return  # the notice says that the connection is lost; with the reload it is asked again

    def watch_usage(self, usage: UsageView) -> None:
        self.query_one("#usage-figures", Static).update(figures(usage))
        self.query_one(ChartView).chart = chart(usage) if usage.calls else None
        self.query_one("#usage-numbers", Static).update(numbers(usage))


def figures(usage: UsageView) -> Content:
    """All calls of the span in a line."""
    head = toned(f"Last {len(usage.by_day)} days  ", Tone.STRONG)
    if not usage.calls:
        return Content.assemble(head, toned("no call has ended", Tone.MUTED))
    parts = [
        head,
        toned(f"{count(usage.calls, 'call')}, {duration(usage.talked_s)} for {euros(usage.cost_cents)}", Tone.PLAIN),
        toned(f"; a call {duration(usage.average_s)} for {euros(usage.average_cents)}", Tone.MUTED),
    ]
    if usage.refunded_cents:
        parts.append(toned(f"; {euros(usage.refunded_cents)} given back", Tone.WARN))
    return Content.assemble(*parts)


def chart(usage: UsageView) -> Chart:
    """What calls cost, by day."""
    bars = tuple(Bar(f"{each.day:%m-%d}", each.cost_cents, amount(each.cost_cents)) for each in usage.by_day)
    return Chart(bars=bars, upright=True, caption="EUR a day", read=lambda cents: amount(round(cents)))


def numbers(usage: UsageView) -> Content:
    """Called numbers, the dearest first."""
    lines = [
        Content.assemble(
            toned(f"{each.number:<20}", Tone.PLAIN),
            toned(f"{count(each.calls, 'call'):>12}  {duration(each.talked_s):>9}", Tone.MUTED),
            toned(f"  {euros(each.cost_cents):>14}", Tone.STRONG),
        )
        for each in usage.top_numbers
    ]
    return Content("\n").join([Content.assemble(toned("Numbers called", Tone.MUTED)), *lines]) if lines else Content("")
