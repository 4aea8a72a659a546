"""The console: what each key does, and how it starts and ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.command import Provider
from textual.screen import Screen

from devconsole import themes
from devconsole.console_commands import bindings
from devconsole.modes import MODES
from devconsole.moving import MovingSource
from devconsole.source import Address, Moved, RemoteSource
from devconsole.ways import Ways

if TYPE_CHECKING:
    from devconsole.playback import Playback
    from devconsole.wanted import Wanted


def _commands() -> type[Provider]:
    from devconsole.palette import ConsoleCommands

    return ConsoleCommands


class DevConsole(Ways):
    """A console on one server. Keys and palette end in its actions; what they do is in `Actions`."""

    TITLE = "devconsole"
    CSS_PATH = ["console.tcss", "screens/overview.tcss"]  # one style sheet later read is parsed with all others again
    COMMANDS = {_commands}
    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = MODES
    NOTIFICATION_TIMEOUT = 8

    @cached_property
    def playback(self) -> Playback:
        """The story that is played here, if one is."""
        from devconsole.demo.stage import OwnStages
        from devconsole.playback import Playback

        assert isinstance(self.source, MovingSource), "stories are played on servers of their own"
        return Playback(OwnStages(), move=self.source.move)

    async def on_unmount(self) -> None:
        if "playback" in vars(self):
            await self.playback.end()
        await self.source.close()

    def action_record_scenario(self) -> None:
        """Ask for the stretch; it begins with the selected event, if that is not just the newest."""
        from devconsole.screens.modals.record import RecordForm
        from relay.api import EventView

        def answered(wanted: Wanted | None) -> None:
            if wanted is not None:
                self.keep_story(wanted)

        selected, newest = self.actions.selected(EventView), next(iter(self.snapshot.events), None)
        chosen = selected is not None and newest is not None and selected.id != newest.id
        self.push_screen(RecordForm(event=selected.event_id if selected is not None and chosen else None), answered)

    def action_help(self) -> None:
        from devconsole.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    def action_switch_theme(self) -> None:
        self.theme = themes.LIGHT.name if self.current_theme.dark else themes.DARK.name
        if self._theme_file is not None:
            themes.remember(self._theme_file, self.theme)

    def action_simulate_call(self) -> None:
        self._act(self.actions.simulate_call)

    def action_top_up(self) -> None:
        self._act(self.actions.top_up)

    def action_checkout(self) -> None:
        self._act(self.actions.checkout)

    def action_drain(self) -> None:
        self._act(self.actions.drain)

    def action_auto_topup(self) -> None:
        self._act(self.actions.auto_topup)

    def action_check_auto_topup(self) -> None:
        self._act(self.actions.check_auto_topup)

    def action_adjust(self) -> None:
        self._act(self.record_actions.adjust)

    def action_withdraw(self) -> None:
        self._act(self.record_actions.withdraw)

    def action_limits(self) -> None:
        self._act(self.record_actions.limits)

    def action_mark_non_billable(self) -> None:
        self._act(self.record_actions.mark_non_billable)

    def action_why(self) -> None:
        self._act(self.record_actions.why)

    def action_report(self, name: str) -> None:
        self._act(lambda: self.record_actions.report(name))

    def action_record(self, name: str) -> None:
        self._act(lambda: self.record_actions.record(name))

    def action_create_company(self) -> None:
        self._act(self.actions.create_company)

    def action_end_call(self) -> None:
        self._act(self.actions.end_call)

    def action_refund_call(self) -> None:
        self._act(self.actions.refund_call)

    def action_refund_payment(self) -> None:
        self._act(self.actions.refund_payment)

    def action_cancel_topup(self) -> None:
        self._act(self.actions.cancel_topup)

    def action_trigger(self) -> None:
        self._act(self.actions.trigger)

    def action_replay(self) -> None:
        self._act(self.actions.replay)

    def action_explain_signature(self) -> None:
        self._act(self.actions.explain_signature)

    def action_replay_failed(self) -> None:
        self._act(self.actions.replay_failed)

    def action_reload_code(self) -> None:
        self._act(self.actions.reload_code)

    def action_rehearse(self) -> None:
        self._act(self.actions.rehearse)

    def action_edit_event(self) -> None:
        self._act(self.actions.edit_event)

    def action_mark_event(self) -> None:
        self._act(self.actions.mark_event)

    def action_compare(self) -> None:
        self._act(self.actions.compare)

    def action_trace(self) -> None:
        self._act(self.actions.trace)

    def action_doctor(self) -> None:
        self._act(self.actions.doctor)

    def action_check_ledger(self) -> None:
        self._act(self.actions.check_ledger)

    def action_reconcile(self) -> None:
        self._act(self.actions.reconcile)

    def action_tend_sandbox(self) -> None:
        self._act(self.actions.tend_sandbox)

    def action_move_clock(self) -> None:
        self._act(self.actions.move_clock)

    def action_show_digest(self) -> None:
        self._act(self.actions.show_digest)

    def action_test_mode(self) -> None:
        self._act(self.actions.test_mode)


def run(
    find: Callable[[], Address],
    *,
    find_again: Callable[[], Moved | None] | None = None,
    theme_file: Path | None = None,
) -> int:
    """Paint, then find or start the server with `find` (it blocks, in a thread), and stay until somebody quits.

    `find_again` is asked when the server does not answer any more. Returns the exit code. Raises what `find` raised,
    `Failure` or `RelayError`, after the terminal is itself again.
    """
    source = RemoteSource(find, find_again)
    console = DevConsole(MovingSource(source), theme_file=theme_file)
    source.tell = console.tell_of_server
    code = console.run()
    if console.stopped_by is not None:
        raise console.stopped_by
    return code or console.return_code or 0
