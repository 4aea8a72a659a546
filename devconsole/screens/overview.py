"""Everything at one glance: what arrived, what is left, what calls cost, what the automatic top-up decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult

from devconsole.screens.live import LiveScreen

if TYPE_CHECKING:
    from devconsole.screens.overview_panes import OverviewPanes
    from devconsole.store import Update


class OverviewScreen(LiveScreen):
    """The home screen. Banner and keys are its first frame; the lists follow with the second."""

    _panes: OverviewPanes | None = None

    def compose_body(self) -> ComposeResult:
        return ()

    def on_mount(self) -> None:
        self.call_after_refresh(self._mount_panes)

    async def _mount_panes(self) -> None:
        from devconsole.screens.overview_panes import OverviewPanes  # takes as long as the first frame itself

        panes = OverviewPanes(self.console)
        await self.mount(panes)
        panes.events.focus()
        self._panes = panes
        self.show_all()

    def is_ready(self) -> bool:
        return self._panes is not None

    def paint(self, update: Update) -> None:
        assert self._panes is not None, "painted only when ready"
        self._panes.paint(update)
