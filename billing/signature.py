"""Signatures of webhook deliveries, as Stripe makes them: HMAC-SHA256 over `<t>.<raw body>`.

Nothing here can be switched off. What the official library refuses is refused, what it accepts is accepted, with one
exception: a header that is not ASCII is refused always, where the library breaks on it or not as the order of its parts
will have it. In addition the verdict says why, and what to do.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

TOLERANCE_S = 300
"""How old a signature may be. One from the future passes, as in the official library."""
_PIECE: Final = 2047
"""Bytes. Anything longer is hashed without the interpreter's lock, and then the event loop waits until a thread that
computes gives it back: far longer than the hash takes."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A signing secret that deliveries may be signed with. `label` says whose it is, and may be shown."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class SignatureVerdict:
    """What verification found.

    `reason_code` is one of `ok`, `signature_missing`, `no_secret`, `signature_malformed`, `signature_only_v0`,
    `signature_mismatch`, `timestamp_too_old`. `secret_label` names the secret that matched.
    """

    ok: bool
    secret_label: str | None
    reason_code: str
    reason: str
    remedy: str | None = None


_MISSING = SignatureVerdict(
    False,
    None,
    "signature_missing",
    "the request has no Stripe-Signature header",
    "Send it through `stripe listen` or the sandbox, or sign it with the endpoint's secret.",
)
_NO_SECRET = SignatureVerdict(
    False,
    None,
    "no_secret",
    "no signing secret is known, so nothing can be verified",
    "Set STRIPE_WEBHOOK_SECRET to the whsec_… value that `stripe listen --print-secret` shows.",
)
_MALFORMED = SignatureVerdict(
    False,
    None,
    "signature_malformed",
    "the Stripe-Signature header is not of the form t=<seconds>,v1=<hex>",
    "Forward the header unchanged: no spaces after the commas.",
)
_ONLY_V0 = SignatureVerdict(
    False,
    None,
    "signature_only_v0",
    "the Stripe-Signature header carries only a v0 signature, which proves nothing",
    "Forward the header unchanged: the v1 part counts.",
)
_MISMATCH = SignatureVerdict(
    False,
    None,
    "signature_mismatch",
    "no signature of the header matches the body under any known secret",
    "The secret is another one, or the body was changed on its way: compare STRIPE_WEBHOOK_SECRET with "
    "`stripe listen --print-secret` and forward the raw bytes.",
)


def verify(
    *, body: bytes, header: str | None, secrets: Sequence[Secret], now: datetime, tolerance_s: int = TOLERANCE_S
) -> SignatureVerdict:
    """Say whether `body` was signed with one of `secrets` at most `tolerance_s` seconds ago.

    Any v1 signature may match any secret: both sides can be rotating. Comparing takes the same time wherever it fails.
    """
    if not header:
        return _MISSING
    usable = [secret for secret in secrets if secret.value.strip(" \t\r\n\f\v")]
    if not usable:
        return _NO_SECRET
    if not header.isascii():
        return _MALFORMED
    try:
        parts = [part.split("=", 2) for part in header.split(",")]
        stamps = [part[1] for part in parts if part[0] == "t"]
        timestamp = int(stamps[0])
        signatures = [part[1].encode("ascii") for part in parts if part[0] == "v1"]
        message = b"%d.%b" % (timestamp, body)
    except (IndexError, ValueError):
        return _MALFORMED
    if not signatures:
        return _ONLY_V0 if any(part[0] == "v0" for part in parts) else _MALFORMED
    label = _matching(message, signatures, usable)
    if label is None:
        return _MISMATCH
    age_s = now.timestamp() - timestamp
    if age_s > tolerance_s:
        return _too_old(label, age_s, tolerance_s)
    return SignatureVerdict(True, label, "ok", f"signed with the secret of {label}")


def sign(body: bytes, secret: str, timestamp: int) -> str:
    """The `Stripe-Signature` header for `body`; `timestamp` is the time of sending, in seconds."""
    return f"t={timestamp},v1={_signature(b'%d.%b' % (timestamp, body), secret)}"


def _signature(message: bytes, secret: str) -> str:
    keyed = _keyed(secret).copy()
    for start in range(0, len(message), _PIECE):
        keyed.update(message[start : start + _PIECE])
    return keyed.hexdigest()


@lru_cache(maxsize=64)
def _keyed(secret: str) -> hmac.HMAC:
    return hmac.new(secret.encode(), digestmod="sha256")


def _matching(message: bytes, signatures: Sequence[bytes], secrets: Sequence[Secret]) -> str | None:
    for secret in secrets:
        expected = _signature(message, secret.value).encode()
        for signature in signatures:
            if hmac.compare_digest(expected, signature):
                return secret.label
    return None


def _too_old(label: str, age_s: float, tolerance_s: int) -> SignatureVerdict:
    return SignatureVerdict(
        False,
        label,
        "timestamp_too_old",
        f"signed {age_s:,.0f} s ago; at most {tolerance_s} s are accepted",
        "Send it again with a fresh signature, or set this machine's clock.",
    )
