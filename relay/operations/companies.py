"""Companies and their balances."""

from __future__ import annotations

from relay.api import (
    BalanceView,
    CompanyView,
    CreateCompany,
    DrainBalance,
    ListBalances,
    ListCompanies,
    Page,
    ShowBalance,
    ShowCompany,
)
from relay.backend import Backend
from relay.operations.registry import handles
from relay.views import companies
from relay.views.query import company_id_of


async def company_id(backend: Backend, reference: str) -> int:
    """The id behind an id or a slug. Raises `UnknownCompany`."""
    async with backend.db.read() as session:
        return await company_id_of(session, reference)


async def company_view(backend: Backend, id_: int) -> CompanyView:
    async with backend.db.read() as session:
        found = await companies.companies(session, now=backend.clock.now(), policy=backend.policy, company_ids=[id_])
    return found[0]


async def balance_view(backend: Backend, id_: int) -> BalanceView:
    async with backend.db.read() as session:
        found = await companies.balances(session, now=backend.clock.now(), policy=backend.policy, company_ids=[id_])
    return found[0]


@handles(ListCompanies)
async def list_companies(backend: Backend, _request: ListCompanies) -> Page[CompanyView]:
    async with backend.db.read() as session:
        rows = await companies.companies(session, now=backend.clock.now(), policy=backend.policy)
    return Page(rows=tuple(rows), total=len(rows))


@handles(ShowCompany)
async def show_company(backend: Backend, request: ShowCompany) -> CompanyView:
    return await company_view(backend, await company_id(backend, request.company))


@handles(CreateCompany)
async def create_company(backend: Backend, request: CreateCompany) -> CompanyView:
    company = await backend.prepaid.create_company(
        name=request.company_name,
        slug=request.slug,
        email=request.email,
        opening_balance_cents=request.opening_balance_cents,
        prepaid_billing_enabled=request.prepaid_billing_enabled,
    )
    assert company.id is not None
    return await company_view(backend, company.id)


@handles(ListBalances)
async def list_balances(backend: Backend, _request: ListBalances) -> Page[BalanceView]:
    async with backend.db.read() as session:
        rows = await companies.balances(session, now=backend.clock.now(), policy=backend.policy)
    return Page(rows=tuple(rows), total=len(rows))


@handles(ShowBalance)
async def show_balance(backend: Backend, request: ShowBalance) -> BalanceView:
    return await balance_view(backend, await company_id(backend, request.company))


@handles(DrainBalance)
async def drain_balance(backend: Backend, request: DrainBalance) -> BalanceView:
    id_ = await company_id(backend, request.company)
    await backend.prepaid.drain(id_, to_cents=request.to_cents, actor=request.actor, reason=request.reason)
    return await balance_view(backend, id_)
