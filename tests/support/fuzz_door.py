"""Coverage-guided fuzzing of what reads unknown bytes at the webhook: `python -m tests.support.fuzz_door -runs=N`.

Whatever the bytes: reading the head, verifying and explaining never raise, and only a right signature is accepted.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["billing.inbox_head", "billing.signature", "relay.signatures"]):
    from billing.inbox_head import EventHead, NotAnEvent, read_head
    from billing.signature import Secret, sign, verify
    from relay.signatures import Cause, Evidence, KnownSecrets, explain

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SECRETS = (Secret("a", "whsec_0123456789abcdef"), Secret("b", " whsec_with_blanks\n"))


def one(data: bytes) -> None:
    """One input: a body and a header."""
    provider = atheris.FuzzedDataProvider(data)
    signed = provider.ConsumeBool()
    header = provider.ConsumeUnicode(200)
    body = provider.ConsumeBytes(2_000)
    if signed:
        header = sign(body, SECRETS[0].value, int(NOW.timestamp())) + header
    assert isinstance(read_head(body), EventHead | NotAnEvent)
    accepted = verify(body=body, header=header, secrets=SECRETS, now=NOW).ok
    told = explain(Evidence(body=body, header=header, secrets=KnownSecrets(active=SECRETS), now=NOW, originals=[b"{}"]))
    assert (told.cause == Cause.OK) is accepted
    assert not accepted or sign(body, SECRETS[0].value, int(NOW.timestamp())).partition("v1=")[2] in header


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
