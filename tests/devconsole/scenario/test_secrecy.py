"""A story cannot get hold of a secret: neither a step's answer nor what is told of a failure has one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from devconsole.scenario.inputs import StepInvalid, input_of
from devconsole.scenario.report import lines_of
from devconsole.scenario.results import StoryResult
from devconsole.scenario.runner import Run
from devconsole.scenario.script import StoryInvalid, parse
from devconsole.scenario.stage import discard, own_stage
from devconsole.virtual.host import Host
from relay.api import OPERATIONS, Operation
from relay.api.operation import Role
from relay.home import Home

ANY_SECRET = re.compile(rb"(?:whsec|sk_test|sk_live|rk_test|rk_live)_\w{8,}")
NOSY = """\
title: Somebody looks for secrets
given: {companies: [{slug: acme, balance: 10.00}]}
steps:
  - {do: forwards.add, with: {url: "http://127.0.0.1:9/", target_name: own}, as: own}
  - {do: forwards.add, with: {url: "http://127.0.0.1:9/x", target_name: passed, sign: false}, as: passed}
  - {do: topups.create, with: {company: acme, amount: 50.00, card: visa}, as: topup}
  - {do: stripe.request, with: {method: GET, path: /v1/webhook_endpoints}, as: endpoints}
  - do: stripe.request
    with: {path: /v1/webhook_endpoints, params: {url: "http://127.0.0.1:9/", enabled_events: ["*"]}}
    as: endpoint
  - {do: sandbox.roll-secret, as: rolled}
  - {do: webhook.explain, with: {header: "t=1,v1=00", body: "e30=", secret: "${endpoint.secret}"}, as: explained}
  - {do: webhook.post, with: {type: customer.updated, signed: wrong}, as: forged}
  - {do: deliveries.show, with: {delivery: 1}, as: delivery}
  - {do: forwards.delivery, with: {forward: 1}, as: forward}
  - {do: trace.show, with: {id: topup_1}, as: trace}
"""
NEEDS_NOTHING = [
    name
    for name, operation in OPERATIONS.items()
    if not any(field.required for field in msgspec.structs.fields(operation))
    and operation.role is Role.SUPPORT
    and name not in ("webhook.explain", "events.rehearse")  # want an event of some kind
]


def nosy() -> str:
    """Everything that answers without being told anything is asked too."""
    asked = (f"  - {{do: {name}, as: any_{number}}}\n" for number, name in enumerate(NEEDS_NOTHING))
    end = "  - {expect: {balances: {acme: 61.00}}}\n"
    return NOSY + "".join(asked) + end


def secrets_of(home: Home) -> set[bytes]:
    """Whatever lies in the files of a home and opens something."""
    found = {token.encode() for token in home.tokens().values()}
    for path in home.path.rglob("*"):
        if path.is_file():
            found.update(ANY_SECRET.findall(path.read_bytes()))
    return found


def test_no_answer_and_no_report_has_a_secret(host: Host, tmp_path: Path) -> None:
    script = parse(nosy(), tmp_path / "nosy.yaml")[0]
    with own_stage(script, host, seed=None) as scene:
        assert scene.own is not None
        home = scene.own.home
        played = tuple(Run(script, scene).play())
        answers, secrets = scene.results, secrets_of(home)
    discard(home.path)
    assert [step.problem for step in played if step.problem] == []
    assert [step.number for step in played if step.mismatches] == [len(script.story.steps)], played[-1]
    assert len(secrets) >= 7, "three tokens, and the secrets of ours, the sandbox, its endpoint and the target"
    result = StoryResult(script.path, script.name, script.story.title, 0.0, played)
    told = json.dumps([answers, result.document(), lines_of(result)], default=str).encode()
    assert [secret for secret in secrets if secret in told] == []
    assert ANY_SECRET.findall(told) == []
    assert answers["own"]["secret"] == answers["endpoint"]["secret"] == "(masked)"


@pytest.mark.parametrize("name", ["sandbox.snapshot", "sandbox.restore"])
def test_a_story_does_nothing_with_files_of_the_machine(name: str) -> None:
    text = f"title: x\nsteps:\n  - {{do: {name}, with: {{path: /etc/passwd}}}}\n"
    with pytest.raises(StoryInvalid, match=f"x.yaml:3: no story does {name}"):
        parse(text, Path("x.yaml"))
    with pytest.raises(StepInvalid, match="no story does"):
        input_of(name, {"path": "/etc/passwd"}, {})


def test_every_answer_that_may_hold_a_secret_is_known() -> None:
    """A new field of that kind belongs into the story above."""
    named = {
        f"{view.__name__}.{field.name}"
        for operation in OPERATIONS.values()
        for view in views_of(operation)
        for field in msgspec.structs.fields(view)
        if re.search(r"secret|token|password|api_key", field.name)
    }
    assert named == {
        "NewForwardTarget.secret",
        "ForwardTargetView.signing_secret",  # a hint of it
        "DeliveryView.secret_label",
        "SignatureExplanation.secret_label",
    }


def views_of(operation: type[Operation[Any]]) -> set[type[msgspec.Struct]]:
    """The structs of an operation's answer, those inside of them too."""
    found: set[type[msgspec.Struct]] = set()
    waiting: list[Any] = [get_args(base)[0] for base in operation.__orig_bases__ if get_args(base)]  # type: ignore[attr-defined]
    while waiting:
        kind = waiting.pop()
        waiting.extend(get_args(kind))
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in found:
            found.add(kind)
            waiting.extend(field.type for field in msgspec.structs.fields(kind))
    return found
