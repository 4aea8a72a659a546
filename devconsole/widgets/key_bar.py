"""The line at the bottom: the keys that do something here and now, as many as fit."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget

LAST = ("app.help", "app.quit")
"""Always shown, at the right end."""


class KeyBar(Widget):
    """Nearest keys first: of the focused widget, of the screen, of the app. Each can be clicked."""

    DEFAULT_CSS = "KeyBar { dock: bottom; height: 1; padding: 0 1; background: $footer-background; }"
    ALLOW_SELECT: ClassVar[bool] = False

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if screen is self.screen:
            self.refresh()

    def render(self) -> Content:
        shown = {
            binding.id or binding.action: self._key(self.app.get_key_display(binding), binding.key, binding.description)
            for _, binding, enabled, _ in self.screen.active_bindings.values()
            if binding.show and enabled
        }
        right = Content("  ").join(shown.pop(name) for name in LAST if name in shown)
        left, room = Content(""), self.content_size.width - right.cell_length - 2
        for key in shown.values():
            longer = left + key if not left else left + "  " + key
            if longer.cell_length > room:
                break
            left = longer
        return left + " " * max(0, room + 2 - left.cell_length) + right

    def _key(self, display: str, key: str, description: str) -> Content:
        text = Content.assemble((display, "bold $footer-key-foreground"), " ", (description, "$text-muted"))
        return text.stylize(Style.from_meta({"@click": f"app.simulate_key({key!r})"}))
