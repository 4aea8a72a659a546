"""Under which secret a delivery goes out to a target: never without a signature."""

from __future__ import annotations

from dataclasses import dataclass

from billing.signature import Secret
from relay.secrets import LOCAL


@dataclass(frozen=True, slots=True)
class Signing:
    """`secret` None passes the signature on as it came. `says` is for people."""

    secret: str | None
    says: str


def signing(*, own: str | None, signed_by: str | None, sender: Secret) -> Signing:
    """For a target whose own secret is `own`, of a delivery that the secret labelled `signed_by` signed.

    A target without a secret of its own knows the one of whoever normally delivers. What that sender did not sign,
    because we fetched it from the Events API or sent it ourselves, goes out as if it had.
    """
    if own is not None:
        return Signing(own, "by the target's own secret")
    if signed_by not in (None, LOCAL):
        return Signing(None, f"as it came, by the secret of {signed_by}")
    why = "it was fetched, and came without a signature" if signed_by is None else "it came from here"
    return Signing(sender.value, f"anew, by the secret of {sender.label}: {why}")
