"""Passing deliveries on to other applications: Stripe's bytes and headers, in order, tried again, nothing lost.

What a target answers never reaches the sender of the event. Everything is at least once: a target that took a
delivery a moment before this server died gets it again, with the same event id.
"""

from relay.forwarding.desk import Forwarding

__all__ = ["Forwarding"]
