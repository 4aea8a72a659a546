"""No key and no reading makes the signature: what the body and its earlier copies still point to."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from relay.signatures.causes import Cause
from relay.signatures.encodings import readings
from relay.signatures.evidence import SHOWN_MAX, Evidence, differences, parsed
from relay.signatures.header import other_provider
from relay.signatures.search import Search

PENDING = "pending_webhooks"
"""The one field of an event that differs from one telling to the next."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """The likeliest cause; `certain` when it is proved all the same."""

    cause: Cause
    sentence: str
    evidence: Sequence[str] = ()
    certain: bool = False
    secret_label: str | None = None


def pointed_at(case: Evidence, search: Search) -> Pointer:
    """Earlier copies of the event first: they prove most."""
    event = parsed(case.body)
    return (
        _known_with_other_bytes(case, search, event)
        or _for_another_endpoint(case, event)
        or _cut_short(case, event)
        or _by_layout(case, event)
    )


def _known_with_other_bytes(case: Evidence, search: Search, event: Any) -> Pointer | None:
    secrets = (*case.secrets.active, *case.secrets.others, *case.secrets.retired)
    for original in case.originals:
        if original == case.body:
            return Pointer(
                Cause.SECRET_UNKNOWN,
                "the body is untouched, so the secret is one that is not known here",
                ["the event of this id was accepted before with exactly these bytes"],
            )
        if _is_of_another_version(original, event):
            continue
        spelt = [original, *(reading.body for reading in readings(original))]
        signer = next((secret for secret in secrets if any(search.made(secret.value, each) for each in spelt)), None)
        changes = list(itertools.islice(_changes(original, event), SHOWN_MAX + 1))
        named = [*changes[:SHOWN_MAX], *(["and more"] if len(changes) > SHOWN_MAX else [])]
        if signer is not None:
            proof = f"the event of this id is known with other bytes, and those match the secret of {signer.label}"
            if not changes:
                sentence = "the body was rewritten on its way: the same JSON, other bytes"
                return Pointer(Cause.BODY_REENCODED, sentence, [proof], certain=True, secret_label=signer.label)
            sentence = f"the body was changed on its way: {changes[0]}"
            return Pointer(Cause.BODY_TAMPERED, sentence, [proof, *named], certain=True, secret_label=signer.label)
        if changes:
            return Pointer(
                Cause.BODY_TAMPERED,
                f"the body differs from the event of this id that is known here: {changes[0]}",
                [*named, "the signature matches neither, so it may have been made for other bytes still"],
            )
        return Pointer(
            Cause.SECRET_UNKNOWN,
            "the event is as it is known here, only written differently, so the secret is another one",
            ["the event of this id is known: the same JSON, other bytes"],
        )
    return None


def _is_of_another_version(original: bytes, event: Any) -> bool:
    """One event is written differently for endpoints of different API versions: that is no change on its way."""
    before = parsed(original)
    both = isinstance(before, dict) and isinstance(event, dict)
    return both and before.get("api_version") != event.get("api_version")


def _changes(original: bytes, event: Any) -> Any:
    before = parsed(original)
    if isinstance(before, dict) and isinstance(event, dict) and PENDING in before and PENDING in event:
        before, event = {**before, PENDING: 0}, {**event, PENDING: 0}
    return differences(before, event)


def _for_another_endpoint(case: Evidence, event: Any) -> Pointer | None:
    if not isinstance(event, dict):
        if (provider := other_provider(case.headers)) is not None:
            return Pointer(Cause.OTHER_PROVIDER, f"this looks like a webhook of {provider}", ["its headers say so"])
        return None
    if event.get("object") == "v2.core.event":
        said = "a thin event, made for a destination of its own with its own secret"
        return Pointer(Cause.WRONG_ENDPOINT, f"this is {said}", ['its object is "v2.core.event"'])
    account = event.get("account")
    if isinstance(account, str) and account.startswith("acct_"):
        said = f"this is an event of the connected account {account[:40]}: Connect endpoints have a secret of their own"
        return Pointer(Cause.WRONG_ENDPOINT, said, ["it has an account"])
    if event.get("object") == "event" and event.get("livemode") is True:
        said = "this is an event from live mode, whose endpoints have other secrets than those of test mode"
        return Pointer(Cause.WRONG_ENDPOINT, said, ["its livemode is true"])
    if event.get("object") != "event" and (provider := other_provider(case.headers)) is not None:
        return Pointer(Cause.OTHER_PROVIDER, f"this looks like a webhook of {provider}", ["its headers say so"])
    return None


def _cut_short(case: Evidence, event: Any) -> Pointer | None:
    text = case.body.strip()
    if event is None and text[:1] == b"{" and text[-1:] != b"}":
        said = f"the body ends in the middle of its JSON, after {len(case.body):,} bytes"
        return Pointer(Cause.BODY_CUT_SHORT, said, ["it begins as an object and has no end"])
    return None


def _by_layout(case: Evidence, event: Any) -> Pointer:
    if isinstance(event, dict) and case.body == json.dumps(event, indent=2, ensure_ascii=False).encode():
        return Pointer(
            Cause.SECRET_UNKNOWN,
            "the secret is most likely one that is not known here",
            ["the body is laid out exactly as Stripe writes it, so it was probably not rewritten"],
        )
    evidence = []
    if isinstance(event, dict):
        evidence.append(
            "the body is not laid out as Stripe writes it (JSON indented by two): it may have been rewritten"
        )
    return Pointer(
        Cause.UNDECIDED,
        "no known secret made this signature for this body, in any encoding that programs use",
        evidence,
    )
