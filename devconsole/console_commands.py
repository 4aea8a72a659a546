"""Everything that can be done in the console, once: key bindings, palette and help are made from this table."""

from __future__ import annotations

from typing import NamedTuple

from textual.binding import Binding

from devconsole.reports.catalogue import CHOICES


class ConsoleCommand(NamedTuple):
    """`action` belongs to the app, so that it works on every screen; `key` None leaves it to the palette alone."""

    id: str
    key: str | None
    label: str
    """In the line of keys."""
    title: str
    """In the palette."""
    help: str
    action: str
    show: bool = False
    group: str = "Actions"


ACTIONS = (
    ConsoleCommand(
        "call.simulate", "c", "Call", "Simulate a call", "Charge a call, or start one that ticks", "simulate_call", True
    ),
    ConsoleCommand(
        "topup.create", "t", "Top up", "Top up with a test card", "Charge a test card or the saved one", "top_up", True
    ),
    ConsoleCommand(
        "topup.checkout",
        "o",
        "Checkout",
        "Open the Checkout page",
        "Pay in the browser, as a customer does",
        "checkout",
        True,
    ),
    ConsoleCommand(
        "balance.drain", "d", "Drain", "Drain a balance", "Bring a balance below its threshold", "drain", True
    ),
    ConsoleCommand(
        "auto-topup.set",
        "a",
        "Auto",
        "Set the automatic top-up",
        "Threshold, amount and card",
        "auto_topup",
        True,
    ),
    ConsoleCommand(
        "event.trigger",
        "x",
        "Trigger",
        "Trigger an event",
        "Send any Stripe event, signed, to the webhook",
        "trigger",
        True,
    ),
    ConsoleCommand(
        "event.replay",
        "r",
        "Replay",
        "Replay the selected event",
        "Deliver it once more, freshly signed",
        "replay",
        True,
    ),
    ConsoleCommand(
        "event.replay-failed",
        "R",
        "Replay failed",
        "Replay everything that failed",
        "One after the other",
        "replay_failed",
    ),
    ConsoleCommand(
        "webhook.explain",
        None,
        "Explain",
        "Explain a signature",
        "Paste header and body, and read why they do not verify",
        "explain_signature",
    ),
    ConsoleCommand(
        "event.rehearse",
        "D",
        "Dry run",
        "Try a replay of the selected event",
        "On a copy of the database: which rows it would write",
        "rehearse",
    ),
    ConsoleCommand(
        "event.edit",
        "E",
        "Edit",
        "Edit the selected event and send it",
        "Signed anew, under an id of its own",
        "edit_event",
    ),
    ConsoleCommand(
        "event.mark", "M", "Mark", "Mark the selected event", "A word and a note; filters find them", "mark_event"
    ),
    ConsoleCommand(
        "event.compare",
        "equals_sign",
        "Compare",
        "Compare two events",
        "Once on each; twice on one compares its attempts",
        "compare",
    ),
    ConsoleCommand(
        "trace.any",
        None,
        "Trace",
        "Show cause and effect of any id",
        "evt_, pi_, cs_, ch_, an invoice, a notice ...",
        "trace",
    ),
    ConsoleCommand("call.end", "e", "End call", "End a call in progress", "And charge it", "end_call"),
    ConsoleCommand("call.refund", "u", "Refund call", "Refund a call", "Money back to the balance", "refund_call"),
    ConsoleCommand(
        "topup.refund", "p", "Refund payment", "Refund a payment", "Money back to the card, at Stripe", "refund_payment"
    ),
    ConsoleCommand("topup.cancel", None, "Cancel", "Cancel an open top-up", "Its page stops working", "cancel_topup"),
    ConsoleCommand(
        "auto-topup.check",
        None,
        "Check",
        "Check the automatic top-up now",
        "Decide, and charge when due",
        "check_auto_topup",
    ),
    ConsoleCommand(
        "call.not-billable",
        "f",
        "Not billable",
        "Mark a call as not billable",
        "What was taken is given back",
        "mark_non_billable",
    ),
    ConsoleCommand(
        "limits.set", "s", "Limits", "Set spending limits", "Per day, week and month, of the selected company", "limits"
    ),
    ConsoleCommand("balance.adjust", "b", "Book", "Book an adjustment", "Money or bonus, with a reason", "adjust"),
    ConsoleCommand(
        "balance.withdraw", "W", "Pay out", "Pay money out", "Neither bonus nor what calls hold", "withdraw"
    ),
    ConsoleCommand(
        "trace.show", "w", "Why", "Show cause and effect", "Of the selected row: event, top-up, call, ledger row", "why"
    ),
    ConsoleCommand("company.create", "n", "Company", "Create a company", "With a prepaid balance", "create_company"),
    ConsoleCommand(
        "ledger.check", "l", "Check ledger", "Prove the ledger", "Every balance is the sum of its rows", "check_ledger"
    ),
    ConsoleCommand(
        "ledger.reconcile",
        "L",
        "Reconcile",
        "Compare with Stripe",
        "Payments that Stripe has and we do not, and the reverse; book what was lost",
        "reconcile",
    ),
    ConsoleCommand(
        "server.doctor",
        None,
        "Doctor",
        "Check that everything is there",
        "Machine, settings, database, Stripe",
        "doctor",
    ),
    ConsoleCommand(
        "code.reload", None, "Reload code", "Load handlers and rules again", "As they are on disk now", "reload_code"
    ),
    ConsoleCommand(
        "sandbox.tend", None, "Sandbox", "Move, save or reset the sandbox", "Clock, snapshots, secret", "tend_sandbox"
    ),
    ConsoleCommand(
        "clock.advance",
        None,
        "Clock",
        "Move the clock",
        "Of a virtual server: by a span, or to the next moment at which something is due",
        "move_clock",
    ),
    ConsoleCommand(
        "ledger.digest",
        None,
        "Digest",
        "Show the digest",
        "One number for all that happened: the same story and seed have the same; it is copied",
        "show_digest",
    ),
    ConsoleCommand("test-mode.switch", "m", "Test mode", "Switch test mode on or off", "The lock file", "test_mode"),
)

VIEWS = (
    ConsoleCommand(
        "show.overview", "1", "Overview", "Overview", "Everything at one glance", "show('overview')", group="Screens"
    ),
    ConsoleCommand(
        "show.events", "2", "Events", "Events", "All events, with a filter", "show('events')", group="Screens"
    ),
    ConsoleCommand(
        "show.companies",
        "3",
        "Companies",
        "Companies",
        "Balances, ledger, settings",
        "show('companies')",
        group="Screens",
    ),
    ConsoleCommand(
        "show.failures", "4", "Failures", "Failures", "What failed, why, what next", "show('failures')", group="Screens"
    ),
    ConsoleCommand(
        "show.cards", "5", "Cards", "Test cards", "What each test card does", "show('cards')", group="Screens"
    ),
    ConsoleCommand(
        "show.reports", "6", "Reports", "Reports", "Tables, charts and CSV", "show('reports')", group="Screens"
    ),
    ConsoleCommand(
        "show.records",
        "7",
        "Records",
        "Records",
        "Ledger, invoices, notices, audit trail, operations, deliveries",
        "show('records')",
        group="Screens",
    ),
    ConsoleCommand(
        "show.forwards",
        "8",
        "Forwards",
        "Forwards",
        "Your own applications, what each was sent, what it answered",
        "show('forwards')",
        group="Screens",
    ),
    ConsoleCommand(
        "show.faults",
        "9",
        "Faults",
        "Faults",
        "What can go wrong, and whether it holds",
        "show('faults')",
        group="Screens",
    ),
)

RECORDS = tuple(
    ConsoleCommand(f"record.{name}", None, title, title, help_, f"record('{name}')", group="Records")
    for name, title, help_ in (
        ("ledger", "Ledger of all companies", "Every movement of money"),
        ("invoices", "Invoices", "Net, VAT, gross; and their PDFs"),
        ("notices", "Notices", "What companies were told"),
        ("audit", "Audit trail", "Who changed what, and why"),
        ("operations", "Operations", "What was done on this server"),
        ("deliveries", "Deliveries", "Every request to the webhook, also rejected ones"),
    )
)

REPORTS = tuple(
    ConsoleCommand(
        f"report.{choice.name}",
        None,
        choice.title,
        f"Report: {choice.title.lower()}",
        choice.question,
        f"report('{choice.name}')",
        group="Reports",
    )
    for choice in CHOICES
)

STORIES = (
    ConsoleCommand(
        "scenario.record",
        None,
        "Record",
        "Record what was done as a scenario",
        "A file that can be played again, in CI too",
        "record_scenario",
    ),
    ConsoleCommand(
        "show.scenarios",
        "0",
        "Scenarios",
        "Scenarios",
        "Play payment stories step by step, each on a server of its own",
        "show('scenarios')",
        group="Screens",
    ),
)

CONSOLE = (
    ConsoleCommand(
        "app.theme", "T", "Theme", "Switch between dark and light", "Remembered", "switch_theme", group="Console"
    ),
    ConsoleCommand(
        "app.palette", "ctrl+p", "Palette", "All commands by name", "", "command_palette", True, group="Console"
    ),
    ConsoleCommand(
        "app.help", "question_mark", "Help", "Help", "Keys, signs and where to begin", "help", True, "Console"
    ),
    ConsoleCommand(
        "app.quit", "q", "Quit", "Quit", "The server started for this console ends too", "quit", True, "Console"
    ),
)

COMMANDS = (*ACTIONS, *VIEWS, *STORIES, *RECORDS, *REPORTS, *CONSOLE)


def bindings() -> list[Binding]:
    return [
        Binding(command.key, command.action, command.label, show=command.show, id=command.id, tooltip=command.help)
        for command in COMMANDS
        if command.key is not None
    ]
