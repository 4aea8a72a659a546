"""The command palette: every action of the console by name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from devconsole.console_commands import COMMANDS, ConsoleCommand


class ConsoleCommands(Provider):
    """Finds commands by their title; without a search it lists them all, in the order of the help screen."""

    async def discover(self) -> Hits:
        for command in _offered():
            yield DiscoveryHit(_title(command), self._run(command), help=command.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in _offered():
            if (score := matcher.match(command.title)) > 0:
                yield Hit(score, matcher.highlight(_title(command)), self._run(command), help=command.help)

    def _run(self, command: ConsoleCommand) -> IgnoreReturnCallbackType:
        return partial(self.app.run_action, command.action)


def _offered() -> Iterable[ConsoleCommand]:
    return (command for command in COMMANDS if command.action != "command_palette")


def _title(command: ConsoleCommand) -> str:
    return f"{command.title}  ({command.key})" if command.key and len(command.key) == 1 else command.title
