"""The line at the bottom: the keys that do something here and now, as many as fit."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget

FIRST = ("demo.pause", "demo.next", "demo.faster", "demo.slower", "demo.again", "demo.projector")
"""Whoever presents a demo reaches for these."""
LAST = ("app.palette", "app.help", "app.quit")
"""Always at the right end; the palette only where all keys fit."""


class KeyBar(Widget):
    """Nearest keys first: of the focused widget, of the screen, of the app. Each can be clicked."""

    DEFAULT_CSS = "KeyBar { dock: bottom; height: 1; padding: 0 1; background: $footer-background; }"
    ALLOW_SELECT: ClassVar[bool] = False

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if screen is self.screen:
            self.refresh()

    async def on_click(self, event: events.Click) -> None:
        if (key := event.style.meta.get("key")) is not None:
            await self.run_action(f"app.simulate_key({key!r})")

    def render(self) -> Content:
        shown = {
            binding.id or binding.action: self._key(self.app.get_key_display(binding), binding.key, binding.description)
            for _, binding, enabled, _ in self.screen.active_bindings.values()
            if binding.show and enabled
        }
        width = self.content_size.width
        loose = sum(key.cell_length + 2 for key in shown.values()) <= width
        last = [key for name in LAST if (key := shown.pop(name, None)) is not None][not loose :]
        gap = "  " if loose else " "
        right = Content(gap).join(last)
        first = [key for name in FIRST if (key := shown.pop(name, None)) is not None]
        left = _as_many_as_fit((*first, *shown.values()), gap, width - right.cell_length - 2)
        return left + " " * max(0, width - left.cell_length - right.cell_length) + right

    def _key(self, display: str, key: str, description: str) -> Content:
        text = Content.assemble((display, "bold $footer-key-foreground"), " ", (description, "$text-muted"))
        return text.stylize(Style.from_meta({"key": key}))


def _as_many_as_fit(keys: tuple[Content, ...], gap: str, width: int) -> Content:
    line = Content("")
    for key in keys:
        longer = Content.assemble(line, gap, key) if line else key
        if longer.cell_length > width:
            break
        line = longer
    return line
