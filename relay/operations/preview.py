"""What a top-up would bring: the functions that book it, asked without booking."""

from __future__ import annotations

from sqlmodel import Session

from billing.accounts import account_of
from billing.bonus import preview_bonus, rules_of
from billing.companies import find_company
from billing.invoices import tax_within
from billing.topup_requests import check_amount
from relay.api import PassedOverRule, PreviewTopup, TopupPreview
from relay.backend import Backend
from relay.operations.companies import company_id
from relay.operations.registry import handles
from relay.views.query import read_sync


@handles(PreviewTopup)
async def preview_topup(backend: Backend, request: PreviewTopup) -> TopupPreview:
    policy, now = backend.policy, backend.clock.now()
    check_amount(request.amount_cents, policy)
    id_ = await company_id(backend, request.company)

    def look(reader: Session) -> TopupPreview:
        company, account = find_company(reader, id_), account_of(reader, id_, policy=policy, now=now)
        bonus = preview_bonus(reader, company_id=id_, amount_cents=request.amount_cents, now=now)
        tax = tax_within(request.amount_cents, is_small_business=company.is_small_business, policy=policy)
        names = {rule.id: rule.name for rule in rules_of(reader, id_)}
        return TopupPreview(
            company_id=id_,
            company_slug=company.slug,
            amount_cents=request.amount_cents,
            bonus_cents=bonus.bonus_cents,
            bonus_rule=bonus.rule_name,
            bonus_basis_points=bonus.bonus_basis_points,
            is_capped=bonus.is_capped,
            passed_over=tuple(
                PassedOverRule(rule=names[passed.rule_id], reason=passed.reason) for passed in bonus.passed_over
            ),
            net_cents=tax.net_cents,
            tax_cents=tax.tax_cents,
            effective_total_after_cents=account.effective_total_cents + request.amount_cents + bonus.bonus_cents,
        )

    async with backend.db.read() as session:
        return await read_sync(session, look)
