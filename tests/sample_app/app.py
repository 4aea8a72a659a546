"""A small app of the kind that devconsole is for: it keeps its own credits, told by Stripe's webhooks.

`remembers=False` plants the bug that such apps have: an event that comes twice is credited twice.
"""

from __future__ import annotations

import threading
from collections import defaultdict

import stripe
from flask import Flask, Response, jsonify, request


class Credits:
    """What each customer has, in cents, and which events were seen."""

    def __init__(self) -> None:
        self.cents: defaultdict[str, int] = defaultdict(int)
        self.seen: set[str] = set()
        self.lock = threading.Lock()


def create_app(secret: str, *, remembers: bool = True) -> Flask:
    """`secret` is what webhooks are signed with."""
    app, credits_ = Flask(__name__), Credits()

    @app.post("/webhook")
    def webhook() -> tuple[Response, int]:
        try:
            event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], secret)
        except (ValueError, KeyError, stripe.SignatureVerificationError):
            return jsonify(error="not signed by whom we know"), 400
        if event.type != "payment_intent.succeeded":
            return jsonify(ignored=event.type), 200
        with credits_.lock:
            if not remembers or event.id not in credits_.seen:
                credits_.seen.add(event.id)
                credits_.cents[event.data.object.metadata["company_id"]] += event.data.object.amount_received
        return jsonify(credited=event.id), 200

    @app.get("/credits/<company>")
    def credit(company: str) -> Response:
        return jsonify(cents=credits_.cents[company])

    return app
