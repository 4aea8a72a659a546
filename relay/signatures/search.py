"""Trying keys and readings of the body against the signatures of a header.

Nothing is accepted by what is found here, so comparing need not take the same time everywhere.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from billing.signature import Secret
from relay.signatures.causes import Cause
from relay.signatures.encodings import readings
from relay.signatures.evidence import Evidence, masked
from relay.signatures.spellings import spellings

READ_MAX = 1 << 16
"""Bytes; longer bodies are tried as they came, not in other encodings: Stripe's events have a few thousand."""


@dataclass(frozen=True, slots=True)
class Found:
    """A key and bytes that make one of the header's signatures."""

    cause: Cause
    sentence: str
    secret_label: str


class Search:
    """One header's timestamp and signatures, and how many ways were tried to make one of them."""

    def __init__(self, case: Evidence, timestamp: int, signatures: Sequence[str]) -> None:
        self._case = case
        self._timestamp = timestamp
        self._signatures = frozenset(signature.lower() for signature in signatures)
        self._written = frozenset(signatures)
        self.tried = 0

    def find(self) -> Found | None:
        """The first explanation that fits, the simplest first."""
        return next(self._all(), None)

    def made(self, secret: str, body: bytes) -> bool:
        """Whether `secret` over `body` makes one of the signatures."""
        return self._matches(secret.encode("utf-8", "surrogateescape"), body)

    def _all(self) -> Iterator[Found]:
        secrets, body = self._case.secrets, self._case.body
        for secret in secrets.active:
            if self.made(secret.value, body):
                yield Found(Cause.OK, f"signed with the secret of {secret.label}", secret.label)
        yield from self._spelt_otherwise(secrets.active, body)
        yield from self._other_secrets(body)
        yield from self._spelt_otherwise(secrets.others, body)
        yield from self._other_ways(body)
        if len(body) <= READ_MAX:
            yield from self._other_readings(body)

    def _spelt_otherwise(self, secrets: Sequence[Secret], body: bytes) -> Iterator[Found]:
        for secret in secrets:
            for spelling in spellings(secret.value):
                if self._matches(spelling.key, body):
                    yield Found(
                        spelling.cause,
                        f"signed with the secret of {secret.label} ({masked(secret.value)}) {spelling.how}",
                        secret.label,
                    )

    def _other_secrets(self, body: bytes) -> Iterator[Found]:
        secrets = self._case.secrets
        for cause, known, said in (
            (Cause.OTHER_SECRET, secrets.others, "signed with the secret of {}, not with the one that was used here"),
            (Cause.SECRET_RETIRED, secrets.retired, "signed with an earlier secret of {}"),
            (Cause.SECRET_IS_API_KEY, secrets.keys, "signed with {}, which is an API key and no signing secret"),
        ):
            for secret in known:
                if self.made(secret.value, body):
                    yield Found(cause, f"{said.format(secret.label)} ({masked(secret.value)})", secret.label)

    def _other_ways(self, body: bytes) -> Iterator[Found]:
        """The right secret, but another recipe."""
        for secret in self._signing:
            key, stamped = secret.value.encode("utf-8", "surrogateescape"), self._stamped(body)
            for digest, how in (
                (hmac.digest(key, body, "sha256").hex(), "over the body alone, without its timestamp"),
                (hmac.digest(key, stamped.replace(b".", b"", 1), "sha256").hex(), "without the dot after the time"),
                (hmac.digest(key, stamped, "sha1").hex(), "with SHA-1"),
                (hmac.digest(key, stamped, "sha512").hex(), "with SHA-512"),
            ):
                self.tried += 1
                if digest in self._signatures:
                    yield self._otherwise(secret, how)
            self.tried += 1
            if base64.b64encode(hmac.digest(key, stamped, "sha256")).decode() in self._written:
                yield self._otherwise(secret, "and written in base64 instead of hexadecimal")

    def _other_readings(self, body: bytes) -> Iterator[Found]:
        signing = [(secret, secret.value.encode("utf-8", "surrogateescape")) for secret in self._signing]
        for reading in readings(body):
            for secret, key in signing:
                if self._matches(key, reading.body):
                    yield Found(
                        Cause.BODY_REENCODED,
                        f"the body was rewritten on its way: what the secret of {secret.label} signed is the body "
                        f"{reading.signed}",
                        secret.label,
                    )

    @property
    def _signing(self) -> tuple[Secret, ...]:
        return (*self._case.secrets.active, *self._case.secrets.others, *self._case.secrets.retired)

    def _otherwise(self, secret: Secret, how: str) -> Found:
        return Found(Cause.SIGNED_OTHERWISE, f"signed with the secret of {secret.label}, but {how}", secret.label)

    def _matches(self, key: bytes, body: bytes) -> bool:
        self.tried += 1
        return hmac.digest(key, self._stamped(body), "sha256").hex() in self._signatures

    def _stamped(self, body: bytes) -> bytes:
        return b"%d.%b" % (self._timestamp, body)
