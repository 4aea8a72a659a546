"""The webhook's door: why a signature was accepted or not."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from relay.api.operation import Operation, Role, View


class SignatureExplanation(View, frozen=True, kw_only=True):
    """Why a delivery was or was not accepted, told by evidence."""

    cause: str
    """A member of `relay.signatures.causes.Cause`, such as `secret_retired` or `body_reencoded`."""
    certain: bool
    """True: a signature was found to match under this cause alone. False: the likeliest of what is left."""
    sentence: str
    evidence: tuple[str, ...]
    """What was tried and what was found, one sentence each."""
    remedy: str | None
    secret_label: str | None = None
    """Whose secret the signature was made with, where that was found."""


class ExplainSignature(Operation[SignatureExplanation], frozen=True, kw_only=True):
    """Explain why a signature is accepted or refused, with evidence and remedy."""

    name = "webhook.explain"
    role = Role.SUPPORT
    delivery: int | None = None
    """A delivery that was kept; otherwise the fields below are looked at."""
    header: Annotated[str, msgspec.Meta(max_length=8192)] | None = None
    """The value of the `Stripe-Signature` header."""
    body: Annotated[bytes, msgspec.Meta(max_length=1 << 19)] = b""
    """The raw body, in base64."""
    secret: Annotated[str, msgspec.Meta(max_length=512)] | None = None
    """The secret that was used to verify; without it, all that the server knows."""
    at: datetime | None = None
    """When it arrived; without it, now."""
