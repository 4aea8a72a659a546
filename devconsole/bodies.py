"""Bodies of events as one reads and edits them."""

from __future__ import annotations

import json


def pretty(payload: str) -> str:
    """A body as one edits it; as it came when it is no JSON."""
    try:
        return json.dumps(json.loads(payload), indent=2, ensure_ascii=False) + "\n"
    except ValueError:
        return payload


def hex_lines(raw: bytes) -> str:
    """Bytes as offset, hexadecimal and what of them is ASCII, sixteen a line."""
    lines = []
    for start in range(0, len(raw), 16):
        some = raw[start : start + 16]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in some)
        lines.append(f"{start:06x}  {some[:8].hex(' '):<23}  {some[8:].hex(' '):<23}  {shown}")
    return "\n".join(lines)
