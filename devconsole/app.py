"""The console itself: what is known, who is asked, and how an action becomes an operation and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import work
from textual.app import App
from textual.binding import BindingType
from textual.command import Provider
from textual.screen import ModalScreen, Screen
from textual.signal import Signal
from textual.worker import Worker

from devconsole import themes
from devconsole.console_commands import bindings
from devconsole.moving import MovingSource
from devconsole.screens.overview import OverviewScreen
from devconsole.source import Address, Moved, RemoteSource, Source
from devconsole.store import Snapshot, Update

if TYPE_CHECKING:
    from billing.clock import Clock
    from devconsole.actions import Actions
    from devconsole.destinations import Destinations
    from devconsole.outcomes import Outcome
    from devconsole.playback import Playback
    from devconsole.record_actions import RecordActions
    from devconsole.wanted import Wanted
    from devconsole.widgets.event_list import EventList
    from relay.api import MakeInvoicePdf, Operation

R = TypeVar("R")
Then = Callable[[R], object]

# Imports inside of functions here serve the first frame: what it does not need is imported after it.


def _commands() -> type[Provider]:
    from devconsole.palette import ConsoleCommands

    return ConsoleCommands


def _events_screen() -> Screen[Any]:
    from devconsole.screens.events import EventsScreen

    return EventsScreen()


def _companies_screen() -> Screen[Any]:
    from devconsole.screens.companies import CompaniesScreen

    return CompaniesScreen()


def _failures_screen() -> Screen[Any]:
    from devconsole.screens.failures import FailuresScreen

    return FailuresScreen()


def _scenarios_screen() -> Screen[Any]:
    from devconsole.screens.scenarios import ScenariosScreen

    return ScenariosScreen()


def _reports_screen() -> Screen[Any]:
    from devconsole.screens.reports import ReportsScreen

    return ReportsScreen()


def _records_screen() -> Screen[Any]:
    from devconsole.screens.records import RecordsScreen

    return RecordsScreen()


def _cards_screen() -> Screen[Any]:
    from devconsole.screens.cards import CardsScreen

    return CardsScreen()


def _forwards_screen() -> Screen[Any]:
    from devconsole.screens.forwards import ForwardsScreen

    return ForwardsScreen()


def _faults_screen() -> Screen[Any]:
    from devconsole.screens.faults import FaultsScreen

    return FaultsScreen()


class DevConsole(App[int]):
    """A console on one server. It holds no business logic: forms return operations, the server carries them out.

    Screens other than the first are imported when they are first shown.
    """

    TITLE = "devconsole"
    CSS_PATH = ["console.tcss", "screens/overview.tcss"]  # one style sheet later read is parsed with all others again
    COMMANDS = {_commands}
    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    DEFAULT_MODE = "overview"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "events": _events_screen,
        "companies": _companies_screen,
        "failures": _failures_screen,
        "cards": _cards_screen,
        "scenarios": _scenarios_screen,
        "forwards": _forwards_screen,
        "faults": _faults_screen,
        "reports": _reports_screen,
        "records": _records_screen,
    }
    NOTIFICATION_TIMEOUT = 8

    def __init__(
        self,
        source: Source,
        *,
        clock: Clock | None = None,
        theme: str | None = None,
        theme_file: Path | None = None,
    ) -> None:
        """`theme` names the one to start with; otherwise it is the one that `theme_file` remembers."""
        super().__init__()
        self.source = source
        self.snapshot = Snapshot()
        """What is known now; replaced as a whole with each update."""
        self._clock = clock
        self.stopped_by: Exception | None = None
        """Why the console ended on its own: its server could not be started, or refuses it."""
        self.updates: Signal[Update] = Signal(self, "updates")
        """Every change of the snapshot. Screens subscribe when they are mounted."""
        for ours in themes.OURS:
            self.register_theme(ours)
        self._theme_file = theme_file
        self.theme = theme or themes.remembered(theme_file)

    # What is known.

    @cached_property
    def clock(self) -> Clock:
        if self._clock is not None:
            return self._clock
        from billing.clock import SystemClock

        return SystemClock()

    def now(self) -> datetime:
        return self.clock.now()

    def get_default_screen(self) -> Screen[Any]:
        return OverviewScreen()

    def on_mount(self) -> None:
        # A mode whose screen exists already: declared in `MODES`, its style sheets would be parsed twice at the start.
        self.add_mode(self.DEFAULT_MODE, OverviewScreen)
        self.call_after_refresh(self._follow)

    @work(group="follow")
    async def _follow(self) -> None:
        from devconsole.folding import Store
        from devconsole.live import Follower
        from devconsole.output import Failure
        from relay.errors import RelayError

        try:
            await Follower(self.source, Store(), self._publish).follow()
        except (RelayError, Failure) as error:
            self.stopped_by = error
            self.exit(return_code=1)

    def _publish(self, update: Update) -> None:
        self.snapshot = update.snapshot
        self.updates.publish(update)

    async def on_unmount(self) -> None:
        if "playback" in vars(self):
            await self.playback.end()
        await self.source.close()

    # What is done.

    @cached_property
    def playback(self) -> Playback:
        """The story that is played here, if one is."""
        from devconsole.demo.stage import OwnStages
        from devconsole.playback import Playback

        assert isinstance(self.source, MovingSource), "stories are played on servers of their own"
        return Playback(OwnStages(), move=self.source.move)

    @cached_property
    def actions(self) -> Actions:
        from devconsole.actions import Actions

        return Actions(self)

    def open_form(self, form: ModalScreen[Operation[Any] | None], then: Then[Any] | None = None) -> None:
        """Show a form; the operation that it returns is performed."""

        def answered(operation: Operation[Any] | None) -> None:
            if operation is not None:
                self.perform(operation, then)

        self.push_screen(form, answered)

    def perform(self, operation: Operation[R], then: Then[R] | None = None) -> Worker[None]:
        """Ask the server in the background, say in a sentence what came of it, then hand the answer to `then`."""
        return self.run_worker(self._perform(operation, then), group="perform", name=operation.name)

    async def _perform(self, operation: Operation[R], then: Then[R] | None) -> None:
        from devconsole.outcomes import failed, outcome
        from relay.errors import RelayError

        try:
            answer = await self.source.call(operation)
        except RelayError as error:
            self._say(failed(error))
        else:
            self._say(outcome(operation, answer))
            if then is not None:
                then(answer)

    def tell_of_server(self, says: str) -> None:
        """Something happened to the server itself."""
        self.notify(says[:1].upper() + says[1:], title="Server", severity="warning", timeout=20, markup=False)

    def _say(self, outcome: Outcome) -> None:
        self.notify(outcome.sentence, title=outcome.title, severity=outcome.severity, markup=False)

    def _act(self, action: Callable[[], Coroutine[Any, Any, None] | None]) -> None:
        """Carry out an action; one that has to ask the server first does so in the background."""
        if (asking := action()) is not None:
            self.run_worker(self._ask(asking), group="ask", exclusive=True)

    async def _ask(self, asking: Coroutine[Any, Any, None]) -> None:
        from devconsole.outcomes import failed
        from relay.errors import RelayError

        try:
            await asking
        except RelayError as error:
            self._say(failed(error))

    @work(group="record", exclusive=True)
    async def keep_story(self, wanted: Wanted) -> None:
        """Record a scenario beside the server's data, and say where."""
        from devconsole.outcomes import failed
        from devconsole.output import Failure
        from devconsole.recorded import keep_recording
        from relay.errors import RelayError

        try:
            path, gaps = await keep_recording(self.source, wanted)
        except RelayError as error:
            self._say(failed(error))
        except (Failure, OSError) as error:
            self.notify(str(error), title="Not recorded", severity="warning", markup=False)
        else:
            told = "\n".join([f"devconsole scenario run {path}", *(f"nothing is expected of {gap}" for gap in gaps)])
            self.notify(told, title="Recorded as a scenario", markup=False)

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

    # Where to go.

    def action_show(self, mode: str) -> None:
        self.switch_mode(mode)

    def open_event(self, event: str, among: EventList | None = None) -> None:
        """Show an event in full; `among` is the list whose neighbours left and right lead to."""
        from devconsole.screens.event_detail import EventDetailScreen

        self.push_screen(EventDetailScreen(event, among=among))

    def open_delivery(self, delivery: int) -> None:
        """Show one delivery to the webhook in full, also one that was rejected."""
        from devconsole.screens.delivery import DeliveryScreen

        self.push_screen(DeliveryScreen(delivery))

    def open_forward(self, forward: int) -> None:
        """Show one delivery to one application in full."""
        from devconsole.screens.forward import ForwardScreen

        self.push_screen(ForwardScreen(forward))

    def open_comparison(self, left: str, right: str | None = None) -> None:
        """Show what is not the same in two events, deliveries or attempts."""
        from devconsole.screens.comparison import ComparisonScreen

        self.push_screen(ComparisonScreen(left, right))

    def open_if_rehearsed(self, answer: object) -> None:
        """Show the answer of a dry run; any other needs no screen."""
        from devconsole.screens.rehearsal import RehearsalScreen
        from relay.api import Rehearsal

        if isinstance(answer, Rehearsal):
            self.push_screen(RehearsalScreen(answer))

    def open_company(self, company: str) -> None:
        """Show a company, named by its slug, in full."""
        from devconsole.screens.company import CompanyScreen

        self.push_screen(CompanyScreen(company))

    @cached_property
    def record_actions(self) -> RecordActions:
        from devconsole.record_actions import RecordActions

        return RecordActions(self)

    def make_pdf(self, operation: MakeInvoicePdf) -> None:
        self._act(lambda: self.record_actions.make_pdf(operation))

    def export(self, name: str, content: bytes, *, title: str) -> None:
        """Write a file for the user and say where it lies."""
        self._act(lambda: self.record_actions.export(name, content, title=title))

    @cached_property
    def destinations(self) -> Destinations:
        from devconsole.destinations import Destinations

        return Destinations(self)

    def open_row(self, row: object) -> None:
        """Show a row of any list in full."""
        self._act(lambda: self.destinations.open_row(row))

    def open_reference(self, reference: str) -> None:
        """Show what an id names, such as `topup_4`."""
        self._act(lambda: self.destinations.open_reference(reference))

    def action_help(self) -> None:
        from devconsole.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    def action_switch_theme(self) -> None:
        self.theme = themes.LIGHT.name if self.current_theme.dark else themes.DARK.name
        if self._theme_file is not None:
            themes.remember(self._theme_file, self.theme)

    # Keys and palette end here; what they do is in `Actions`.

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
