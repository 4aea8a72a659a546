"""The named faults of `fixtures`, switched on and off at the sandbox that this server runs."""

from __future__ import annotations

from collections.abc import Sequence

from billing.errors import Refused
from fixtures.faults import BY_NAME, FAULTS, NamedFault
from fixtures.sandbox.faults import Fault
from fixtures.sandbox.rules import Faults, Rule
from relay.api import FaultView


class SandboxFaults:
    """What `faults.*` operations act on."""

    def __init__(self, rules: Faults) -> None:
        self._rules = rules

    def faults(self) -> Sequence[FaultView]:
        on = {rule.fault.name: rule for rule in self._rules.rules()}
        return [_view(fault, on.get(fault.name)) for fault in FAULTS]

    def switch_on(
        self,
        name: str,
        *,
        times: int,
        only: str | None = None,
        contains: str | None = None,
        seconds: float | None = None,
        probability: float | None = None,
    ) -> None:
        """Replaces the rule of this name that may still be on. Raises `Refused` when there are too many rules."""
        wanted = {"path": only, "contains": contains, "seconds": seconds, "probability": probability}
        given = {field: value for field, value in wanted.items() if value is not None}
        self.switch_off(name)
        try:
            self._rules.add(BY_NAME[name].armed(name=name, times=times, **given))
        except ValueError as error:
            raise Refused(str(error), remedy="Switch some of them off.") from error

    def switch_off(self, name: str | None = None) -> None:
        if name is None:
            self._rules.clear()
        else:
            self._rules.drop(name)


def _view(named: NamedFault, rule: Rule | None) -> FaultView:
    return FaultView(
        name=named.name,
        area=named.area,
        title=named.title,
        what_happens=named.what_happens,
        hits=named.hits,
        on=rule is not None,
        hit=rule.hits if rule else 0,
        times_left=(rule.fault.times or 0) - rule.hits if rule else 0,
        only=_narrowed(rule.fault) if rule else None,
    )


def _narrowed(fault: Fault) -> str | None:
    parts = ([fault.path] if fault.path != "*" else []) + ([f"with {fault.contains}"] if fault.contains else [])
    return ", ".join(parts) or None
