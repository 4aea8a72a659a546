"""What notices say, in German and English. Templates on top, filling below; facts are plain values, money in cents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from billing.models import NoticeKind
from billing.money_text import money_in

GERMAN: Final = "de"
ENGLISH: Final = "en"
GERMAN_SPEAKING: Final = frozenset({"DE", "AT", "CH", "LI"})

Fact = str | int | None


@dataclass(frozen=True, slots=True)
class Text:
    """A rendered notice."""

    subject: str
    body: str


def language_of(country: str) -> str:
    """The language in which a company of this country (two letters) is addressed."""
    return GERMAN if country.upper() in GERMAN_SPEAKING else ENGLISH


def render(kind: NoticeKind, language: str, facts: Mapping[str, Fact]) -> Text:
    """Fill the template of a kind. Facts that end in `_cents` are written as amounts, under the name before it."""
    words = _WORDS[language]
    values: dict[str, Any] = {}
    for name, value in facts.items():
        if name.endswith("_cents") and isinstance(value, int):
            values[name.removesuffix("_cents")] = money_in(value, language)
        else:
            values[name] = words.get(f"{name}:{value}", value)
    if kind is NoticeKind.LOW_BALANCE:
        values["consequence"] = words[f"consequence:{facts['level']}"]
    if "failure" in values:
        values["failure"] = values["failure"] or words["failure:unknown"]
    subject, body = _TEMPLATES[kind, language]
    greeting, closing = words["greeting"], words["closing"]
    return Text(subject.format_map(values), f"{greeting}\n\n{body.format_map(values)}\n\n{closing}\n")


_TEMPLATES: Final[Mapping[tuple[NoticeKind, str], tuple[str, str]]] = {
    (NoticeKind.LOW_BALANCE, GERMAN): (
        "{company}: Ihr Guthaben ist {level}",
        "für Gespräche von {company} stehen noch {effective_total} zur Verfügung. "
        "Ihre Warnschwelle liegt bei {threshold}.\n{consequence}\n\n"
        "Bitte laden Sie Ihr Guthaben auf, zum Beispiel mit {suggested}.",
    ),
    (NoticeKind.LOW_BALANCE, ENGLISH): (
        "{company}: your balance is {level}",
        "{company} has {effective_total} left for calls. Your warning threshold is {threshold}.\n{consequence}\n\n"
        "Please top up your balance, for example by {suggested}.",
    ),
    (NoticeKind.SPENDING_LIMIT, GERMAN): (
        "{company}: {step} % des {period} Ausgabenlimits erreicht",
        "{company} hat {spent} von {limit} des {period} Ausgabenlimits verbraucht.\n{effect}",
    ),
    (NoticeKind.SPENDING_LIMIT, ENGLISH): (
        "{company}: {step} % of the {period} spending limit reached",
        "{company} has used {spent} of its {period} spending limit of {limit}.\n{effect}",
    ),
    (NoticeKind.AUTO_TOPUP_SUCCEEDED, GERMAN): (
        "{company}: {amount} automatisch aufgeladen",
        "das Guthaben von {company} wurde automatisch um {amount} aufgeladen (Aufladung {topup}, {card}).\n"
        "Bonus: {bonus}. Guthaben jetzt: {total}.",
    ),
    (NoticeKind.AUTO_TOPUP_SUCCEEDED, ENGLISH): (
        "{company}: topped up automatically by {amount}",
        "the balance of {company} was topped up automatically by {amount} (top-up {topup}, {card}).\n"
        "Bonus: {bonus}. Balance now: {total}.",
    ),
    (NoticeKind.AUTO_TOPUP_FAILED, GERMAN): (
        "{company}: automatische Aufladung fehlgeschlagen",
        "die automatische Aufladung von {company} über {amount} ist fehlgeschlagen (Aufladung {topup}, {card}).\n"
        "Grund: {failure}. Guthaben jetzt: {total}.\n\n"
        "Bitte prüfen Sie Ihre Karte, oder hinterlegen Sie eine andere.",
    ),
    (NoticeKind.AUTO_TOPUP_FAILED, ENGLISH): (
        "{company}: automatic top-up failed",
        "the automatic top-up of {company} by {amount} failed (top-up {topup}, {card}).\n"
        "Reason: {failure}. Balance now: {total}.\n\n"
        "Please check your card, or save another one.",
    ),
    (NoticeKind.AUTO_TOPUP_DISABLED, GERMAN): (
        "{company}: automatische Aufladung abgeschaltet",
        "nach {failures} Fehlversuchen in Folge wurde die automatische Aufladung von {company} abgeschaltet. "
        "Guthaben jetzt: {total}.\n\n"
        "Hinterlegen Sie eine gültige Karte, und schalten Sie die automatische Aufladung wieder ein.",
    ),
    (NoticeKind.AUTO_TOPUP_DISABLED, ENGLISH): (
        "{company}: automatic top-up switched off",
        "after {failures} failures in a row, the automatic top-up of {company} was switched off. "
        "Balance now: {total}.\n\n"
        "Save a valid card and switch the automatic top-up on again.",
    ),
    (NoticeKind.PAYMENT_FAILED, GERMAN): (
        "{company}: Zahlung über {amount} fehlgeschlagen",
        "Ihre Zahlung über {amount} für {company} ist fehlgeschlagen (Aufladung {topup}).\n"
        "Grund: {failure}. Guthaben jetzt: {total}.\n\n"
        "Bitte versuchen Sie es noch einmal, mit einer anderen Karte oder einem kleineren Betrag.",
    ),
    (NoticeKind.PAYMENT_FAILED, ENGLISH): (
        "{company}: payment of {amount} failed",
        "your payment of {amount} for {company} failed (top-up {topup}).\n"
        "Reason: {failure}. Balance now: {total}.\n\n"
        "Please try again, with another card or a smaller amount.",
    ),
}

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    GERMAN: {
        "greeting": "Guten Tag,",
        "closing": "Ihr Abrechnungsteam",
        "level:low": "niedrig",
        "level:critical": "fast aufgebraucht",
        "level:blocked": "zu niedrig für weitere Gespräche",
        "level:exhausted": "aufgebraucht",
        "consequence:low": "Gespräche sind weiterhin möglich.",
        "consequence:critical": "Gespräche sind noch möglich, aber nicht mehr lange.",
        "consequence:blocked": "Das reicht nicht für eine Minute: Neue Gespräche werden abgelehnt.",
        "consequence:exhausted": "Neue Gespräche werden abgelehnt.",
        "period:daily": "täglichen",
        "period:weekly": "wöchentlichen",
        "period:monthly": "monatlichen",
        "effect:warned": "Gespräche sind weiterhin möglich.",
        "effect:refused": "Ist das Limit ausgeschöpft, werden neue Gespräche abgelehnt.",
        "card:None": "ohne hinterlegte Karte",
        "failure:insufficient_funds": "Die Karte ist nicht gedeckt",
        "failure:expired_card": "Die Karte ist abgelaufen",
        "failure:lost_card": "Die Karte wurde als verloren gemeldet",
        "failure:stolen_card": "Die Karte wurde als gestohlen gemeldet",
        "failure:incorrect_cvc": "Die Prüfziffer stimmt nicht",
        "failure:authentication_required": "Die Bank verlangt eine Bestätigung",
        "failure:generic_decline": "Die Bank hat die Zahlung abgelehnt",
        "failure:card_declined": "Die Bank hat die Zahlung abgelehnt",
        "failure:processing_error": "Bei der Verarbeitung trat ein Fehler auf",
        "failure:unknown": "nicht angegeben",
    },
    ENGLISH: {
        "greeting": "Hello,",
        "closing": "Your billing team",
        "level:low": "low",
        "level:critical": "almost used up",
        "level:blocked": "too low for another call",
        "level:exhausted": "used up",
        "consequence:low": "Calls are still possible.",
        "consequence:critical": "Calls are still possible, but not for long.",
        "consequence:blocked": "That does not pay for one minute: new calls are refused.",
        "consequence:exhausted": "New calls are refused.",
        "effect:warned": "Calls are still possible.",
        "effect:refused": "Once the limit is used up, new calls are refused.",
        "card:None": "no card saved",
        "failure:insufficient_funds": "the card has insufficient funds",
        "failure:expired_card": "the card has expired",
        "failure:lost_card": "the card was reported lost",
        "failure:stolen_card": "the card was reported stolen",
        "failure:incorrect_cvc": "the security code is wrong",
        "failure:authentication_required": "the bank asks for a confirmation",
        "failure:generic_decline": "the bank declined the payment",
        "failure:card_declined": "the bank declined the payment",
        "failure:processing_error": "an error occurred during processing",
        "failure:unknown": "not given",
    },
}
"""Facts that are codes, as words: `name:value`. What is not listed is written as it is."""
