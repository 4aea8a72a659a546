"""Who may do what: roles, rates, sizes, and the document that tells it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from openapi_spec_validator import validate

from relay.allowance import Allowance
from relay.api import OPERATIONS, CreateCompany, ListCompanies, ListEvents, MarkEvent, ShowStatus
from relay.api.operation import Role
from relay.client import ControlClient
from relay.control import BODY_MAX
from relay.doors import ROLE, Doorkeeper
from relay.errors import OperationRefused
from relay.home import Home
from relay.openapi import document
from tests.support.events import event
from tests.support.relay import RunningRelay

CUSTOMER = {"id": "cus_1", "object": "customer"}


def client(relay: RunningRelay, role: Role) -> ControlClient:
    return ControlClient(relay.url, relay.backend.tokens[role])


async def refusal(client: ControlClient, operation: Any) -> tuple[int, str]:
    with pytest.raises(OperationRefused) as refused:
        await client.call(operation)
    return refused.value.http_status, refused.value.problem.code


def test_each_role_has_a_token_of_its_own_that_only_its_owner_reads(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    tokens = home.tokens()
    assert len(set(tokens.values())) == len(Role)
    assert home.tokens() == tokens
    assert {home.token_file_of(role).stat().st_mode & 0o777 for role in Role} == {0o600}


def test_every_operation_that_changes_something_needs_more_than_looking() -> None:
    looking = {name for name, operation in OPERATIONS.items() if operation.role is Role.SUPPORT}
    verbs = {name.partition(".")[2] for name in looking}
    assert verbs.isdisjoint(
        {"create", "set", "replay", "refund", "trigger", "switch", "drain", "resend", "mark", "add"}
    )
    noting = {name for name, operation in OPERATIONS.items() if operation.role is Role.MANAGEMENT}
    assert "events.mark" in noting


async def test_support_looks_and_changes_nothing(relay: RunningRelay) -> None:
    async with client(relay, Role.SUPPORT) as support:
        assert (await support.call(ShowStatus())).version == "1.2.3"
        assert (await support.call(ListEvents())).total == 0
        assert await refusal(support, CreateCompany(company_name="X", slug="x")) == (403, "role_not_enough")
        async with support._session().get(relay.url + "/api/feed") as feed:
            assert feed.status == 200
    assert (await relay.client.call(ListCompanies())).total == 0


async def test_management_looks_and_notes(relay: RunningRelay) -> None:
    await relay.deliver(event("customer.created", CUSTOMER, event_id="evt_1"))
    async with client(relay, Role.MANAGEMENT) as management, client(relay, Role.SUPPORT) as support:
        assert (await management.call(MarkEvent(event="evt_1", mark="seen"))).event_id == "evt_1"
        assert await refusal(management, CreateCompany(company_name="X", slug="x")) == (403, "role_not_enough")
        assert await refusal(support, MarkEvent(event="evt_1", mark="seen")) == (403, "role_not_enough")


async def test_too_many_requests_are_told_when_to_come_back(relay: RunningRelay) -> None:
    now = [0.0]
    allowance = Allowance(per_s=2, burst=3, time_s=lambda: now[0])
    assert [allowance.take() for _ in range(4)] == [True, True, True, False]
    assert allowance.wait_s() == 0.5
    now[0] += 0.5
    assert [allowance.take() for _ in range(2)] == [True, False]


async def test_a_rate_is_kept_per_role_and_wrong_tokens_keep_nobody_waiting() -> None:
    keeper = Doorkeeper({Role.SUPPORT: "s", Role.DEVELOPER: "d"}, per_s=0.01, burst=3)

    async def hello(request: web.Request) -> web.StreamResponse:
        return web.Response(text=request[ROLE])

    app = web.Application()
    app.router.add_get("/", keeper.with_token(hello))
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    async with aiohttp.ClientSession() as http:

        async def get(token: str) -> tuple[int, str | None]:
            async with http.get(url, headers={"Authorization": f"Bearer {token}"}) as response:
                return response.status, response.headers.get("Retry-After")

        assert [(await get("d"))[0] for _ in range(5)] == [200, 200, 200, 429, 429]
        assert int((await get("d"))[1] or 0) >= 1
        assert await get("s") == (200, None)
        wrong = [(await get("x"))[0] for _ in range(150)]
        assert (wrong[0], wrong[-1]) == (401, 429)
        assert await get("s") == (200, None)
    await runner.cleanup()


async def test_a_body_that_is_too_large_is_refused(relay: RunningRelay) -> None:
    headers = {"Authorization": f"Bearer {relay.backend.token}"}
    async with relay.http.post(
        relay.url + "/api/control/events.list", data=b" " * (BODY_MAX + 1), headers=headers
    ) as response:
        assert (response.status, (await response.json())["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("deliveries.show", b'{"delivery": 99999999999999999999}'),
        ("deliveries.show", b'{"delivery": 9223372036854775807}'),
        ("companies.show", b'{"company": "a\\u0000b"}'),
        ("operations.list", b'{"since": "2026-01-01T00:00:00"}'),
    ],
)
async def test_what_no_database_holds_is_refused_before_it_is_asked(
    relay: RunningRelay, name: str, body: bytes
) -> None:
    headers = {"Authorization": f"Bearer {relay.backend.token}"}
    async with relay.http.post(f"{relay.url}/api/control/{name}", data=body, headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (400, "invalid_request")


async def test_the_openapi_document_is_valid_and_served(relay: RunningRelay) -> None:
    headers = {"Authorization": f"Bearer {relay.backend.tokens[Role.SUPPORT]}"}
    async with relay.http.get(relay.url + "/openapi.json", headers=headers) as response:
        told = await response.json()
    assert told == json.loads(json.dumps(document("1.2.3")))
    validate(told)
    for name, operation in OPERATIONS.items():
        described = told["paths"][f"/api/control/{name}"]["post"]
        assert described["x-role"] == operation.role
        assert described["summary"].endswith(".")
    async with relay.http.get(relay.url + "/openapi.json") as response:
        assert response.status == 401
