"""The Stripe-Signature header: read strictly as the library does, and generously, to see what was meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

HEX_LENGTH = 64
MILLISECONDS_FROM = 10**11
"""A timestamp from here on is in milliseconds: in seconds it would be the year 5138."""

OTHER_PROVIDERS: dict[str, str] = {
    "x-hub-signature-256": "GitHub or Meta",
    "x-github-event": "GitHub",
    "x-gitlab-event": "GitLab",
    "x-shopify-hmac-sha256": "Shopify",
    "paypal-transmission-sig": "PayPal",
    "paddle-signature": "Paddle",
    "svix-signature": "Svix",
    "webhook-signature": "a sender that follows Standard Webhooks, or GoCardless",
    "x-twilio-signature": "Twilio",
    "x-slack-signature": "Slack",
    "x-square-hmacsha256-signature": "Square",
    "x-razorpay-signature": "Razorpay",
    "x-line-signature": "LINE",
    "x-hubspot-signature": "HubSpot",
    "x-zm-signature": "Zoom",
    "x-paystack-signature": "Paystack",
}
"""By a header that only they send."""


@dataclass(frozen=True, slots=True)
class SignatureHeader:
    """What a header says. `flaws` are what had to be forgiven to read it."""

    timestamp: int | None
    v1: tuple[str, ...]
    has_v0: bool
    flaws: tuple[str, ...] = ()


def other_provider(headers: Mapping[str, str]) -> str | None:
    """Whose webhook this is, by its headers."""
    names = {name.lower() for name in headers}
    return next((whose for name, whose in OTHER_PROVIDERS.items() if name in names), None)


def read_generously(header: str) -> SignatureHeader:
    """What the sender may have meant, and what is wrong with how it is written."""
    flaws: list[str] = []
    text = header.strip()
    if text[:1] in "\"'" and text[:1] == text[-1:]:
        text = text[1:-1]
        flaws.append("it is in quotes")
    name, colon, rest = text.partition(":")
    if colon and name.strip().lower() == "stripe-signature":
        text = rest.strip()
        flaws.append("it repeats its own name")
    if "%3D" in text.upper():
        text = re.sub("%3D", "=", re.sub("%2C", ",", text, flags=re.I), flags=re.I)
        flaws.append("it is percent-encoded")
    if ";" in text and "," not in text:
        text = text.replace(";", ",")
        flaws.append("its parts are separated by semicolons")
    if re.search(r"\s", text):
        flaws.append("it has blanks or line ends in it")
    timestamp: int | None = None
    v1: list[str] = []
    v0 = False
    for part in re.sub(r"\s", "", text).split(","):
        key, equals, value = part.partition("=")
        match key.lower():
            case "t" if timestamp is None and re.fullmatch(r"-?[0-9]{1,19}", value):
                timestamp = int(value)
            case "t" if timestamp is None:
                flaws.append(f"its t is no number of seconds: {value[:30]!r}")
            case "v1" if equals and value:
                v1.append(value)
            case "v0":
                v0 = True
        if key != key.lower():
            flaws.append(f"{key!r} is in upper case")
    if timestamp is None and not any("its t" in flaw for flaw in flaws):
        flaws.append("it has no t=<seconds>")
    if timestamp is not None and timestamp >= MILLISECONDS_FROM:
        flaws.append("its t is in milliseconds")
    if not v1:
        flaws.append("it has no v1=<hex>")
    flaws.extend(
        f"a v1 value has {len(value)} characters, a signature {HEX_LENGTH}" for value in v1 if len(value) != HEX_LENGTH
    )
    return SignatureHeader(timestamp, tuple(v1), v0, tuple(flaws))
