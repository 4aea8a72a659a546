"""The control API's doors: token, host, names, bodies, errors."""

from __future__ import annotations

import json
import logging

import pytest

from relay.api import OPERATIONS, ListCompanies, ShowCompany, ShowStatus, SimulateCall
from relay.client import ControlClient
from relay.errors import AnswerUnreadable, OperationRefused, ServerUnreachable
from relay.operations import HANDLERS
from relay.sync_client import SyncControlClient
from tests.support.relay import RunningRelay

LISTING = "/api/control/companies.list"


def bearer(relay: RunningRelay) -> dict[str, str]:
    return {"Authorization": f"Bearer {relay.backend.token}"}


def test_every_operation_has_a_handler_and_every_handler_an_operation() -> None:
    assert set(HANDLERS) == set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_says_in_one_line_what_it_does(name: str) -> None:
    help_ = (OPERATIONS[name].__doc__ or "").strip()
    assert help_.endswith(".")
    assert "\n" not in help_


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic {token}", "bearer {token}x", "Bearer ü"])
@pytest.mark.parametrize(("method", "path"), [("POST", LISTING), ("GET", "/api/control"), ("GET", "/api/feed")])
async def test_without_the_token_nothing_is_told(
    relay: RunningRelay, method: str, path: str, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header.format(token=relay.backend.token)}
    async with relay.http.request(method, relay.url + path, headers=headers) as response:
        assert response.status == 401
        assert (await response.json())["code"] == "unauthorized"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:4242", "localhost.evil:80", "[::2]:80", ""])
@pytest.mark.parametrize("path", [LISTING, "/api/feed", "/healthz", "/"])
async def test_another_name_than_loopback_is_refused_even_with_the_token(
    relay: RunningRelay, host: str, path: str
) -> None:
    method = "POST" if path == LISTING else "GET"
    async with relay.http.request(method, relay.url + path, headers={**bearer(relay), "Host": host}) as response:
        assert response.status == 403
        assert (await response.json())["code"] == "foreign_host"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:4242", "LOCALHOST", "[::1]:9", "[::1]"])
async def test_each_loopback_name_is_served_with_any_port(relay: RunningRelay, host: str) -> None:
    async with relay.http.post(relay.url + LISTING, headers={**bearer(relay), "Host": host}) as response:
        assert response.status == 200
        assert not [name for name in response.headers if name.lower().startswith("access-control")]


async def test_an_unknown_operation_is_named_with_the_one_that_was_meant(relay: RunningRelay) -> None:
    async with relay.http.post(relay.url + "/api/control/companies.lst", headers=bearer(relay)) as response:
        problem = await response.json()
    assert response.status == 404
    assert problem["code"] == "unknown_operation"
    assert "companies.list" in problem["remedy"]


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("calls.simulate", b"{", "truncated"),
        ("calls.simulate", b'{"company":"acme"}', "duration_s"),
        ("calls.simulate", b'{"company":"acme","duration_s":-1}', "$.duration_s"),
        ("calls.simulate", b'{"company":"acme","duration_s":"60"}', "$.duration_s"),
        ("calls.simulate", b'{"company":"acme","duration_s":60,"typo":1}', "typo"),
        ("calls.simulate", b'{"company":"","duration_s":60}', "$.company"),
        ("companies.list", b"\xff", ""),
        ("companies.list", b"[]", "object"),
        ("events.list", b'{"limit":1001}', "$.limit"),
    ],
)
async def test_a_request_that_cannot_be_read_names_the_field(
    relay: RunningRelay, name: str, body: bytes, said: str
) -> None:
    async with relay.http.post(f"{relay.url}/api/control/{name}", data=body, headers=bearer(relay)) as response:
        problem = await response.json()
    assert response.status == 400
    assert problem["code"] == "invalid_request"
    assert said in problem["message"]


async def test_a_request_that_is_too_large_is_refused(relay: RunningRelay) -> None:
    body = b'{"company":"' + b"x" * (1 << 20) + b'"}'
    async with relay.http.post(relay.url + "/api/control/companies.show", data=body, headers=bearer(relay)) as response:
        assert response.status == 413
        assert (await response.json())["code"] == "body_too_large"


async def test_a_refusal_carries_code_cause_and_remedy(relay: RunningRelay) -> None:
    with pytest.raises(OperationRefused) as refused:
        await relay.client.call(ShowCompany(company="nobody"))
    assert refused.value.http_status == 404
    assert refused.value.problem.code == "unknown_company"
    assert "nobody" in refused.value.problem.message
    assert refused.value.problem.remedy


async def test_an_unexpected_error_gets_a_number_that_is_in_the_log(
    relay: RunningRelay, caplog: pytest.LogCaptureFixture
) -> None:
    await relay.backend.db.write(lambda session: session.connection().exec_driver_sql("DROP TABLE billing_rates"))
    with caplog.at_level(logging.ERROR), pytest.raises(OperationRefused) as refused:
        await relay.client.call(ListCompanies())
    assert refused.value.http_status == 500
    number = refused.value.problem.message.rpartition("number ")[2].rstrip(")")
    logged = [record for record in caplog.records if getattr(record, "correlation_id", None) == number]
    assert logged
    assert logged[0].exc_info


async def test_the_operations_are_listed_with_their_fields(relay: RunningRelay) -> None:
    async with relay.http.get(relay.url + "/api/control", headers=bearer(relay)) as response:
        listed = {line["name"]: line for line in (await response.json())["operations"]}
    assert set(listed) == set(OPERATIONS)
    assert listed["calls.simulate"]["fields"][:2] == ["company", "duration_s"]
    assert listed["companies.list"]["role"] == "support"


async def test_health_needs_no_token(relay: RunningRelay) -> None:
    async with relay.http.get(relay.url + "/healthz") as response:
        assert (await response.json())["ready"] is True


@pytest.mark.parametrize("path", ["/checkout/done", "/checkout/cancelled", "/"])
async def test_pages_that_a_browser_ends_on_say_where_to_look(relay: RunningRelay, path: str) -> None:
    async with relay.http.get(relay.url + path) as response:
        assert response.status == 200
        assert "console" in await response.text()


async def test_the_client_without_a_loop_gets_the_same_answers(relay: RunningRelay) -> None:
    import asyncio

    await relay.company(balance_cents=1_000)
    client = SyncControlClient(relay.url, relay.backend.token)
    status = await asyncio.to_thread(client.call, ShowStatus())
    assert status.home == str(relay.backend.home)
    companies = await asyncio.to_thread(client.call, ListCompanies())
    assert companies == await relay.client.call(ListCompanies())
    with pytest.raises(OperationRefused, match="no company"):
        await asyncio.to_thread(client.call, SimulateCall(company="nobody", duration_s=1))


async def test_nobody_there_and_somebody_else_there_are_told_apart(relay: RunningRelay, unused_tcp_port: int) -> None:
    nowhere = f"http://127.0.0.1:{unused_tcp_port}"
    with pytest.raises(ServerUnreachable, match=nowhere):
        SyncControlClient(nowhere, "token").call(ListCompanies())
    async with ControlClient(nowhere, "token") as client:
        with pytest.raises(ServerUnreachable):
            await client.call(ListCompanies())
    async with ControlClient(relay.url + "/checkout/done/..", relay.backend.token) as client:
        with pytest.raises(AnswerUnreadable):
            await client.call(ListCompanies())


async def test_views_travel_unchanged(relay: RunningRelay) -> None:
    await relay.company(balance_cents=1_234)
    async with relay.http.post(relay.url + LISTING, headers=bearer(relay)) as response:
        raw = json.loads(await response.read())
    company = raw["rows"][0]
    assert company["balance"]["balance_cents"] == 1_234
    assert company["created_at"] == "2026-11-02T09:00:00Z"
    assert raw["total"] == 1
