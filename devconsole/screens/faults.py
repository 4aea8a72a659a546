"""The fault lab: what can go wrong, trying it out in a world of its own, and switching it on in the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from devconsole.format import count
from devconsole.lab.child import LabFailed, run_in_child
from devconsole.lab.listing import all_faults
from devconsole.looks import Tone, toned
from devconsole.screens.live import LiveScreen
from devconsole.store import Update
from devconsole.widgets.fault_list import VERDICTS, FaultList, FaultRow
from devconsole.widgets.pane import Pane
from devconsole.widgets.row_list import RowList
from relay.api import FaultView, FeedKind, ListFaults, SwitchFaultOn, SwitchFaultsOff
from relay.errors import RelayError

Lab = Callable[[list[str]], AsyncIterator[dict[str, Any]]]

TELLING = frozenset({FeedKind.DELIVERY, FeedKind.TOPUP, FeedKind.STATUS})
"""Changes after which a fault may have done its work."""
RELOAD_EVERY_S = 0.5
INVARIANTS = {
    "settled": "Everything comes to an end by itself",
    "ledger": "Every balance is the sum of its rows",
    "balances": "Every balance is as if nothing had happened",
    "acknowledged": "Nothing that was acknowledged is lost",
    "charged_once": "Each card was charged once",
}


class FaultsScreen(LiveScreen):
    """The list above, the selected fault with what the lab found below."""

    CSS_PATH = "faults.tcss"
    AUTO_FOCUS = "#faults-list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "try_one", "Try out", id="faults.try", tooltip="In a world of its own; your data is not touched"),
        Binding("R", "try_all", "Try all", id="faults.try-all", tooltip="Every fault of the lab, one by one"),
        Binding("s", "switch", "Switch", id="faults.switch", tooltip="On or off in the sandbox of this server"),
        Binding("S", "all_off", "All off", id="faults.all-off", tooltip="Switch off every fault of the sandbox"),
        Binding("escape", "stop", "Stop", id="faults.stop", tooltip="End the lab"),
    ]
    mode_name = "faults"

    pane = getters.query_one("#faults", Pane)
    faults = getters.query_one("#faults-list", FaultList)
    shown = getters.query_one("#fault", Static)

    def __init__(self, lab: Lab | None = None) -> None:
        super().__init__()
        self._lab: Lab = lab or run_in_child
        self._outdated = asyncio.Event()
        self._lab_runs = False

    def compose_body(self) -> ComposeResult:
        yield Pane("Faults", FaultList(id="faults-list"), id="faults")
        with VerticalScroll(id="fault-scroll", can_focus=False):
            yield Static(id="fault", markup=False)

    def on_mount(self) -> None:
        self.faults.rows = tuple(FaultRow(line) for line in all_faults())
        self._load_switches()

    def paint(self, update: Update) -> None:
        if update.reloaded or update.kinds & TELLING:
            self._outdated.set()

    # The sandbox.

    @work(exclusive=True, group="faults")
    async def _load_switches(self) -> None:
        """Ask which are on, after each change that may have used one up."""
        while True:
            await self._outdated.wait()
            self._outdated.clear()
            try:
                switches = {row.name: row for row in (await self.console.source.call(ListFaults())).rows}
            except RelayError:
                switches = {}  # this server has no sandbox, or does not answer
            self.faults.rows = tuple(replace(row, switch=switches.get(row.line.name)) for row in self.faults.rows)
            self.refresh_bindings()
            await asyncio.sleep(RELOAD_EVERY_S)

    def action_switch(self) -> None:
        if (row := self.faults.selected) is None or row.switch is None:
            return
        name = row.line.name
        if row.switch.on:
            self.console.perform(SwitchFaultsOff(fault=name), self._switched)
        else:
            self.console.perform(SwitchFaultOn(fault=name), self._switched)

    def action_all_off(self) -> None:
        self.console.perform(SwitchFaultsOff(), self._switched)

    def _switched(self, _answer: object) -> None:
        self._outdated.set()

    # The lab.

    def action_try_one(self) -> None:
        if (row := self.faults.selected) is not None and row.line.lab:
            self._try([row.line.name])

    def action_try_all(self) -> None:
        self._try([row.line.name for row in self.faults.rows if row.line.lab])

    @work(exclusive=True, group="lab")
    async def _try(self, names: list[str]) -> None:
        self._set({name: FaultRowState("waiting" if len(names) > 1 else "running") for name in names})
        self._tell_progress(True, f"trying out {count(len(names), 'fault')} …")
        results: list[dict[str, Any]] = []
        try:
            async with aclosing(self._lab(names)) as lab:  # type: ignore[type-var]
                async for result in lab:
                    results.append(result)
                    self._set({"+".join(result["faults"]): FaultRowState(result["verdict"], result)})
                    self._tell_progress(True, f"{len(results)} of {count(len(names), 'fault')} tried out")
        except LabFailed as error:
            self.notify(str(error), title="The lab failed", severity="error", markup=False)
        finally:
            done = {"+".join(result["faults"]) for result in results}
            self._set({name: FaultRowState(None) for name in names if name not in done})
            self._tell_progress(False, _summary(results))

    def _set(self, states: dict[str, FaultRowState]) -> None:
        self.faults.rows = tuple(
            replace(row, state=found.state, result=found.result) if (found := states.get(row.line.name)) else row
            for row in self.faults.rows
        )

    def _tell_progress(self, is_running: bool, note: str) -> None:
        self._lab_runs = is_running
        if self.is_mounted:
            self.pane.note = note
            self.refresh_bindings()

    def action_stop(self) -> None:
        self.workers.cancel_group(self, "lab")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return super().check_action(action, parameters)
        selected = self.faults.selected
        if action == "switch":
            return selected is not None and selected.switch is not None
        if action == "all_off":
            return any(row.switch is not None and row.switch.on for row in self.faults.rows)
        if action == "try_one":
            return selected is not None and selected.line.lab and not self._lab_runs
        if action == "try_all":
            return not self._lab_runs
        if action == "stop":
            return self._lab_runs
        return super().check_action(action, parameters)

    @on(RowList.Highlighted, "#faults-list")
    def _fault_highlighted(self, message: RowList.Highlighted) -> None:
        row: FaultRow | None = message.row
        self.shown.update(Content("") if row is None else in_full(row))
        self.refresh_bindings()

    @on(RowList.Opened, "#faults-list")
    def _fault_opened(self) -> None:
        if self.check_action("try_one", ()):
            self.action_try_one()


class FaultRowState:
    """What an experiment says of one row."""

    def __init__(self, state: str | None, result: dict[str, Any] | None = None) -> None:
        self.state, self.result = state, result


def in_full(row: FaultRow) -> Content:
    """What it is, and what the lab found: each invariant with its verdict."""
    line = row.line
    lines = [
        Content.assemble(toned(f"{line.title}. ", Tone.STRONG), toned(line.what_happens, Tone.PLAIN)),
    ]
    if (result := row.result) is not None:
        look = VERDICTS[result["verdict"]]
        how = "; ".join(result["how"])
        lines.append(
            Content.assemble(toned(f"{look}", look.tone), toned(f"  seed {result['seed']}: {how}", Tone.MUTED))
        )
        for name, invariant in result["invariants"].items():
            mark, tone = ("✓", Tone.GOOD) if invariant["held"] else ("✗", Tone.BAD)
            seen = f": {invariant['seen']}" if invariant["seen"] else ""
            lines.append(
                Content.assemble(toned(f"{mark} ", tone), toned(f"{INVARIANTS.get(name, name)}{seen}", Tone.PLAIN))
            )
    elif line.lab:
        lines.append(Content.assemble(toned("r tries it out on a server and a sandbox of its own.", Tone.MUTED)))
    if row.switch is not None:
        lines.append(Content.assemble(toned(_switch_line(row.switch), Tone.WARN if row.switch.on else Tone.MUTED)))
    return Content("\n").join(lines)


def _switch_line(switch: FaultView) -> str:
    hits = "requests to Stripe" if switch.hits == "api" else "deliveries to us"
    if not switch.on:
        return f"s lets the next of the {hits} run into it, on this server."
    times = "The next one" if switch.times_left == 1 else f"The next {switch.times_left:,}"
    return f"{times} of the {hits} will run into it."


def _summary(results: list[dict[str, Any]]) -> str:
    if not results:
        return ""
    held = sum(result["verdict"] == "held" for result in results)
    broken = sum(result["verdict"] == "broken" for result in results)
    return f"{held} held, {broken} broken"
