"""Refusals that only the relay knows: what was asked for does not exist here. They join billing's error tree."""

from __future__ import annotations

from collections.abc import Iterable

from billing.errors import Refused


class UnknownDelivery(Refused):
    code = "unknown_delivery"

    def __init__(self, delivery_id: int) -> None:
        super().__init__(f"there is no delivery {delivery_id}", remedy="List the deliveries to see their ids.")


class UnknownReference(Refused):
    """An id that nothing here has."""

    code = "unknown_reference"

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"nothing here has the id {reference}",
            remedy="Give an id of Stripe's (evt_, pi_, cs_, ch_, re_, du_, pm_, cus_, req_ …), a company's slug, "
            "an invoice's number, or one of topup_N, ledger_N, call_N, delivery_N, forward_N, notice_N, invoice_N "
            "and decision_N.",
        )


class UnknownEventType(Refused):
    code = "unknown_event_type"

    def __init__(self, event_type: str, suggestion: str) -> None:
        super().__init__(f"there is no template for {event_type}", remedy=suggestion)


class FilterRefused(Refused):
    """A filter that cannot be read; the message names the place."""

    code = "filter_invalid"


class NotAnEvent(Refused):
    """A body that the webhook would reject; `code` says why."""

    def __init__(self, code: str, reason: str, *, remedy: str) -> None:
        super().__init__(reason, remedy=remedy)
        self.code = code


class IndexNotReady(Refused):
    """What a filter finds is not complete yet, which is not enough to act on."""

    code = "index_not_ready"

    def __init__(self, unsearched: int) -> None:
        super().__init__(
            f"{unsearched:,} bodies are not searched yet: their index is being made",
            remedy="Try again in a minute, or filter without text.",
        )


class NoRoomForCopy(Refused):
    code = "no_room_for_copy"

    def __init__(self, size: int, free: int) -> None:
        super().__init__(
            f"the database has {size >> 20:,} MiB, and its disk has {free >> 20:,} MiB free",
            remedy="A dry run works on a copy: make room for one.",
        )


class CodeRefused(Refused):
    """Edited code that cannot be used."""

    code = "code_refused"

    def __init__(self, why: str) -> None:
        super().__init__(why, remedy="The code of before goes on. Mend it and load it again.")


class UnknownFilter(Refused):
    code = "unknown_filter"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = ", ".join(sorted(known)) or "none yet"
        super().__init__(f"there is no saved filter {name}", remedy=f"Saved are: {names}.")


class TooManyFilters(Refused):
    code = "too_many_filters"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} filters are saved, which is the most", remedy="Delete one of them first.")


class MarkRefused(Refused):
    code = "mark_refused"

    def __init__(self, mark: str) -> None:
        super().__init__(f'"{mark}" is no mark', remedy="A mark is one word, such as bug; write more into the note.")


class NothingToCompare(Refused):
    code = "nothing_to_compare"

    def __init__(self, why: str) -> None:
        super().__init__(why, remedy="Name two events (evt_…), deliveries (delivery_N) or attempts (evt_…#N).")


class UnknownChoice(Refused):
    """A filter names a value that does not exist."""

    code = "unknown_choice"


class NothingToReplay(Refused):
    code = "nothing_to_replay"

    def __init__(self) -> None:
        super().__init__(
            "no event was named", remedy="Name events by evt_… or number, give a filter, or ask for all that failed."
        )


class ClockNotVirtual(Refused):
    code = "clock_not_virtual"

    def __init__(self) -> None:
        super().__init__(
            "this server runs on the clock of the machine, which cannot be moved",
            remedy="Start one with `devconsole server --virtual-clock`, or play a scenario.",
        )


class UnknownMoment(Refused):
    """Where the clock is to be moved to cannot be understood."""

    code = "unknown_moment"

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message, remedy=remedy)


class NothingToExplain(Refused):
    code = "nothing_to_explain"

    def __init__(self) -> None:
        super().__init__("neither a delivery nor a header or body was given", remedy="Name a delivery, or give both.")


class NotResendable(Refused):
    """A delivery that must not be signed anew."""

    code = "not_resendable"

    def __init__(self, delivery_id: int, why: str, remedy: str) -> None:
        super().__init__(f"delivery {delivery_id} is not sent again: {why}", remedy=remedy)


class WebhookUnreachable(Refused):
    """Our own webhook did not take a delivery of ours."""

    code = "webhook_unreachable"


class UnknownFault(Refused):
    code = "unknown_fault"

    def __init__(self, name: str, suggestion: str) -> None:
        super().__init__(f"there is no fault {name}", remedy=suggestion)


class ClockIsVirtual(Refused):
    """One clock for all; it is moved as such."""

    code = "clock_is_virtual"

    def __init__(self) -> None:
        super().__init__(
            "the sandbox shares the virtual clock of this server", remedy="Move it: devconsole clock advance."
        )


class NoSandbox(Refused):
    """What only the sandbox does on demand; the real Stripe does not."""

    code = "no_sandbox"

    def __init__(self) -> None:
        super().__init__(
            "this server runs without the sandbox, and only that commits faults, moves its clock or forgets",
            remedy="Start a server without STRIPE_SECRET, --no-sandbox and --stripe-api.",
        )


class UnknownTarget(Refused):
    code = "unknown_target"

    def __init__(self, reference: str, suggestion: str) -> None:
        super().__init__(f"there is no forward target {reference}", remedy=suggestion)


class UnknownForward(Refused):
    code = "unknown_forward"

    def __init__(self, forward_id: int) -> None:
        super().__init__(f"there is no forward {forward_id}", remedy="Show its target to see what it was sent.")


class TargetPaused(Refused):
    code = "target_paused"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is paused, so nothing is sent to it", remedy=f"Resume it first: forwards resume {name}."
        )
