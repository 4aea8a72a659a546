"""From a delivery to the cause of its verdict: what can be proved by trying first, then what the rest points to."""

from __future__ import annotations

from collections.abc import Iterator

from billing.signature import SignatureVerdict, verify
from relay.api.webhook import SignatureExplanation
from relay.signatures.causes import REMEDIES, Cause
from relay.signatures.evidence import API_KEYS, Evidence, masked, parsed
from relay.signatures.header import MILLISECONDS_FROM, SignatureHeader, other_provider, read_generously
from relay.signatures.rest import Pointer, pointed_at
from relay.signatures.search import READ_MAX, Search

FRESH_S = 30
"""A signature made so soon after its event is that of the first attempt."""


def explain(case: Evidence) -> SignatureExplanation:
    """Why `case` is accepted or refused. Never raises, whatever the bytes; costs some milliseconds."""
    verdict = verify(
        body=case.body, header=case.header, secrets=case.secrets.active, now=case.now, tolerance_s=case.tolerance_s
    )
    if verdict.ok:
        return _told(Cause.OK, verdict.reason, _accepted(case), label=verdict.secret_label)
    match verdict.reason_code:
        case "signature_missing":
            return _missing(case)
        case "timestamp_too_old":
            return _too_old(case, verdict)
    assert case.header is not None or verdict.reason_code == "no_secret"
    header = read_generously(case.header or "")
    if verdict.reason_code == "no_secret" and not case.secrets.others:
        return _told(Cause.NO_SECRET, verdict.reason, [])
    return _refused(case, header, verdict)


def _accepted(case: Evidence) -> Iterator[str]:
    header = read_generously(case.header or "")
    if header.timestamp is not None and (ahead_s := header.timestamp - case.now.timestamp()) > case.tolerance_s:
        yield (
            f"the signature is from {ahead_s:,.0f} s in the future, which the official library accepts too: "
            "the sender's clock is ahead, or this one is behind"
        )
    if header.has_v0:
        yield "a v0 value is there as well; it proves nothing and was passed over"


def _missing(case: Evidence) -> SignatureExplanation:
    if (provider := other_provider(case.headers)) is not None:
        return _told(
            Cause.OTHER_PROVIDER,
            f"this is a webhook of {provider}, not of Stripe",
            [f"it has the header that only {provider} sends, and no Stripe-Signature"],
            certain=True,
        )
    evidence = [f"{len(case.headers)} headers arrived, and none is Stripe-Signature"] if case.headers else []
    agent = next((value for name, value in case.headers.items() if name.lower() == "user-agent"), "")
    if agent.startswith("Stripe/"):
        evidence.append("the sender calls itself Stripe, which always signs: something on the way dropped the header")
    return _told(Cause.HEADER_MISSING, "the request has no Stripe-Signature header", evidence)


def _refused(case: Evidence, header: SignatureHeader, verdict: SignatureVerdict) -> SignatureExplanation:
    """The header is there, and no active secret made it as it stands."""
    if header.timestamp is None or not header.v1:
        if header.has_v0 and not header.v1:
            return _told(Cause.ONLY_V0, verdict.reason, ["a v0 value is there, and no v1"])
        return _told(Cause.HEADER_MALFORMED, verdict.reason, header.flaws)
    stamps = [header.timestamp]
    if header.timestamp >= MILLISECONDS_FROM:
        stamps.append(header.timestamp // 1000)
    tried = 0
    for stamp in stamps:
        search = Search(case, stamp, header.v1)
        found = search.find()
        tried += search.tried
        if found is not None:
            cause = Cause.HEADER_REFORMATTED if found.cause is Cause.OK else found.cause
            sentence = f"the header was rewritten on its way; {found.sentence}" if header.flaws else found.sentence
            evidence = ["under exactly this reading the signature matches", *header.flaws, *_age(case, stamp)]
            return _told(cause, sentence, evidence, label=found.secret_label)
    rest = pointed_at(case, Search(case, stamps[-1], header.v1))
    return _undecided(case, header, rest, tried)


def _undecided(case: Evidence, header: SignatureHeader, rest: Pointer, tried: int) -> SignatureExplanation:
    number = len(case.secrets.active) + len(case.secrets.others) + len(case.secrets.retired) + len(case.secrets.keys)
    evidence = list(rest.evidence)
    if not rest.certain:
        evidence.append(f"tried {tried:,} ways with {number} known secrets; none makes the signature")
        if len(case.body) > READ_MAX:
            evidence.append(f"a body of more than {READ_MAX:,} bytes is not tried in other encodings")
    assert header.timestamp is not None
    evidence.extend(_age(case, header.timestamp))
    given = next((secret.value for secret in case.secrets.active if secret.value.strip().startswith(API_KEYS)), None)
    if given is not None and not rest.certain:
        return _told(
            Cause.SECRET_IS_API_KEY,
            f"the secret that was used ({masked(given)}) is an API key; webhooks are signed with a whsec_… secret",
            evidence,
        )
    if header.flaws and not rest.certain:
        return _told(Cause.HEADER_MALFORMED, header.flaws[0], [*header.flaws[1:], *evidence], certain=False)
    return _told(rest.cause, rest.sentence, evidence, certain=rest.certain, label=rest.secret_label)


def _too_old(case: Evidence, verdict: SignatureVerdict) -> SignatureExplanation:
    """Signed by a known secret, but long ago by this machine's clock."""
    header = read_generously(case.header or "")
    assert header.timestamp is not None
    age_s = case.now.timestamp() - header.timestamp
    evidence = [f"the signature itself is right: made with the secret of {verdict.secret_label}"]
    ahead_s = case.clock_ahead_s
    if ahead_s is not None and ahead_s > 1 and age_s - ahead_s <= case.tolerance_s:
        evidence.append(f"by Stripe's clock it is {max(0.0, age_s - ahead_s):,.0f} s old")
        sentence = f"this machine's clock is {ahead_s:,.0f} s ahead of Stripe's, so a fresh signature looks old"
        return _told(Cause.CLOCK_AHEAD, sentence, evidence, label=verdict.secret_label)
    if ahead_s is not None:
        evidence.append(f"this machine's clock agrees with Stripe's to {abs(ahead_s):,.0f} s, so it is really old")
    else:
        evidence.append("this machine's clock has not been compared with Stripe's: `devconsole doctor` does it")
    evidence.append(f"it is {age_s - case.tolerance_s:,.0f} s over the limit")
    evidence.extend(_first_attempt(case, header.timestamp))
    return _told(Cause.TIMESTAMP_TOO_OLD, verdict.reason, evidence, label=verdict.secret_label)


def _first_attempt(case: Evidence, stamp: int) -> Iterator[str]:
    event = parsed(case.body)
    created = event.get("created") if isinstance(event, dict) else None
    if isinstance(created, int) and 0 <= stamp - created <= FRESH_S:
        yield "it was signed right after the event was made: a recorded first attempt, not one of Stripe's retries"


def _age(case: Evidence, stamp: int) -> Iterator[str]:
    age_s = case.now.timestamp() - stamp
    if age_s > case.tolerance_s:
        yield f"beside that it is {age_s:,.0f} s old; at most {case.tolerance_s} s are accepted"


def _told(
    cause: Cause,
    sentence: str,
    evidence: Iterator[str] | list[str] | tuple[str, ...],
    *,
    certain: bool = True,
    label: str | None = None,
) -> SignatureExplanation:
    return SignatureExplanation(
        cause=cause.value,
        certain=certain,
        sentence=sentence,
        evidence=tuple(evidence),
        remedy=REMEDIES[cause],
        secret_label=label,
    )
