"""The webhook signing secrets that are known right now, each with a label that says whose it is."""

from __future__ import annotations

from billing.signature import Secret
from relay.signatures.evidence import KnownSecrets

LOCAL = "local"
"""Signs what we send to ourselves: replays and triggered events."""
SANDBOX = "sandbox"
STRIPE_CLI = "stripe_cli"
SOURCE_HEADER = "X-Devconsole-Source"
"""One of `OURS`; believed only under our own secret."""
OURS = ("replay", "trigger", "script")
"""Sent again, made of a template, or written by hand or by a script."""
ENDPOINT = "endpoint"
"""The one that the settings name (`STRIPE_WEBHOOK_SECRET`)."""
RETIRED_MAX = 8
"""Secrets of before that are remembered."""


class SecretRing:
    """Secrets by label; they may change while the server runs (a `stripe listen` that starts brings its own)."""

    def __init__(self, *, local: str) -> None:
        self._by_label = {LOCAL: local}
        self._all: tuple[Secret, ...] = ()
        self._retired: tuple[Secret, ...] = ()
        self._keys: tuple[Secret, ...] = ()
        self._arrange()

    @property
    def all(self) -> tuple[Secret, ...]:
        return self._all

    @property
    def local(self) -> str:
        return self._by_label[LOCAL]

    @property
    def sender(self) -> Secret:
        """The one under which whoever delivers to us signs; ours while nobody else is known."""
        return self._all[0]

    @property
    def known(self) -> KnownSecrets:
        """All that may explain a signature; only `all` accepts one."""
        return KnownSecrets(active=self._all, retired=self._retired, keys=self._keys)

    def value_of(self, label: str) -> str | None:
        """The secret with this label; None when there is none."""
        return self._by_label.get(label)

    def put(self, label: str, value: str) -> None:
        """Know this secret from now on; it takes the place of an earlier one with the same label."""
        if (earlier := self._by_label.get(label)) not in (None, value):
            self.retire(label, str(earlier))
        self._by_label[label] = value
        self._arrange()

    def drop(self, label: str) -> None:
        assert label != LOCAL, "our own deliveries must stay verifiable"
        if (dropped := self._by_label.pop(label, None)) is not None:
            self.retire(label, dropped)
        self._arrange()

    def retire(self, label: str, value: str) -> None:
        """Remember a secret that is accepted no more, to tell whoever still uses it."""
        others = [secret for secret in self._retired if secret.value != value]
        self._retired = (Secret(label, value), *others)[:RETIRED_MAX]

    def put_key(self, label: str, value: str) -> None:
        """Know an API key, which signs nothing, to tell whoever takes it for a signing secret."""
        self._keys = (*self._keys, Secret(label, value))

    def _arrange(self) -> None:
        # Ours last: it signs the fewest deliveries, and they are tried in order.
        labels = [label for label in self._by_label if label != LOCAL]
        self._all = tuple(Secret(label, self._by_label[label]) for label in (*labels, LOCAL))


def source_of(label: str | None, claimed: str | None) -> str:
    """Where a delivery came from, by the secret that matched.

    `claimed` is the value of `SOURCE_HEADER`, by which our own requests are told apart.
    """
    if label is None:
        return "unknown"
    if label != LOCAL:
        return label
    return claimed if claimed in OURS else "trigger"
