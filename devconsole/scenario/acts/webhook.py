"""An event of one's own: any type, any content, signed as one likes, sent to the webhook as any sender does."""

from __future__ import annotations

import hashlib
import http.client
import json
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from billing.signature import sign
from devconsole.scenario.acts.act import Act
from devconsole.scenario.inputs import StepInvalid
from fixtures.events import catalog
from relay.api import ShowClock, ShowCompany, ShowStatus
from relay.secrets import SOURCE_HEADER

if TYPE_CHECKING:
    from devconsole.scenario.scene import Scene

TIMEOUT_S = 30.0
OLD_S = 900
WRONG_SECRET = "whsec_" + "0" * 48


class PostEvent(Act, frozen=True, kw_only=True):
    """Post an event of one's own to the webhook, signed or not; the answer has its id and HTTP status."""

    name = "webhook.post"
    needs_own_server = True
    type: str | None = None
    """A type of `devconsole events types`, built from its template."""
    file: str | None = None
    """Instead of a type: a file of the story's folder, sent byte for byte."""
    id: str | None = None
    """Its `evt_…`; the same id again is a duplicate."""
    company: str | None = None
    """Whom it is about."""
    amount_cents: int | None = None
    set: dict[str, str] = {}
    """Values by their dotted path, such as `data.object.metadata.topup_id: 7`, read as JSON where they are."""
    signed: Literal["well", "wrong", "old", "not"] = "well"

    def play(self, scene: Scene) -> Any:
        if (self.type is None) == (self.file is None):
            raise StepInvalid("webhook.post takes either type or file")
        now = int(scene.call(ShowClock()).now.timestamp())
        body = scene.file(self.file) if self.file is not None else self._built(scene, now)
        answer = _post(scene.call(ShowStatus()).webhook_url, body, self._headers(scene, body, now))
        try:
            event_id = json.loads(body).get("id")
        except (ValueError, AttributeError):
            event_id = None
        return {"event_id": event_id, "http_status": answer}

    def _built(self, scene: Scene, now: int) -> bytes:
        assert self.type is not None
        overrides: dict[str, object] = {}
        if self.company is not None:
            company = scene.call(ShowCompany(company=scene.named(self.company)))
            overrides["data.object.metadata.company_id"] = str(company.id)
            if company.stripe_customer_id is not None:
                overrides["data.object.customer"] = company.stripe_customer_id
        overrides.update({path: _value(text) for path, text in self.set.items()})
        try:
            return catalog.build(
                self.type,
                event_id=self.id or _event_id(self.type, self.set, now),
                created=now,
                amount_cents=self.amount_cents,
                overrides=overrides,
            )
        except (catalog.UnknownEventType, ValueError) as error:
            raise StepInvalid(str(error)) from error

    def _headers(self, scene: Scene, body: bytes, now: int) -> dict[str, str]:
        headers = {"Content-Type": "application/json; charset=utf-8", SOURCE_HEADER: "script"}
        if self.signed != "not":
            assert scene.own is not None
            secret = WRONG_SECRET if self.signed == "wrong" else scene.own.home.local_secret()
            headers["Stripe-Signature"] = sign(body, secret, now - (OLD_S if self.signed == "old" else 0))
        return headers


def _event_id(*parts: object) -> str:
    return "evt_1" + hashlib.sha256(repr(parts).encode()).hexdigest()[:23]


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=TIMEOUT_S)
    try:
        connection.request("POST", address.path, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()
