"""One line on the selected row: what the columns have no room for."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from devconsole.format import rate, words
from devconsole.looks import printable
from devconsole.widgets.record_tables import record_line
from relay.api import CallView, DecisionView, LedgerView, TopupView


class Explanation(Static):
    """At the bottom of a list."""

    DEFAULT_CSS = """
    Explanation {
        dock: bottom; height: auto; max-height: 3; padding: 0 1; color: $text-muted;
        border-top: solid $border-blurred;
    }
    """

    def explain(self, row: object) -> None:
        """Show what there is to say on a row of a list."""
        self.update(Content(printable(explanation(row))))


def explanation(row: object) -> str:
    """The same as text; empty for no row."""
    match row:
        case LedgerView():
            return _joined(
                row.description, _reference(row), row.event_id, f"by {row.created_by}" if row.created_by else ""
            )
        case TopupView():
            return _joined(row.payment_method_label, f"{row.origin} top-up", row.failure_message, row.checkout_url)
        case CallView():
            numbers = f"{row.from_number or 'unknown'} → {row.to_number or 'unknown'}"
            return _joined(row.call_id, numbers, f"at {rate(row.rate_e4_per_minute)}")
        case DecisionView():
            return row.explanation
        case _:
            return record_line(row)


def _reference(row: LedgerView) -> str:
    return f"{words(row.reference_type)} {row.reference_id}" if row.reference_type and row.reference_id else ""


def _joined(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part)
