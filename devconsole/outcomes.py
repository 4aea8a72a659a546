"""What an operation brought about, in one sentence for the person who asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from devconsole.format import count, duration, euros, moment, size, words
from devconsole.rehearsed import verdicts
from relay.api import (
    AdjustBalance,
    AutoTopupCheck,
    AutoTopupView,
    BalanceView,
    CallView,
    ClockView,
    CompanyView,
    CreateTopup,
    DeliveryView,
    DigestView,
    DrainBalance,
    EventView,
    FaultView,
    ForwardTargetView,
    ForwardView,
    GradeView,
    LedgerCheck,
    LimitsView,
    MarkNonBillable,
    NewForwardTarget,
    Operation,
    Page,
    Reconciliation,
    RefundCall,
    RefundView,
    Rehearsal,
    ReloadView,
    RemoveForwardTarget,
    ReplayEvents,
    ReplayResult,
    RetryForwards,
    RolledSecretView,
    SandboxFileView,
    SandboxView,
    SavedFilterView,
    SaveFilter,
    SentEvent,
    SignatureExplanation,
    StartCall,
    SwitchFaultsOff,
    TestModeView,
    TopupView,
    WithdrawBalance,
)
from relay.errors import OperationRefused, RelayError

Severity = Literal["information", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Outcome:
    sentence: str
    severity: Severity = "information"
    title: str = "Done"


def failed(error: RelayError) -> Outcome:
    """The server said no, with its reason and what to do about it; or it said nothing."""
    if isinstance(error, OperationRefused):
        return Outcome(" ".join(filter(None, (error.problem.message, error.problem.remedy))), "error", "Refused")
    return Outcome(f"{error}. Whether it was done is not known.", "error", "No answer")


def outcome(operation: Operation[Any], answer: Any) -> Outcome:
    """The answer of an operation in a sentence: what moved, or why nothing did."""
    match answer:
        case TopupView():
            return _topup(operation, answer)
        case CallView():
            return _call(operation, answer)
        case BalanceView():
            left = f"{answer.company_name} has {euros(answer.effective_total_cents)} left: {answer.level}."
            return Outcome(left, title=BALANCE_TITLES.get(type(operation), "Done"))
        case LimitsView():
            return _limits(answer)
        case AutoTopupView():
            return _auto_topup(answer)
        case AutoTopupCheck(decision=decision):
            return Outcome(decision.explanation, title="Charged" if decision.allowed else "No automatic top-up")
        case Reconciliation():
            return _reconciled(answer)
        case RefundView():
            return Outcome(
                f"{euros(answer.amount_cents)} go back to the card, and are off the balance.", title="Refunded"
            )
        case DeliveryView():
            return _delivery(answer)
        case SignatureExplanation():
            return _explained(answer)
        case TestModeView():
            return _test_mode(answer)
        case CompanyView():
            return Outcome(f"{answer.name} was created with {euros(answer.balance.balance_cents)}.", title="Created")
        case LedgerCheck():
            return _ledger(answer)
        case Rehearsal():
            severity: Severity = "information" if answer.ledger_ok else "error"
            return Outcome(f"{verdicts(answer)}. Nothing was written.", severity, title="Dry run")
        case SentEvent():
            return _sent(answer)
        case EventView():
            return Outcome(f"{answer.event_id}: {answer.mark or 'no mark'}.", title="Marked")
        case SavedFilterView() if isinstance(operation, SaveFilter):
            return Outcome(f"@{answer.name} stands for {answer.filter}", title="Saved")
        case SavedFilterView():
            return Outcome(f"@{answer.name} is gone.", title="Deleted")
        case ReloadView():
            return Outcome(f"{count(len(answer.modules), 'module')} of billing loaded anew.", title="Reloaded")
        case NewForwardTarget(target=target):
            return Outcome(f"{target.name} gets what is delivered from now on.", title="Added")
        case ForwardTargetView():
            return _forward_target(operation, answer)
        case GradeView():
            good = answer.passed == answer.of
            text = f"{answer.passed} of {answer.of} guarantees given."
            return Outcome(text, "information" if good else "warning", "Graded")
        case ClockView():
            return Outcome(_time_of(answer), title="The clock")
        case DigestView():
            return Outcome(f"{answer.digest}, copied to the clipboard.", title="Digest of everything")
        case SandboxView():
            held = f"{count(answer.objects, 'object')} and {count(answer.events, 'event')}"
            return Outcome(f"It holds {held}; its time is {moment(answer.now)}.", title="Sandbox")
        case SandboxFileView():
            return Outcome(f"{answer.path}, {size(answer.bytes)}.", title="Snapshot written")
        case RolledSecretView():
            return Outcome(f"The old secret signs too until {moment(answer.old_until)}.", title="Secret rolled")
        case FaultView():
            times = "once" if answer.times_left == 1 else f"{answer.times_left:,} times"
            return Outcome(f"{answer.title}: {times}.", "warning", "Fault on")
        case Page() if isinstance(operation, SwitchFaultsOff):
            return Outcome(f"{count(answer.total, 'fault')} switched off.", title="Faults off")
        case Page() if isinstance(operation, RetryForwards):
            return _retried(answer.rows)
        case Page() if isinstance(operation, ReplayEvents):
            return _replays(answer.rows)
        case _:
            return Outcome(f"{operation.name}: done.")


BALANCE_TITLES: dict[type[Operation[Any]], str] = {
    DrainBalance: "Drained",
    AdjustBalance: "Booked",
    WithdrawBalance: "Paid out",
}


def _limits(limits: LimitsView) -> Outcome:
    set_ = [f"{euros(each.limit_cents)} {each.period}" for each in limits.periods if each.limit_cents is not None]
    over = "over it calls are refused" if limits.hard_limit else "over it calls go on"
    text = f"{limits.company_slug}: {', '.join(set_)}; {over}." if set_ else f"{limits.company_slug} has no limit."
    return Outcome(text, title="Limits saved")


def _topup(operation: Operation[Any], topup: TopupView) -> Outcome:
    amount, company = euros(topup.amount_cents), topup.company_slug
    match topup.status:
        case "succeeded":
            bonus = f" and a bonus of {euros(topup.bonus_cents)}" if topup.bonus_cents else ""
            return Outcome(f"{amount}{bonus} credited to {company}.", title="Paid")
        case "failed":
            code = words(topup.decline_code or topup.failure_code)
            return Outcome(
                f"{amount} for {company}: {code}. {topup.failure_message or ''}".strip(), "error", "Declined"
            )
        case "requires_action":
            return Outcome(f"{amount} for {company}: the bank asks for authentication.", "warning", "Not paid yet")
        case "cancelled":
            return Outcome(f"The top-up of {amount} for {company} was cancelled.", title="Cancelled")
        case _ if isinstance(operation, CreateTopup):
            return Outcome(f"{amount} for {company}: on its way, the webhook settles it.", title="Charging")
        case _:
            return Outcome(f"{amount} for {company}: {topup.checkout_url or 'no page'}", title="Checkout page opened")


def _call(operation: Operation[Any], call: CallView) -> Outcome:
    if isinstance(operation, MarkNonBillable):
        return Outcome(f"Call {call.id}: {euros(call.refunded_cents)} given back in all.", title="Not billable")
    if isinstance(operation, RefundCall):
        return Outcome(f"{euros(call.refunded_cents)} of call {call.id} given back in all.", title="Refunded")
    if isinstance(operation, StartCall) or call.status == "in_progress":
        return Outcome(
            f"{call.company_slug} is on the phone; money for five minutes is reserved.", title="Call started"
        )
    talked = f"{call.company_slug}: {duration(call.duration_s)}"
    match call.charge_status:
        case "charged":
            return Outcome(f"{talked} for {euros(call.amount_cents)}{_by_bonus(call)}.", title="Call charged")
        case "unpaid":
            text = f"{talked} for {euros(call.amount_cents)}: not enough money; it is retried after the next credit."
            return Outcome(text, "warning", "Call unpaid")
        case _:
            return Outcome(f"{talked}: nothing to charge.", title="Call ended")


def _by_bonus(call: CallView) -> str:
    return f", {euros(call.paid_by_bonus_cents)} of it from the bonus" if call.paid_by_bonus_cents else ""


def _auto_topup(settings: AutoTopupView) -> Outcome:
    if not settings.enabled:
        return Outcome(f"Automatic top-up of {settings.company_slug} is off.", title="Saved")
    text = (
        f"{settings.company_slug}: below {euros(settings.threshold_cents)}, {euros(settings.amount_cents)} are charged."
    )
    return Outcome(text, title="Automatic top-up on")


def _delivery(delivery: DeliveryView) -> Outcome:
    if delivery.verdict == "rejected":
        return Outcome(f"{delivery.reason} {delivery.remedy or ''}".strip(), "error", "Rejected")
    return Outcome(f"{delivery.event_id} was {delivery.verdict}.", title="Sent")


def _forward_target(operation: Operation[Any], target: ForwardTargetView) -> Outcome:
    if isinstance(operation, RemoveForwardTarget):
        return Outcome(f"{target.name} gets nothing any more.", title="Removed")
    waiting = f", {count(target.waiting, 'delivery', 'deliveries')} waiting" if target.waiting else ""
    return Outcome(f"{target.name}: {target.health_reason}{waiting}.", title=target.health.capitalize())


def _retried(rows: tuple[ForwardView, ...]) -> Outcome:
    if not rows:
        return Outcome("Nothing was refused or given up.", title="Nothing to send again")
    taken = sum(row.state == "delivered" for row in rows)
    last = next((row.reason for row in rows if row.state != "delivered"), None)
    text = f"{taken} of {count(len(rows), 'delivery', 'deliveries')} taken." + (f" {last}." if last else "")
    return Outcome(text, "information" if taken == len(rows) else "warning", "Sent again")


def _sent(sent: SentEvent) -> Outcome:
    well = sent.status in ("completed", "ignored")
    booked = count(len(sent.ledger_ids), "ledger row") + " added" if sent.ledger_ids else "nothing new to book"
    text = f"{sent.event_id}: {words(sent.status)}, {booked}."
    return Outcome(
        text if well or not sent.reason else f"{text} {sent.reason}", "information" if well else "warning", "Sent"
    )


def _test_mode(test_mode: TestModeView) -> Outcome:
    severity: Severity = "information" if test_mode.on else "warning"
    return Outcome(test_mode.reason, severity, "Test mode on" if test_mode.on else "Locked")


def _ledger(check: LedgerCheck) -> Outcome:
    stripe = check.stripe
    if check.ok:
        said = f"Stripe says the same of {count(stripe.payments, 'payment')}" if stripe.asked else stripe.reason
        rows = f"{count(check.rows, 'row')} of {count(check.companies, 'company', 'companies')} add up"
        return Outcome(f"{rows}. {said}.", title="Proven")
    wrong = [breach.detail for breach in check.breaches]
    wrong += [difference.detail for difference in stripe.differences if difference.breaks]
    return Outcome("; ".join(wrong[:3]), "error", "Ledger check failed")


def _reconciled(found: Reconciliation) -> Outcome:
    stripe = found.comparison
    if found.mended:
        severity: Severity = "information" if stripe.agrees else "warning"
        return Outcome("\n".join(found.mended[:3]), severity, f"{count(len(found.mended), 'payment')} booked")
    if stripe.agrees:
        return Outcome(f"Stripe says the same of {count(stripe.payments, 'payment')}.", title="Reconciled")
    return Outcome(f"Not the same here: {count(len(stripe.differences), 'payment')}.", "error", "Stripe says otherwise")


def _replays(results: tuple[ReplayResult, ...]) -> Outcome:
    if not results:
        return Outcome("There was nothing to replay.", title="Replayed")
    if len(results) == 1:
        (result,) = results
        booked = count(len(result.ledger_ids), "ledger row") + " added" if result.ledger_ids else "nothing new to book"
        bad = result.status_after in ("failed", "pending", "unmatched", "quarantined")
        text = f"{result.event_id}: {words(result.status_after)}, {booked}."
        return Outcome(
            f"{text} {result.reason}" if bad and result.reason else text,
            "warning" if bad else "information",
            "Replayed",
        )
    well = sum(result.status_after in ("completed", "ignored") for result in results)
    rows = sum(len(result.ledger_ids) for result in results)
    text = f"{count(len(results), 'event')}: {well} went through, {count(rows, 'ledger row')} added."
    return Outcome(text, "information" if well == len(results) else "warning", "Replayed")


def _explained(told: SignatureExplanation) -> Outcome:
    """What was found, what proves it, what to do."""
    if told.cause == "ok":
        return Outcome(" ".join((f"{told.sentence}.", *told.evidence)), title="The signature is right")
    parts = [f"{told.sentence}.", *(f"{line}." for line in told.evidence[:2])]
    sure = "" if told.certain else ", most likely"
    return Outcome(" ".join((*parts, told.remedy or "")), "warning", f"{words(told.cause).capitalize()}{sure}")


def _time_of(clock: ClockView) -> str:
    now = f"It is {clock.now:%Y-%m-%d %H:%M:%S} UTC"
    if clock.next_due_at is None:
        return f"{now}; nothing is due by itself."
    return f"{now}; next due {clock.next_due_at:%Y-%m-%d %H:%M:%S}."
