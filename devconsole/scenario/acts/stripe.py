"""Requests to the sandbox's API, one of them or a file of them in the format of the official CLI's fixtures."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from devconsole.scenario.acts.act import Act
from devconsole.scenario.inputs import StepInvalid, value_at

if TYPE_CHECKING:
    from devconsole.scenario.scene import Scene

REFERENCE = re.compile(r"\$\{([^}:]+):([^}|]+)(?:\|([^}]*))?\}")
"""`${name:path|default}` of a fixture file."""
REQUESTS_MAX = 100


class StripeRequest(Act, frozen=True, kw_only=True):
    """Ask the sandbox's API, as the dashboard or a script of one's own would; the answer is Stripe's."""

    name = "stripe.request"
    path: str
    """Such as /v1/disputes/${dispute.id}."""
    method: Literal["GET", "POST", "DELETE"] = "POST"
    params: dict[str, Any] = {}
    error: str | None = None
    """The code or type of the error that must come."""

    def play(self, scene: Scene) -> Any:
        answer = scene.stripe().request(self.method, self.path, self.params)
        return _checked(f"{self.method} {self.path}", answer, self.error)


class PlayFixture(Act, frozen=True, kw_only=True):
    """Send the requests of a file in the format of `stripe fixtures`; the answer has that of each, by its name."""

    name = "stripe.fixtures"
    file: str
    """In the story's folder."""

    def play(self, scene: Scene) -> Any:
        fixtures = _fixtures_of(scene.file(self.file), self.file)
        stripe, answers = scene.stripe(), dict[str, Any]()
        for each in fixtures:
            name, method = str(each["name"]), str(each.get("method", "post")).upper()
            path = _resolved(str(each["path"]), answers)
            answer = stripe.request(method, path, _resolved(each.get("params") or {}, answers))
            answers[name] = _checked(f"{self.file}: {name}", answer, each.get("expected_error_type"))
        return answers


def _fixtures_of(text: bytes, name: str) -> list[Mapping[str, Any]]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise StepInvalid(f"{name!r} is no JSON: {error}") from error
    found = document.get("fixtures") if isinstance(document, dict) else None
    if not isinstance(found, list) or not all(
        isinstance(each, dict) and {"name", "path"} <= set(each) for each in found
    ):
        raise StepInvalid(f"{name!r} is no fixture file: it has no `fixtures` with `name` and `path`")
    if len(found) > REQUESTS_MAX:
        raise StepInvalid(f"{name!r} has more than {REQUESTS_MAX} requests")
    return found


def _resolved(part: Any, answers: Mapping[str, Any]) -> Any:
    if isinstance(part, str):
        return REFERENCE.sub(lambda found: _referred(found, answers), part)
    if isinstance(part, list):
        return [_resolved(each, answers) for each in part]
    if isinstance(part, dict):
        return {key: _resolved(each, answers) for key, each in part.items()}
    return part


def _referred(found: re.Match[str], answers: Mapping[str, Any]) -> str:
    name, path, default = found.groups()
    if name == ".env":
        raise StepInvalid(f"{found.group(0)}: a story reads no environment variables; write the value itself")
    try:
        return str(value_at(answers[name], path))
    except LookupError:
        if default is not None:
            return default
        raise StepInvalid(f"{found.group(0)}: no earlier request has that") from None


def _checked(what: str, answer: dict[str, Any], expected: str | None) -> dict[str, Any]:
    error = answer.get("error")
    codes = () if error is None else (error.get("code"), error.get("decline_code"), error.get("type"))
    if error is None and expected is not None:
        raise StepInvalid(f"{what} was to fail with {expected}, and did not")
    if error is not None and (expected is None or expected not in codes):
        raise StepInvalid(f"{what} failed: {error.get('message')} ({' '.join(filter(None, codes))})")
    return error if error is not None else answer
