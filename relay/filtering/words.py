"""What a word of a body is: letters, digits and underscores of its values, whatever their case and accents.

Keys are left out: every event has nearly all of them. The full-text index cuts words by the same rule, so that a body
is found or not whether it is indexed yet or not.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from typing import Any

_WORD = re.compile(r"\w+")
_KEY = re.compile(r'"[^"]*"\s*:')
_COLON = re.compile(r"\s*:")
_BETWEEN = " _ "
"""A word of its own between two values, so that no phrase begins in one and ends in the next."""


def words_of(text: str) -> list[str]:
    """The words of a text, folded."""
    return _WORD.findall(folded(text))


def folded(text: str) -> str:
    """Lower case without accents."""
    if text.isascii():
        return text.lower()
    return "".join(mark for mark in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(mark))


def readable(payload: bytes) -> str:
    """The values of a body as text to search; escapes are resolved, so that `Caf\\u00e9` has the word café."""
    text = payload.decode("utf-8", "replace")
    if "\\" in text:
        try:
            return _BETWEEN.join(_texts(json.loads(text)))
        except (ValueError, RecursionError):
            return text
    return _KEY.sub(_BETWEEN, text)


def contains(payload: bytes, words: tuple[str, ...], open_end: bool) -> bool:
    """Whether a body has these words one after the other."""
    pattern = _phrase(words, open_end)
    if not payload.isascii() or b"\\" in payload:
        return pattern.search(folded(readable(payload))) is not None
    # As nearly every body: looked at where it stands, without making a text of its values.
    text = payload.decode("ascii").lower()
    if words[0] not in text:
        return False
    return any(not _in_key(text, found.end()) for found in pattern.finditer(text))


def _in_key(text: str, at: int) -> bool:
    """Whether the text at this place ends in a key, which a colon follows."""
    quote = text.find('"', at)
    return quote >= 0 and _COLON.match(text, quote + 1) is not None


@lru_cache(maxsize=64)
def _phrase(words: tuple[str, ...], open_end: bool) -> re.Pattern[str]:
    phrase = r"\W+".join(map(re.escape, words))
    return re.compile(rf"(?<!\w){phrase}" if open_end else rf"(?<!\w){phrase}(?!\w)")


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for child in value.values() for text in _texts(child)]
    if isinstance(value, list):
        return [text for child in value for text in _texts(child)]
    return [value if isinstance(value, str) else json.dumps(value)]
