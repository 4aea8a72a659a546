"""What bodies look like after a program has parsed and rewritten them, undone: what may have been signed before.

Each reading is named by what was signed. A body that was rewritten has lost what it was before, but programs write
JSON in few ways, so all of them are tried.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

BOM = b"\xef\xbb\xbf"
UNPACKED_MAX = 1 << 20
"""Bytes of a body that came compressed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Bytes that may have been signed. `signed` completes "what was signed is the body …"."""

    body: bytes
    signed: str


def readings(body: bytes) -> Iterator[Reading]:
    """Every other form of `body`, each once, the cheap ones first."""
    seen = {body}
    for source in (_around(body), _wrapped(body), _rewritten(body)):
        for reading in source:
            if reading.body not in seen:
                seen.add(reading.body)
                yield reading


def _around(body: bytes) -> Iterator[Reading]:
    """Changes that leave the JSON as it is."""
    if body.startswith(BOM):
        yield Reading(body.removeprefix(BOM), "without the byte order mark that it begins with")
    else:
        yield Reading(BOM + body, "with a byte order mark before it")
    if b"\r\n" in body:
        yield Reading(body.replace(b"\r\n", b"\n"), "with plain line ends instead of Windows ones")
    elif b"\n" in body:
        yield Reading(body.replace(b"\n", b"\r\n"), "with Windows line ends")
    yield Reading(body.strip(), "without the blanks around it")
    yield Reading(body + b"\n", "with a line end after it")
    yield Reading(body.rstrip(b"\x00"), "without the zero bytes at its end")
    if b"\\/" in body:
        yield Reading(body.replace(b"\\/", b"/"), "with plain slashes instead of escaped ones")
    for encoding in ("latin-1", "cp1252"):
        yield from _text(body, f"read as UTF-8, not as {encoding}", "utf-8", encoding)
        yield from _text(body, f"in {encoding}, not yet rewritten as UTF-8", encoding, "utf-8")
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        if b"\x00" in body:
            yield from _text(body, f"in UTF-8, not in {encoding}", encoding, "utf-8")


def _text(body: bytes, signed: str, read_as: str, written_as: str) -> Iterator[Reading]:
    if not body.isascii() or b"\x00" in body:
        try:
            yield Reading(body.decode(read_as).encode(written_as), signed)
        except UnicodeError:
            return


def _wrapped(body: bytes) -> Iterator[Reading]:
    """The whole body packed into something else."""
    if b"%7B" in body[:16] or b"%7b" in body[:16]:
        yield Reading(unquote_to_bytes(body.replace(b"+", b" ")), "before it was percent-encoded")
    if body[:1] == b'"':
        try:
            inner = json.loads(body)
        except (ValueError, RecursionError):
            inner = None
        if isinstance(inner, str):
            yield Reading(inner.encode("utf-8", "surrogatepass"), "itself, before it was made a JSON string")
    with contextlib.suppress(binascii.Error, ValueError):
        yield Reading(base64.b64decode(body.strip(), validate=True), "before it was written in base64")
    if body[:2] == b"\x1f\x8b":
        with contextlib.suppress(zlib.error):
            yield Reading(zlib.decompressobj(47).decompress(body, UNPACKED_MAX), "before it was compressed")


def _rewritten(body: bytes) -> Iterator[Reading]:
    """The same JSON, as each common way of writing it has it."""
    try:
        parsed = json.loads(body.removeprefix(BOM))
    except (ValueError, RecursionError):
        return
    if not isinstance(parsed, dict | list):
        return
    for order, arranged in (("", parsed), (", keys sorted", None), (", keys in Stripe's order", None)):
        value = arranged if arranged is not None else _sorted(parsed, stripe="Stripe" in order)
        for layout, write in LAYOUTS.items():
            for alphabet, ascii_only in (("", False), (", every letter beyond ASCII escaped", True)):
                try:
                    text = write(value, ascii_only)
                    plain = text.encode("utf-8")
                except (UnicodeEncodeError, ValueError, RecursionError):
                    continue
                named = f"as {layout}{order}{alphabet}"
                yield Reading(plain, named)
                yield Reading(plain + b"\n", f"{named}, with a line end after it")
                if not order:
                    yield Reading(text.replace("/", "\\/").encode(), f"{named}, slashes escaped")
                    yield Reading(_for_html(text).encode(), f"{named}, escaped for HTML")


def _json(indent: int | str | None, separators: tuple[str, str]) -> Callable[[Any, bool], str]:
    return lambda value, ascii_only: json.dumps(value, indent=indent, separators=separators, ensure_ascii=ascii_only)


LAYOUTS: dict[str, Callable[[Any, bool], str]] = {
    "JSON indented by two": _json(2, (",", ": ")),
    "compact JSON": _json(None, (",", ":")),
    "JSON with blanks after commas and colons": _json(None, (", ", ": ")),
    "JSON indented by four": _json(4, (",", ": ")),
    "JSON indented by tabs": _json("\t", (",", ": ")),
}


def _for_html(text: str) -> str:
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _sorted(value: Any, *, stripe: bool) -> Any:
    """Keys in alphabetical order; Stripe writes `id` and `object` before all others."""
    match value:
        case dict():
            first = [key for key in ("id", "object") if stripe and key in value]
            keys = [*first, *sorted(key for key in value if key not in first)]
            return {key: _sorted(value[key], stripe=stripe) for key in keys}
        case list():
            return [_sorted(item, stripe=stripe) for item in value]
    return value
