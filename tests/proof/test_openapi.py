"""The control API against its own OpenAPI document: schemathesis makes requests, right and wrong, of every operation.

No answer may be a 500, none may have a status or a shape that the document does not tell of.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS

from relay.home import Home
from relay.openapi import document
from tests.support.processes import RunningServer, server

EXAMPLES = 30
"""Of each operation."""
CHECKED = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
STRIPE_AWAY = 502
"""An answer of its own kind: no defect of the control API."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with server(tmp_path_factory.mktemp("openapi") / "home") as process:
        yield process


@pytest.fixture(scope="module")
def schema(running: RunningServer) -> Any:
    loaded = schemathesis.openapi.from_dict(document("0.1.0"))
    loaded.config.update(base_url=running.ready["relay"])
    return loaded


@pytest.mark.proof
@pytest.mark.parametrize("path", [path for path in document("0.1.0")["paths"] if path != "/api/feed"])
def test_an_operation_answers_as_its_document_says(running: RunningServer, schema: Any, path: str) -> None:
    method = "POST" if path.startswith("/api/control/") else "GET"
    token = Home(Path(running.home)).token()
    checks = [check for check in CHECKS.get_all() if check.__name__ in CHECKED]
    assert len(checks) == len(CHECKED)

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=schema[path][method].as_strategy())
    def check(case: Any) -> None:
        response = case.call(headers={"Authorization": f"Bearer {token}"}, timeout=60)
        if response.status_code != STRIPE_AWAY:
            case.validate_response(response, checks=checks)

    check()
    alive = requests.get(running.ready["relay"] + "/healthz", timeout=5)
    assert alive.json()["pid"] == running.process.pid
