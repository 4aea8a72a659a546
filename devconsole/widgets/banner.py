"""The two lines at the top: what this is connected to, and whether all is well."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from devconsole.format import count
from devconsole.looks import Tone, toned
from devconsole.store import Connection, Snapshot
from relay.api import StatusView

TABS = (
    ("1", "overview"),
    ("2", "events"),
    ("3", "companies"),
    ("4", "failures"),
    ("5", "cards"),
    ("6", "reports"),
    ("7", "records"),
    ("8", "forwards"),
    ("9", "faults"),
    ("0", "scenarios"),
)
"""The keys and names of the modes, in their order; where room lacks, the last ones are left to their keys."""
USUAL = 7
"""Tabs that stay in the narrowest terminal."""
SHORT = {"overview": "Live", "failures": "Failed"}
"""What tabs are called where not even those have room."""
LOOSE: tuple[tuple[str, dict[str, str]], ...] = (("   ", {}), ("  ", {}))
TIGHT: tuple[tuple[str, dict[str, str]], ...] = ((" ", {}), (" ", SHORT))
WIDE = 100

MODES = {"sandbox": "SANDBOX", "stripe_test": "STRIPE TEST"}

CONNECTIONS = {
    Connection.CONNECTING: ("○ connecting", Tone.ACCENT),
    Connection.LIVE: ("● live", Tone.GOOD),
    Connection.RECONNECTING: ("○ reconnecting", Tone.BAD),
}


WATCHED_UPSTREAMS = {"events_api": "Stripe", "stripe_cli": "The Stripe CLI"}
"""Those whose state is looked at all the time, as they are called in a sentence."""


class Banner(Widget):
    """First line: name, mode, test mode, webhook address, connection. Second: the modes; queue and ledger beside them,
    in a narrow terminal above them."""

    DEFAULT_CSS = "Banner { height: 2; padding: 0 1; background: $surface; }"
    ALLOW_SELECT: ClassVar[bool] = False

    snapshot: reactive[Snapshot] = reactive(Snapshot())
    mode: reactive[str] = reactive("overview")
    """Which tab is the current one."""

    def render(self) -> Content:
        width = self.content_size.width
        health, connection = self._health(width), self._connection()
        if width >= WIDE:
            first = _spread(self._identity(width - connection.cell_length - 1), connection, width)
            return Content("\n").join((first, _spread(self._tabs(width - health.cell_length - 1), health, width)))
        state = Content("  ").join((health, connection))
        first = _spread(self._identity(width - state.cell_length - 1), state, width)
        return Content("\n").join((first, self._tabs(width)))

    async def on_click(self, event: events.Click) -> None:
        if (mode := event.style.meta.get("mode")) is not None:
            await self.run_action(f"app.show({mode!r})")

    def _identity(self, width: int) -> Content:
        """Name, chips, and as much of the webhook's address as there is room for."""
        status = self.snapshot.status
        name = Content.styled("devconsole", "bold $foreground")
        if status is None:
            return name + "  a prepaid payment system to try things on"
        mode = _chip(MODES.get(status.mode, status.mode), "$text-primary on $panel")
        if self.snapshot.locked:
            lock = _chip("LOCKED", "$background on $error")
        else:
            lock = _chip("TEST MODE", "$text-success on $panel")
        head = Content.assemble(name, "  ", mode, " ", lock)
        url = status.webhook_url
        for address in (f"webhook {url}", url.partition("://")[2], url.split("/")[2]):
            whole = head + Content.assemble(toned(f"  {address}", Tone.MUTED))
            if whole.cell_length <= width:
                break
        return whole

    def _connection(self) -> Content:
        return Content.assemble(toned(*CONNECTIONS[self.snapshot.connection]))

    def _tabs(self, width: int) -> Content:
        """As many as stand loosely in a line, at least the usual ones and always the current one, however tightly."""
        shown = list(TABS)
        while True:
            tight = len(shown) <= USUAL
            for gap, names in LOOSE + (TIGHT if tight else ()):
                tabs = Content(gap).join(
                    self._tab(key, mode, names.get(mode, mode.capitalize())) for key, mode in shown
                )
                if tabs.cell_length <= width:
                    return tabs
            if tight:
                return tabs
            shown.remove(max((tab for tab in shown if tab[1] != self.mode), key=TABS.index))

    def _tab(self, key: str, mode: str, name: str) -> Content:
        style = "bold $foreground" if mode == self.mode else "$text-muted"
        tab = Content.assemble((f"{key} ", "$text-primary"), (name, style))
        if mode == "failures" and (failures := self._failures()):
            tab += Content.styled(f" {failures}", "bold $text-error")
        return tab.stylize(Style.from_meta({"mode": mode}))

    def _failures(self) -> int:
        return self.snapshot.status.failures if self.snapshot.status else 0

    def _health(self, width: int) -> Content:
        status = self.snapshot.status
        if status is None:
            return Content("")
        queue = toned(f"queue {status.queue_depth:,}", Tone.ACCENT if status.queue_depth else Tone.MUTED)
        ledger = {
            True: ("ledger ✓", Tone.GOOD),
            False: ("ledger ✗ broken", Tone.BAD),
            None: ("ledger unchecked", Tone.MUTED),
        }[status.ledger_ok]
        parts = [queue, "  " if width < WIDE else "   ", toned(*ledger)]
        if width >= WIDE:
            parts = [toned(count(status.events_total, "event") + "   ", Tone.MUTED), *parts]
        return Content.assemble(*parts)


def _chip(text: str, colours: str) -> Content:
    return Content.styled(f" {text} ", f"bold {colours}")


def _spread(left: Content, right: Content, width: int) -> Content:
    """One to the left, one to the right; the left one gives way."""
    room = max(0, width - right.cell_length - 1)
    if left.cell_length > room:
        left = left.truncate(room, ellipsis=True)
    return left + " " * (width - left.cell_length - right.cell_length) + right


class Notice(Widget):
    """A line below the banner while something is out of the ordinary: locked, or not connected."""

    DEFAULT_CSS = """
    Notice {
        height: auto; padding: 0 1; display: none; background: $warning 18%; color: $foreground;
        &.-shown { display: block; }
    }
    """

    snapshot: reactive[Snapshot] = reactive(Snapshot(), repaint=False)
    sentence: reactive[str] = reactive("", layout=True)

    def watch_snapshot(self, snapshot: Snapshot) -> None:
        self.sentence = notice(snapshot)

    def watch_sentence(self, sentence: str) -> None:
        self.set_class(bool(sentence), "-shown")

    def render(self) -> Content:
        return Content(self.sentence)


def notice(snapshot: Snapshot) -> str:
    """What is out of the ordinary, in a sentence; empty when nothing is."""
    if snapshot.connection is Connection.RECONNECTING:
        return "Connection lost. What you see is the last known state; trying to reconnect ..."
    if snapshot.locked and snapshot.status is not None:
        held = snapshot.status.test_mode.held_events
        waiting = f"{count(held, 'event')} held. " if held else ""
        return f"Locked: {snapshot.status.test_mode.reason} {waiting}Press m to turn test mode on."
    return troubled_upstream(snapshot.status)


def troubled_upstream(status: StatusView | None) -> str:
    """Which deliverer of events is down or silent, and why."""
    for upstream in status.upstreams if status is not None else ():
        if upstream.name in WATCHED_UPSTREAMS and upstream.state in ("down", "silent"):
            return f"{WATCHED_UPSTREAMS[upstream.name]} is {upstream.state}: {upstream.detail}"
    return ""
