"""The causes that are told apart, each with its way out."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """Why a delivery was accepted, or the most telling reason why not."""

    OK = "ok"
    HEADER_MISSING = "header_missing"
    HEADER_MALFORMED = "header_malformed"
    HEADER_REFORMATTED = "header_reformatted"
    """Read generously it verifies: something on the way rewrote it."""
    ONLY_V0 = "only_v0"
    NO_SECRET = "no_secret"
    OTHER_SECRET = "other_secret"
    """Signed with another secret that is known here: the CLI's, the endpoint's, the sandbox's, our own."""
    SECRET_RETIRED = "secret_retired"
    SECRET_IS_API_KEY = "secret_is_api_key"
    SECRET_WHITESPACE = "secret_whitespace"
    SECRET_MANGLED = "secret_mangled"
    """Quoted, without its prefix, decoded, or in another case."""
    SECRET_UNKNOWN = "secret_unknown"
    BODY_REENCODED = "body_reencoded"
    BODY_TAMPERED = "body_tampered"
    BODY_CUT_SHORT = "body_cut_short"
    SIGNED_OTHERWISE = "signed_otherwise"
    """With a known secret, but not over `<t>.<body>` in lower-case hexadecimal SHA-256."""
    TIMESTAMP_TOO_OLD = "timestamp_too_old"
    CLOCK_AHEAD = "clock_ahead"
    OTHER_PROVIDER = "other_provider"
    WRONG_ENDPOINT = "wrong_endpoint"
    """A thin event, a Connect event or one from live mode: meant for an endpoint with another secret."""
    UNDECIDED = "undecided"


REMEDIES: dict[Cause, str | None] = {
    Cause.OK: None,
    Cause.HEADER_MISSING: "Send it through `stripe listen` or the sandbox, or pass the Stripe-Signature header on: "
    "proxies and frameworks drop headers that they do not know.",
    Cause.HEADER_MALFORMED: "Forward the header unchanged: t=<seconds>,v1=<hex>, without blanks after the commas.",
    Cause.HEADER_REFORMATTED: "Forward the header byte by byte; do not parse it and write it anew.",
    Cause.ONLY_V0: "Forward the header unchanged: v0 proves nothing, the v1 part counts.",
    Cause.NO_SECRET: "Set STRIPE_WEBHOOK_SECRET to the whsec_… value that `stripe listen --print-secret` shows.",
    Cause.OTHER_SECRET: "Verify with the secret of the sender: each endpoint and each `stripe listen` has its own.",
    Cause.SECRET_RETIRED: "The sender still signs with the old secret: roll it there too, or set the old one back.",
    Cause.SECRET_IS_API_KEY: "Sign with the whsec_… secret of the endpoint; an API key is no signing secret.",
    Cause.SECRET_WHITESPACE: "Remove blanks and line ends around the secret: `echo -n`, or strip() what was read.",
    Cause.SECRET_MANGLED: "Use the whole secret as it is shown, with its whsec_ and without quotes; never decode it.",
    Cause.SECRET_UNKNOWN: "Compare STRIPE_WEBHOOK_SECRET with the sender's: `stripe listen --print-secret`, or the "
    "endpoint's page in the dashboard.",
    Cause.BODY_REENCODED: "Verify and forward the raw bytes of the request before anything parses them.",
    Cause.BODY_TAMPERED: "Somebody or something changed the body: do not act on it. Ask Stripe for the event instead.",
    Cause.BODY_CUT_SHORT: "Raise the size limit of what is in between, and read the body to its end.",
    Cause.SIGNED_OTHERWISE: "Sign HMAC-SHA256 over `<t>.<raw body>` and write it as lower-case hexadecimal.",
    Cause.TIMESTAMP_TOO_OLD: "Send it again with a fresh signature; what was recorded long ago is refused on purpose.",
    Cause.CLOCK_AHEAD: "Set this machine's clock: switch on time synchronisation.",
    Cause.OTHER_PROVIDER: "Point that provider's webhook at its own address; this one takes Stripe's events only.",
    Cause.WRONG_ENDPOINT: "Give this endpoint its own secret and destination in the dashboard, or deliver snapshot "
    "events of test mode: `stripe listen --all-snapshot`.",
    Cause.UNDECIDED: "The secret is another one, or the body was changed on its way: compare STRIPE_WEBHOOK_SECRET "
    "with `stripe listen --print-secret`, and forward the raw bytes.",
}
