"""Which rejected deliveries may be sent again with a fresh signature of our own.

A forged body must not become a right one because somebody asked: only what a known secret vouches for is signed anew.
"""

from __future__ import annotations

from typing import Final

from billing.inbox import EventHead, read_head
from relay.api.webhook import SignatureExplanation
from relay.signatures import Cause

AUTHENTIC: Final = frozenset(
    {
        Cause.TIMESTAMP_TOO_OLD,
        Cause.CLOCK_AHEAD,
        Cause.HEADER_REFORMATTED,
        Cause.SECRET_RETIRED,
        Cause.SECRET_WHITESPACE,
        Cause.SECRET_MANGLED,
        Cause.BODY_REENCODED,
    }
)
"""Causes under which a signature was found to match all the same: the sender knew a secret, and said just this."""


def is_resendable(explanation: SignatureExplanation | None, body: bytes) -> bool:
    """Whether a known secret vouches for the body, and it is all there."""
    if explanation is None or not explanation.certain or explanation.cause not in AUTHENTIC:
        return False
    return isinstance(read_head(body), EventHead)
