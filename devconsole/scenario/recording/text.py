"""A story as text that a person would have written: short maps on one line, money unquoted, comments where due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from devconsole.output import printable
from devconsole.scenario.recording.draft import Draft


class _Plain(yaml.SafeDumper):
    """Every scalar is text to the format, so none needs quotes to stay text."""

    yaml_implicit_resolvers = {}


def flow(value: Any) -> str:
    """The value on one line."""
    dumped = yaml.dump(
        value, Dumper=_Plain, default_flow_style=True, allow_unicode=True, sort_keys=False, width=float("inf")
    )
    return str(dumped).removesuffix("\n").removesuffix("\n...")


def write(*, title: str, companies: Sequence[tuple[dict[str, Any], Sequence[str]]], drafts: Sequence[Draft]) -> str:
    """The file. `companies` are the entries under `given`, each with its comments."""
    return "\n".join(_lines(title, companies, drafts)) + "\n"


def _lines(
    title: str, companies: Sequence[tuple[dict[str, Any], Sequence[str]]], drafts: Sequence[Draft]
) -> Iterator[str]:
    yield f"title: {flow(title)}"
    yield "tags: [recorded]"
    if companies:
        yield "given:"
        yield "  companies:"
    for entry, comments in companies:
        yield from (f"    # {printable(comment)}" for comment in comments)
        yield f"    - {flow(entry)}"
    yield "steps:"
    for draft in drafts:
        yield from (f"  # {printable(comment)}" for comment in draft.comments)
        yield from _step(draft.document())


def _step(document: dict[str, Any]) -> Iterator[str]:
    lead = "  - "
    for key, value in document.items():
        if key == "expect":
            yield f"{lead}expect:"
            yield from (f"      {name}: {flow(part)}" for name, part in value.items())
        else:
            yield f"{lead}{key}: {flow(value)}"
        lead = "    "
