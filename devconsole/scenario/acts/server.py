"""The server itself: ended in order, or dead in the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devconsole.scenario.acts.act import Act

if TYPE_CHECKING:
    from devconsole.scenario.scene import Scene


class RestartServer(Act, frozen=True, kw_only=True):
    """End the server in order and start it again on the same home."""

    name = "server.restart"
    needs_own_server = True

    def play(self, scene: Scene) -> Any:
        assert scene.own is not None
        scene.own.restart()
        return {}


class CrashServer(Act, frozen=True, kw_only=True):
    """Start the server again from what was on disk at this moment, as after a power cut."""

    name = "server.crash"
    needs_own_server = True

    def play(self, scene: Scene) -> Any:
        assert scene.own is not None
        scene.own.crash()
        return {}
