"""Our webhook endpoint at the sandbox: made once through the SDK, then kept pointing at us."""

from __future__ import annotations

from relay.home import Home
from relay.secrets import SANDBOX

ENDPOINT_ID = "sandbox_endpoint"
"""Beside its secret in `secrets.json`."""


async def ensure_endpoint(home: Home, *, api_key: str, api_base: str, webhook_url: str) -> str:
    """The signing secret of the endpoint, which delivers every event to `webhook_url` from now on.

    Stripe tells a secret once, when the endpoint is made; without it, or without the endpoint, another one is made.
    """
    # Deferred: importing the SDK costs 220 ms, and only the server does it.
    from stripe import AIOHTTPClient, InvalidRequestError, StripeClient

    http_client = AIOHTTPClient()
    client = StripeClient(api_key, http_client=http_client, base_addresses={"api": api_base})
    known = home.read_secrets()
    try:
        if SANDBOX in known and ENDPOINT_ID in known:
            try:
                endpoint = await client.v1.webhook_endpoints.retrieve_async(known[ENDPOINT_ID])
                if endpoint.url != webhook_url:
                    await client.v1.webhook_endpoints.update_async(endpoint.id, {"url": webhook_url})
                return known[SANDBOX]
            except InvalidRequestError as gone:
                if gone.http_status != 404:
                    raise
        made = await client.v1.webhook_endpoints.create_async(
            {"url": webhook_url, "enabled_events": ["*"], "description": "devconsole relay"}
        )
        assert made.secret is not None, "a new endpoint comes with its secret"
        home.keep_secret(ENDPOINT_ID, made.id)
        home.keep_secret(SANDBOX, made.secret)
        return str(made.secret)
    finally:
        await http_client.close_async()
