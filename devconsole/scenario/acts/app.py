"""Asking the app that is tested: what it did with what was forwarded to it."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from devconsole.scenario.acts.act import Act
from devconsole.scenario.inputs import StepInvalid
from relay.api import ListForwardTargets

if TYPE_CHECKING:
    from devconsole.scenario.scene import Scene

TIMEOUT_S = 30.0
BODY_MAX = 1 << 20


class AskApp(Act, frozen=True, kw_only=True):
    """Ask an app that gets the forwards; the answer has its `http_status`, and `body`, read as JSON where it is."""

    name = "app.request"
    url: str
    """At the address of one of the forward targets."""
    method: Literal["GET", "POST"] = "GET"
    params: dict[str, Any] = {}
    """Sent as JSON by POST."""

    def play(self, scene: Scene) -> Any:
        address = urlsplit(self.url)
        known = {urlsplit(target.url).netloc for target in scene.call(ListForwardTargets()).rows}
        if address.scheme != "http" or address.netloc not in known:
            raise StepInvalid(f"{self.url} is not the address of a forward target; `forward_to` names those")
        path = address.path + (f"?{address.query}" if address.query else "")
        body = json.dumps(self.params) if self.method == "POST" else None
        connection = http.client.HTTPConnection(address.netloc, timeout=TIMEOUT_S)
        try:
            connection.request(self.method, path or "/", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return {"http_status": response.status, "body": _read(response.read(BODY_MAX))}
        except (OSError, http.client.HTTPException) as error:
            raise StepInvalid(f"{self.url} does not answer: {error}") from error
        finally:
            connection.close()


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
