"""Events that did not come by themselves: noticed by asking Stripe's Events API, and put into the inbox.

No outsider can use this way in: what it stores was fetched by this server, over a connection of its own, with its key.
"""

from relay.backfill.watch import EventsWatch

__all__ = ["EventsWatch"]
