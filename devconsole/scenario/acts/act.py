"""What an act is: a typed request with a name, played by the runner and not by the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

if TYPE_CHECKING:
    from devconsole.scenario.scene import Scene


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all acts; the docstring of a subclass is its one line of help."""

    name: ClassVar[str]
    needs_own_server: ClassVar[bool] = False
    """Whether it makes sense only where the server is the story's own."""
    needs_virtual_time: ClassVar[bool] = False

    def play(self, scene: Scene) -> Any:
        """Do it; the answer is plain data. Raises `StepInvalid`, and `RelayError` for a refusal."""
        raise NotImplementedError
