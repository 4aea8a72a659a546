"""Ledger, invoices, notices, audit trail and operations: what they show, and what each row leads to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from devconsole.screens.company import CompanyScreen
from devconsole.screens.event_detail import EventDetailScreen
from devconsole.screens.modals.invoice_detail import InvoiceDetail
from devconsole.screens.modals.record_details import AuditDetail, CallDetail, NoticeDetail, PerformedDetail
from devconsole.screens.modals.topup_detail import TopupDetail
from devconsole.screens.records import RecordsScreen
from devconsole.screens.trace import TraceScreen
from devconsole.widgets.record_pane import RecordPane
from relay.api import (
    Comparison,
    DiffEvents,
    InvoicePdf,
    ListAudit,
    ListDeliveries,
    ListInvoices,
    ListLedger,
    ListNotices,
    ListOperations,
    MakeInvoicePdf,
    ShowDelivery,
    ShowTrace,
    View,
)
from tests.support import views
from tests.support.console import FakeSource, page, refused
from tests.support.papers import AUDIT, INVOICES, NOTICES, OPERATIONS, papers
from tests.support.playing import console, line_with, loaded, press, screen_text, until

SIZE = (80, 24)


async def opened(pilot: Pilot[Any], tabs_further: int = 0) -> RecordsScreen:
    """The screen with that tab, its rows loaded."""
    app = await loaded(pilot)
    await press(pilot, "7")
    await until(pilot, lambda: isinstance(app.screen, RecordsScreen))
    screen = app.screen
    assert isinstance(screen, RecordsScreen)
    await press(pilot, *["right"] * tabs_further)
    await until(pilot, lambda: all(pane.page is not None for pane in screen.query(RecordPane)))
    return screen


async def shown(pilot: Pilot[Any], kind: type[Screen[Any]]) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))


async def test_every_list_is_counted_before_it_is_looked_at() -> None:
    async with console(papers()).run_test(size=SIZE) as pilot:
        await opened(pilot)
        await until(pilot, lambda: "Operations 2" in screen_text(pilot))
        tabs = line_with(pilot, "Operations 2")
        assert all(text in tabs for text in ("Ledger 5", "Invoices 2", "Notices 2", "Audit 3"))


async def test_an_invoice_leads_to_its_top_up_and_that_to_the_ledger_row_and_the_event() -> None:
    async with console(papers()).run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        await press(pilot, "enter")
        await shown(pilot, InvoiceDetail)
        assert "1,260.50 EUR" in line_with(pilot, "Net ")
        assert "239.50 EUR" in line_with(pilot, "VAT 19 %")
        assert "1,500.00 EUR" in line_with(pilot, "Gross, paid")
        await press(pilot, "t")
        await shown(pilot, TopupDetail)
        await press(pilot, "w")
        await shown(pilot, TraceScreen)
        await until(pilot, lambda: "topup: money +50.00 EUR" in screen_text(pilot))
        await press(pilot, "down", "down", "enter")
        await shown(pilot, EventDetailScreen)


async def test_the_pdf_of_an_invoice_is_written_and_its_place_is_said(tmp_path: Path) -> None:
    source = papers()
    source.status = views.status(home=str(tmp_path))
    source.answers[MakeInvoicePdf] = InvoicePdf(
        number="TOP-2026-00002", file_name="TOP-2026-00002.pdf", content=b"%PDF"
    )
    async with console(source).run_test(size=(110, 30), notifications=True) as pilot:
        await opened(pilot, 1)
        await press(pilot, "enter")
        await shown(pilot, InvoiceDetail)
        await press(pilot, "p")
        file = tmp_path / "exports" / "TOP-2026-00002.pdf"
        await until(pilot, lambda: "written" in screen_text(pilot))
        assert source.asked_for(MakeInvoicePdf) == [MakeInvoicePdf(invoice="TOP-2026-00002")]
        assert file.read_bytes() == b"%PDF"
        assert file.stat().st_mode & 0o777 == 0o600
        assert isinstance(pilot.app.screen, InvoiceDetail), "it stays open"


async def test_a_pdf_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    source = papers()
    (tmp_path / "exports").write_text("a file where the directory should be")
    source.status = views.status(home=str(tmp_path))
    source.answers[MakeInvoicePdf] = InvoicePdf(number="T", file_name="T.pdf", content=b"%PDF")
    async with console(source).run_test(size=(110, 30), notifications=True) as pilot:
        await opened(pilot, 1)
        await press(pilot, "enter")
        await shown(pilot, InvoiceDetail)
        await press(pilot, "p")
        await until(pilot, lambda: "Not written" in screen_text(pilot))


async def test_a_refused_pdf_says_what_the_server_said() -> None:
    source = papers()
    source.answers[MakeInvoicePdf] = refused("There is no invoice TOP-2026-00002.")
    async with console(source).run_test(size=(110, 30), notifications=True) as pilot:
        await opened(pilot, 1)
        await press(pilot, "enter")
        await shown(pilot, InvoiceDetail)
        await pilot.click("#lead-0")
        await until(pilot, lambda: "There is no invoice" in screen_text(pilot))


async def test_a_notice_is_read_as_the_company_reads_it() -> None:
    async with console(papers()).run_test(size=SIZE) as pilot:
        await opened(pilot, 2)
        await press(pilot, "enter")
        await shown(pilot, NoticeDetail)
        assert "kasse@bergbau.example.com" in line_with(pilot, "To ")
        assert "Bergbau Nord hat noch 12,40 EUR Guthaben." in screen_text(pilot)
        await press(pilot, "escape", "down", "enter")
        await shown(pilot, NoticeDetail)
        assert "Not written yet" in screen_text(pilot)


async def test_an_audit_entry_names_actor_reason_before_and_after_and_leads_to_its_target() -> None:
    async with console(papers()).run_test(size=SIZE) as pilot:
        await opened(pilot, 3)
        await press(pilot, "enter")
        await shown(pilot, AuditDetail)
        assert "maria" in line_with(pilot, "│  Who ")
        assert "Goodwill after the outage" in line_with(pilot, "│  Why ")
        assert "0.00 → 5.00" in line_with(pilot, "Bonus ")
        assert "148.90" in line_with(pilot, "Balance ")
        await press(pilot, "escape", "down", "enter")
        await shown(pilot, AuditDetail)
        await press(pilot, "o")
        await shown(pilot, CallDetail)


async def test_a_refused_operation_stands_out_and_a_done_one_leads_to_what_it_made() -> None:
    async with console(papers()).run_test(size=SIZE) as pilot:
        await opened(pilot, 4)
        await until(pilot, lambda: "✗ unknown card" in screen_text(pilot))
        await press(pilot, "down", "enter")
        await shown(pilot, PerformedDetail)
        assert "50.00" in line_with(pilot, "Amount ")
        await press(pilot, "t")
        await shown(pilot, TopupDetail)
        await press(pilot, "escape", "enter", "o")
        await shown(pilot, CompanyScreen)


async def test_w_asks_for_the_path_of_the_selected_row() -> None:
    source = papers()
    async with console(source).run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, "down", "w")
        await shown(pilot, TraceScreen)
        await until(pilot, lambda: source.asked_for(ShowTrace))
        assert source.asked_for(ShowTrace) == [ShowTrace(id="ledger_8")]
        await press(pilot, "escape")
        await shown(pilot, RecordsScreen)


async def test_w_on_a_row_without_a_path_says_what_to_select() -> None:
    async with console(papers()).run_test(size=(110, 30), notifications=True) as pilot:
        await opened(pilot, 4)
        await press(pilot, "w")
        await until(pilot, lambda: "Nothing to do" in screen_text(pilot))


async def test_an_id_that_leads_nowhere_is_said_on_its_screen() -> None:
    source = papers()
    source.answers[ShowTrace] = refused("Nothing is known of ledger_9.", code="unknown_reference")
    async with console(source).run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, "w")
        await until(pilot, lambda: "Nothing is known of ledger_9." in screen_text(pilot))


async def test_what_is_looked_at_is_loaded_again_when_it_has_new_rows_and_nothing_else() -> None:
    source = papers()
    async with console(source).run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        before = len(source.asked_for(ListLedger))
        source.answers[ListInvoices] = page((views.invoice(3), *INVOICES))
        source.push(views.balance(1, balance_cents=4_000), views.ledger(99), views.invoice(3))
        await until(pilot, lambda: "TOP-2026-00003" in screen_text(pilot))
        assert len(source.asked_for(ListLedger)) == before
        await press(pilot, "left")
        await until(pilot, lambda: len(source.asked_for(ListLedger)) == before + 1)


@pytest.mark.parametrize(
    ("tab", "row", "asked"),
    [
        (5, views.delivery(3), ListDeliveries),
        (2, NOTICES[0], ListNotices),
        (3, AUDIT[0], ListAudit),
        (4, OPERATIONS[0], ListOperations),
    ],
)
async def test_each_list_follows_what_the_feed_tells_of_its_rows(tab: int, row: View, asked: Any) -> None:
    source = papers()
    async with console(source).run_test(size=SIZE) as pilot:
        await opened(pilot, tab)
        before = len(source.asked_for(asked))
        source.push(row)
        await until(pilot, lambda: len(source.asked_for(asked)) == before + 1)


async def test_every_delivery_is_listed_and_opens_and_one_that_differs_stands_out() -> None:
    source = papers()
    differs = views.delivery(3, verdict="duplicate", reason_code="duplicate_differs", reason="same id, different body")
    source.answers[ListDeliveries] = page((differs, views.delivery(2)))
    async with console(source).run_test(size=SIZE) as pilot:
        await opened(pilot, 5)
        await until(pilot, lambda: "≠ differs" in screen_text(pilot))
        assert "same id, different body" in line_with(pilot, "≠ differs")
        await press(pilot, "enter")
        await until(pilot, lambda: source.asked_for(ShowDelivery))
        assert source.asked_for(ShowDelivery)[0].delivery == 3


async def test_two_deliveries_are_compared_from_their_list() -> None:
    source = papers()
    source.answers[ListDeliveries] = page((views.delivery(3), views.delivery(2)))
    source.answers[DiffEvents] = lambda asked: Comparison(left=asked.left, right=asked.right, differences=(), same=9)
    async with console(source).run_test(size=SIZE) as pilot:
        await opened(pilot, 5)
        await press(pilot, "equals_sign", "down", "equals_sign")
        await until(pilot, lambda: source.asked_for(DiffEvents))
        assert source.asked_for(DiffEvents) == [DiffEvents(left="delivery_3", right="delivery_2")]


async def test_the_mouse_turns_the_tabs() -> None:
    async with console(papers()).run_test(size=SIZE) as pilot:
        screen = await opened(pilot)
        await pilot.click("#--content-tab-tab-notices")
        await until(pilot, lambda: screen.pane.record.name == "notices")
        assert screen.focused is screen.pane.rows


async def test_an_empty_list_says_what_fills_it() -> None:
    source = FakeSource(companies=[views.company(1)])
    async with console(source).run_test(size=SIZE) as pilot:
        await opened(pilot)
        for text in (
            "Nothing has been booked",
            "No invoice yet",
            "Nobody was told",
            "Nobody changed",
            "Nothing was done",
        ):
            await until(pilot, lambda text=text: text in screen_text(pilot))  # type: ignore[misc]
            await press(pilot, "right")


async def test_the_palette_opens_a_list_by_name() -> None:
    async with console(papers()).run_test(size=(110, 30)) as pilot:
        await loaded(pilot)
        await press(pilot, "ctrl+p", *"audit trail")
        await until(pilot, lambda: "Who changed what" in screen_text(pilot))
        await press(pilot, "enter")
        await shown(pilot, RecordsScreen)
        await until(pilot, lambda: "Goodwill" in screen_text(pilot))


async def test_a_company_shows_its_own_records() -> None:
    source = papers()
    async with console(source).run_test(size=(110, 30)) as pilot:
        app = await loaded(pilot)
        app.open_company("acme-telefon")
        await shown(pilot, CompanyScreen)
        await press(pilot, *["right"] * 5)
        await until(pilot, lambda: "TOP-2026-00001" in screen_text(pilot))
        assert "TOP-2026-00002" not in screen_text(pilot)
        assert source.asked_for(ListInvoices)[-1] == ListInvoices(company="acme-telefon", limit=200)
