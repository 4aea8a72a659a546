"""Playing against a server that runs already, as far as that makes sense: with companies of its own, in real time."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from devconsole.scenario.acts import ACTS
from devconsole.scenario.given import needs_own_server
from devconsole.scenario.inputs import declared_as
from devconsole.scenario.scene import Scene, Server
from devconsole.scenario.script import Script
from devconsole.scenario.story import Expect, Step
from relay.api import AdvanceClock, ListEvents, ShowClock, ShowStatus, SwitchTestMode
from relay.api.faults import SwitchFaultOn

NEEDS_SANDBOX = ("checkout.", "stripe.", "faults.")
SHARED = (SwitchTestMode.name, SwitchFaultOn.name)
"""What would disturb whoever else works on that server."""


def scene_against(script: Script, server: Server) -> Scene:
    """Names of companies get an ending of their own, so that a story can be played there again and again."""
    ending = secrets.token_hex(2)
    names = {company.slug: f"{company.slug}-{ending}" for company in script.story.given.companies}
    return Scene(server, script.folder, names=names, first_event=server.call(ListEvents(limit=1)).last_id)


def makes_no_sense(script: Script, server: Server) -> str | None:
    """Why a story cannot be played against this server, None when it can."""
    if (part := needs_own_server(script.story.given)) is not None:
        return f"it gives {part}, which needs a server of its own"
    clock, status = server.call(ShowClock()), server.call(ShowStatus())
    for step in script.story.steps:
        act = ACTS.get(step.do or "")
        if act is not None and act.needs_own_server:
            return f"{step.do} needs a server of its own"
        moves = step.until is not None or step.do == AdvanceClock.name or (act is not None and act.needs_virtual_time)
        if (moves or step.advance is not None) and not clock.virtual:
            return "it lets time pass, and that server runs on the clock of the machine"
        if step.do is not None and step.do.startswith(NEEDS_SANDBOX) and status.sandbox_url is None:
            return f"{step.do} needs the sandbox, and that server runs on Stripe's test mode"
        if step.do in SHARED:
            return f"{step.do} would disturb whoever else works there"
        if step.do is not None and declared_as(step.do) is None:
            return f"that server knows no {step.do}"
    return "it expects a digest, or counts deliveries of its own" if any(map(_counts, _expects(script))) else None


def _expects(script: Script) -> Iterator[Expect]:
    steps = (*script.story.steps, Step(expect=script.story.expect))
    return (step.expect for step in steps if step.expect is not None)


def _counts(expect: Expect) -> bool:
    return bool(expect.digest or expect.deliveries or expect.forwards)
