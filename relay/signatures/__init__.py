"""Why a signature does not match: found by trying, told with evidence. Nothing here accepts anything."""

from relay.signatures.causes import Cause
from relay.signatures.evidence import Evidence, KnownSecrets
from relay.signatures.explain import explain

__all__ = ["Cause", "Evidence", "KnownSecrets", "explain"]
