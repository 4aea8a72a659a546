"""What a step may do beside operations: acts at Stripe's side, events from elsewhere, the death of a server."""

from __future__ import annotations

from devconsole.scenario.acts.act import Act
from devconsole.scenario.acts.app import AskApp
from devconsole.scenario.acts.calls import TickCall
from devconsole.scenario.acts.checkout import AbandonCheckout, PayCheckout
from devconsole.scenario.acts.server import CrashServer, RestartServer
from devconsole.scenario.acts.stripe import PlayFixture, StripeRequest
from devconsole.scenario.acts.webhook import PostEvent

ACTS: dict[str, type[Act]] = {
    act.name: act
    for act in (
        PayCheckout,
        AbandonCheckout,
        TickCall,
        PostEvent,
        StripeRequest,
        PlayFixture,
        AskApp,
        RestartServer,
        CrashServer,
    )
}
"""By name; the docstring of each is its line of help."""

__all__ = ["ACTS", "Act"]
