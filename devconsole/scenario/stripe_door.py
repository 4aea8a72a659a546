"""Acting at Stripe's side: requests to the sandbox, and its hosted pages."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

SANDBOX_KEY = "sk_test_scenario_runner"
"""Any test key opens the sandbox; it is nobody's account."""
TIMEOUT_S = 30.0


class StripeDoor:
    """The sandbox at `url`."""

    def __init__(self, url: str) -> None:
        self._netloc = urlsplit(url).netloc

    def request(
        self, method: str, path: str, params: Mapping[str, Any] | None = None, *, key: str | None = None
    ) -> dict[str, Any]:
        """Ask the API; errors come back as Stripe's error document. `key` makes a repetition harmless."""
        headers = {"Authorization": "Basic " + base64.b64encode(f"{SANDBOX_KEY}:".encode()).decode()}
        if key is not None:
            headers["Idempotency-Key"] = key
        return self._ask(method, path, params or {}, headers)

    def page(self, path: str, fields: Mapping[str, str]) -> dict[str, Any]:
        """Post a form of a hosted page, as its own script does."""
        return self._ask("POST", path, fields, {"Accept": "application/json"})

    def _ask(self, method: str, path: str, params: Mapping[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        form = urlencode(list(form_of(params)))
        body = form if method == "POST" else None
        target = f"{path}?{form}" if form and body is None else path
        connection = http.client.HTTPConnection(self._netloc, timeout=TIMEOUT_S)
        try:
            connection.request(method, target, body, {**headers, "Content-Type": "application/x-www-form-urlencoded"})
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer if isinstance(answer, dict) else {"answer": answer}


def form_of(params: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, str]]:
    """Nested values as Stripe's forms have them: `payment_method_data[type]`, `items[0][price]`."""
    for name, value in params.items():
        key = f"{under}[{name}]" if under else str(name)
        if isinstance(value, Mapping):
            yield from form_of(value, key)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield from form_of({str(number): each for number, each in enumerate(value)}, key)
        elif value is not None:
            yield key, str(value).lower() if isinstance(value, bool) else str(value)
