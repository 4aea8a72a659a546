"""The full screens that keys lead to, each imported when it is first shown: the first frame needs none of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.screen import Screen


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


MODES: dict[str, str | Callable[[], Screen[Any]]] = {
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
