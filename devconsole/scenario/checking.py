"""Mistakes that can be told without playing: unknown operations and fields, names that no earlier step gave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from devconsole.entry import EntryRefused, read_span
from devconsole.scenario.acts import ACTS
from devconsole.scenario.inputs import REFERENCE, StepInvalid, declared_as, field_of, shown_fields, value_fits
from devconsole.scenario.scene import read_inside
from devconsole.scenario.secrecy import ON_FILES
from devconsole.scenario.story import Expect, Step, Story
from devconsole.scenario.vocabulary import unknown_words
from relay.api import OPERATIONS
from relay.api.clock import MOMENTS
from relay.suggestions import did_you_mean

FOREIGN = re.compile(r"\$\{[^}]*\}")
"""What looks like a reference and is none: an environment variable, say."""


@dataclass(frozen=True)
class Mistake:
    """`where` is a path such as "`$.steps[2].with`", which the file's line is found by."""

    where: str
    message: str


def problems_of(story: Story, folder: Path) -> Iterator[Mistake]:
    """All that is wrong, in the order of the file."""
    names: set[str] = set()
    for number, step in enumerate(story.steps):
        where = f"`$.steps[{number}]`"
        if (problem := _shape(step)) is not None:
            yield Mistake(where, problem)
        yield from _action(step, number, folder)
        yield from _references(step, number, names)
        if step.as_ is not None:
            names.add(step.as_)
        if step.expect is not None:
            yield from _expectation(step.expect, f"$.steps[{number}].expect")
    if story.expect is not None:
        if story.expect.result is not None or story.expect.refused is not None:
            yield Mistake("`$.expect`", "`result` and `refused` belong to a step with `do`")
        yield from _expectation(story.expect, "$.expect")


def _shape(step: Step) -> str | None:
    acts = step.do is not None
    moves = step.advance is not None or step.until is not None
    if not (acts or moves) and step.expect is None and step.say is None:
        return "a step needs `do`, `advance`, `until`, `expect` or `say`"
    if not acts and (step.with_ or step.as_):
        return "`with` and `as` belong to a step with `do`"
    if not acts and step.expect and (step.expect.result is not None or step.expect.refused is not None):
        return "`result` and `refused` belong to a step with `do`"
    if step.company is not None and step.until is None:
        return "`company` belongs to `until`; that of an operation stands under `with`"
    if moves and not step.settle:
        return "while time passes everything is done; `settle: false` belongs to a step with `do`"
    return None


def _action(step: Step, number: int, folder: Path) -> Iterator[Mistake]:
    if step.advance is not None:
        try:
            read_span(step.advance)
        except EntryRefused as refused:
            yield Mistake(f"`$.steps[{number}].advance`", f"`advance`: {refused}")
    if step.until is not None:
        yield from _moment(step.until, f"`$.steps[{number}].until`")
    if step.do is None:
        return
    declared = declared_as(step.do)
    if declared is None:
        known = {*OPERATIONS, *ACTS}
        yield Mistake(f"`$.steps[{number}].do`", f"unknown operation {step.do!r}. {did_you_mean(step.do, known)}")
        return
    if step.do in ON_FILES:
        yield Mistake(f"`$.steps[{number}].do`", f"no story does {step.do}: {ON_FILES[step.do]}")
        return
    wrong = list(_values(step, declared, f"$.steps[{number}].with", folder))
    yield from wrong
    missing = [name for name in shown_fields(declared, required=True) if not _is_given(step, declared, name)]
    if missing and not wrong:
        yield Mistake(f"`$.steps[{number}]`", f"{step.do} needs {', '.join(missing)}")


def _values(step: Step, declared: Any, where: str, folder: Path) -> Iterator[Mistake]:
    for key, value in step.with_.items():
        try:
            value_fits(declared, key, value)
            if step.do in ACTS and key == "file" and isinstance(value, str) and not REFERENCE.search(value):
                read_inside(folder, value)
        except StepInvalid as error:
            yield Mistake(f"`{where}.{key}`", str(error))


def _moment(until: str, where: str) -> Iterator[Mistake]:
    words = " ".join(until.lower().split())
    if words in MOMENTS or REFERENCE.search(until):
        return
    try:
        datetime.fromisoformat(until)
    except ValueError:
        told = f"{until!r} is no moment. {did_you_mean(words, MOMENTS)} Or a time such as 2030-01-08T09:00:00Z."
        yield Mistake(where, f"`until`: {told}")


def _is_given(step: Step, declared: Any, name: str) -> bool:
    given = set()
    for key in step.with_:
        try:
            given.add(field_of(declared, key))
        except StepInvalid:
            continue
    return bool(given & {name, f"{name}_cents", f"{name}_s"})


def _references(step: Step, number: int, names: set[str]) -> Iterator[Mistake]:
    yield from _unknown(step.with_, f"$.steps[{number}].with", names)
    if step.expect is not None:
        known = names | ({step.as_} if step.as_ else set())
        yield from _unknown(msgspec.to_builtins(step.expect), f"$.steps[{number}].expect", known)


def _unknown(part: Any, where: str, names: set[str]) -> Iterator[Mistake]:
    if isinstance(part, str):
        for found in REFERENCE.finditer(part):
            if found.group(1) not in names:
                yield Mistake(f"`{where}`", f"no earlier step is called {found.group(1)!r}; name it with `as`")
        rest = REFERENCE.sub("", part)
        if (foreign := FOREIGN.search(rest)) is not None:
            yield Mistake(
                f"`{where}`",
                f"{foreign.group(0)} stays as it is: a story reads no environment variables; "
                "refer to an earlier step as ${name.field}",
            )
    elif isinstance(part, dict):
        for key, each in part.items():
            yield from _unknown(each, f"{where}.{key}", names)
    elif isinstance(part, list | tuple):
        for place, each in enumerate(part):
            yield from _unknown(each, f"{where}[{place}]", names)


def _expectation(expect: Expect, where: str) -> Iterator[Mistake]:
    if expect.within is not None:
        try:
            read_span(expect.within)
        except EntryRefused as refused:
            yield Mistake(f"`{where}.within`", f"`within`: {refused}")
    if expect.digest is not None and len(expect.digest) < DIGEST_LEAST:
        yield Mistake(f"`{where}.digest`", f"`digest` has at least {DIGEST_LEAST} characters")
    for place, what in unknown_words(msgspec.to_builtins(expect)):
        yield Mistake(f"`{where}.{place}`", what)


DIGEST_LEAST = 12
