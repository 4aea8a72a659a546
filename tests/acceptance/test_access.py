"""Roles on the command line: a token that looks, and the document of the control API."""

from __future__ import annotations

from openapi_spec_validator import validate

from relay.api import OPERATIONS
from relay.api.operation import Role
from relay.home import Home
from tests.support.processes import RunningServer, run


def test_a_lesser_token_looks_and_is_refused_the_rest(shared_server: RunningServer) -> None:
    home = shared_server.home
    rows = {row["role"]: row for row in run("access", "list", "--json", home=home).json["rows"]}
    assert set(rows) == {role.value for role in Role}
    assert rows["developer"]["operations"] == len(OPERATIONS) > rows["support"]["operations"] > 0
    env = {"DEVCONSOLE_TOKEN": Home(home).token(Role.SUPPORT)}
    assert run("status", "--json", home=home, env=env).json["pid"] == shared_server.ready["pid"]
    refused = run("companies", "create", "--name", "X", "--slug", "x", "--json", home=home, env=env, code=1)
    assert refused.error["code"] == "role_not_enough"
    wrong = run("status", "--json", home=home, env={"DEVCONSOLE_TOKEN": "wrong"}, code=1)
    assert wrong.error["code"] == "unauthorized"


def test_the_openapi_document_needs_no_server(shared_server: RunningServer) -> None:
    validate(run("operations", "openapi", home=shared_server.home.parent).json)
