"""Where to go in the console: from an id, or from a row of a list, to the screen that shows it in full."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from textual import work

from devconsole.shell import Shell

if TYPE_CHECKING:
    from devconsole.app import DevConsole
    from devconsole.destinations import Destinations
    from devconsole.record_actions import RecordActions
    from devconsole.wanted import Wanted
    from devconsole.widgets.event_list import EventList
    from relay.api import MakeInvoicePdf


class Ways(Shell):
    """Screens are imported when they are first shown."""

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

        return RecordActions(cast("DevConsole", self))

    def make_pdf(self, operation: MakeInvoicePdf) -> None:
        self._act(lambda: self.record_actions.make_pdf(operation))

    def export(self, name: str, content: bytes, *, title: str) -> None:
        """Write a file for the user and say where it lies."""
        self._act(lambda: self.record_actions.export(name, content, title=title))

    @cached_property
    def destinations(self) -> Destinations:
        from devconsole.destinations import Destinations

        return Destinations(cast("DevConsole", self))

    def open_row(self, row: object) -> None:
        """Show a row of any list in full."""
        self._act(lambda: self.destinations.open_row(row))

    def open_reference(self, reference: str) -> None:
        """Show what an id names, such as `topup_4`."""
        self._act(lambda: self.destinations.open_reference(reference))

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
