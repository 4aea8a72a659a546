"""How a secret gets spoilt between a dashboard and a program: every spelling that is tried, with its name."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from relay.signatures.causes import Cause

PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Spelling:
    """A key that may have signed. `how` completes "the signature matches this secret …"."""

    key: bytes
    cause: Cause
    how: str


def spellings(secret: str) -> Iterator[Spelling]:
    """The ways in which `secret` may have been spelt by the other side, the plausible ones first."""
    clean = secret.strip()
    bare = clean.strip("\"'`")
    if clean != secret:
        yield _spelling(clean, Cause.SECRET_WHITESPACE, "without the blanks or line end that surround it here")
    for around, how in (
        ("{}\n", "with a line end after it"),
        ("{}\r\n", "with a Windows line end after it"),
        ("{} ", "with a blank after it"),
        (" {}", "with a blank before it"),
        ("{}\r", "with a carriage return after it"),
        ("\ufeff{}", "with a byte order mark before it"),
    ):
        yield _spelling(around.format(clean), Cause.SECRET_WHITESPACE, how)
    if bare != clean:
        yield _spelling(bare, Cause.SECRET_MANGLED, "without the quotes that surround it here")
    yield _spelling(f'"{bare}"', Cause.SECRET_MANGLED, "in double quotes")
    yield _spelling(f"'{bare}'", Cause.SECRET_MANGLED, "in single quotes")
    short = bare.removeprefix(PREFIX)
    if short != bare:
        yield _spelling(short, Cause.SECRET_MANGLED, f"without its {PREFIX}")
        yield from _decoded(short)
    else:
        yield _spelling(PREFIX + bare, Cause.SECRET_MANGLED, f"with {PREFIX} before it")
    yield _spelling(bare.lower(), Cause.SECRET_MANGLED, "in lower case")
    yield _spelling(bare.upper(), Cause.SECRET_MANGLED, "in upper case")


def _decoded(short: str) -> Iterator[Spelling]:
    """Other providers' secrets have the same prefix and are decoded first; Stripe's are not."""
    with contextlib.suppress(binascii.Error, ValueError):
        yield Spelling(base64.b64decode(short, validate=True), Cause.SECRET_MANGLED, "decoded from base64")
    with contextlib.suppress(ValueError):
        yield Spelling(bytes.fromhex(short), Cause.SECRET_MANGLED, "decoded from hexadecimal")


def _spelling(text: str, cause: Cause, how: str) -> Spelling:
    return Spelling(text.encode("utf-8", "surrogateescape"), cause, how)
