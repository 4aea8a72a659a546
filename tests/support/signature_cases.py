"""Generated deliveries, good, odd and bad, judged by the official library and by ours."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import stripe

from billing.signature import Secret, sign, verify

SECRETS = ("whsec_" + "a" * 32, "whsec_" + "b" * 32, " whsec_blank\n", "whsec_ümlaut", "x")
AGES_S = (-86_400, -3_600, -301, -1, 0, 1, 60, 290, 310, 3_600, 10**9)
"""Not within seconds of the limit: the library reads its own clock."""
TOLERANCE_S = 300


@dataclass(frozen=True)
class SignedCase:
    body: bytes
    header: str
    secret: str


def cases(number: int, seed: int) -> Iterator[SignedCase]:
    """`number` cases; most are a right signature with something done to it."""
    dice = random.Random(seed)
    for _ in range(number):
        secret, signer = dice.choice(SECRETS), dice.choice(SECRETS)
        body = _body(dice)
        stamp = int(time.time()) - dice.choice(AGES_S)
        signed = sign(body, secret if dice.random() < 0.8 else signer, stamp)
        yield SignedCase(_spoilt_body(dice, body), _spoilt_header(dice, signed), secret)


def judged(case: SignedCase) -> tuple[bool, bool]:
    """Whether the official library accepts it, and whether ours does."""
    try:
        theirs = bool(
            stripe.WebhookSignature.verify_header(case.body, case.header, case.secret, TOLERANCE_S)  # type: ignore[arg-type]
        )
    except (stripe.SignatureVerificationError, TypeError, ValueError):
        # A TypeError is the library's way of refusing what is not ASCII.
        theirs = False
    secrets = (Secret("tested", case.secret),)
    ours = verify(body=case.body, header=case.header, secrets=secrets, now=datetime.now(UTC)).ok
    return theirs, ours


def tally(number: int, seed: int) -> Counter[tuple[bool, bool]]:
    """How often each pair of verdicts (theirs, ours) came; a disagreement is printed.

    Ours refuses what is not ASCII, whatever the library does: such a case counts as refused by both.
    """
    counted: Counter[tuple[bool, bool]] = Counter()
    for case in cases(number, seed):
        theirs, ours = judged(case)
        verdicts = (theirs and case.header.isascii(), ours)
        counted[verdicts] += 1
        if verdicts[0] is not verdicts[1]:
            print("disagreement:", verdicts, case)
    return counted


def _body(dice: random.Random) -> bytes:
    text = "".join(dice.choice('{}[]":,. \n\t0159aäé€\\/') for _ in range(dice.randrange(60)))
    return text.encode()


def _spoilt_body(dice: random.Random, body: bytes) -> bytes:
    if dice.random() < 0.8:
        return body
    return dice.choice((body + b"\n", b"\xef\xbb\xbf" + body, body[:-1], body.replace(b" ", b""), body.upper()))


def _spoilt_header(dice: random.Random, header: str) -> str:
    stamp, signature = header.split(",")
    parts = [stamp, signature]
    for _ in range(dice.choice((0, 0, 0, 1, 1, 2, 3))):
        match dice.randrange(12):
            case 0:
                parts.insert(0, dice.choice(("v1=" + "0" * 64, "v0=" + "f" * 64, "v1=", "v1", "=", "")))
            case 1:
                parts.append(dice.choice(("v1=" + "0" * 64, "v0=00", "t=1", "t", "x=y=z", " ")))
            case 2:
                dice.shuffle(parts)
            case 3:
                parts = [part.upper() for part in parts]
            case 4:
                parts = [" " + part for part in parts]
            case 5:
                parts = [part.replace("v1", dice.choice(("v0", "v2", "V1", "v1 "))) for part in parts]
            case 6:
                parts = [part[:-1] for part in parts]
            case 7:
                parts = [part for part in parts if not part.startswith(dice.choice(("t", "v1")))]
            case 8:
                parts = [part.replace("t=", dice.choice(("t=+", "t= ", "t=0", "t=-", "t=x"))) for part in parts]
            case 9:
                parts = [part + dice.choice(("\n", "=", "=x", "ä", "_0")) for part in parts]
            case 10:
                parts = parts * 2
            case _:
                parts = [part.replace("=", dice.choice(("==", ":", " = "))) for part in parts]
    return dice.choice((",", ",", ",", ",", ", ", ";", ",,")).join(parts)
