"""Explaining a signature that was pasted, and what is said of upstreams in trouble."""

from __future__ import annotations

from datetime import timedelta

from devconsole.outcomes import outcome
from devconsole.screens.modals.explain_signature import ExplainSignatureForm
from devconsole.widgets.banner import troubled_upstream
from relay.api import ExplainSignature, SignatureExplanation, UpstreamView
from tests.support import views
from tests.support.forms import Stage, can_submit


async def test_header_secret_and_body_are_sent_as_they_were_pasted() -> None:
    app = Stage(ExplainSignatureForm)
    async with app.run_test(size=(80, 30)) as pilot:
        assert not can_submit(app)
        await pilot.press(*"t=1,v1=00", "tab", *"whsec_x", "tab", *"{ }", "enter", *"1")
        form = app.screen
        assert isinstance(form, ExplainSignatureForm)
        assert "whsec_x" not in "".join(str(line) for line in form.secret._entry.render_line(0))
        await pilot.press("tab", "tab", "enter")
        await pilot.pause()
    assert app.answer == ExplainSignature(header="t=1,v1=00", secret="whsec_x", body=b"{ }\n1")


def test_the_outcome_names_cause_evidence_and_remedy() -> None:
    asked = ExplainSignature(header="t=1,v1=00", body=b"{}")
    told = SignatureExplanation(
        cause="secret_retired",
        certain=True,
        sentence="signed with an earlier secret",
        evidence=("so it is",),
        remedy="Roll it.",
    )
    found = outcome(asked, told)
    assert (found.title, found.severity) == ("Secret retired", "warning")
    assert found.sentence == "signed with an earlier secret. so it is. Roll it."


def test_an_upstream_in_trouble_is_said_in_a_sentence() -> None:
    late = views.at(0) - timedelta(minutes=1)
    status = views.status(
        upstreams=(
            UpstreamView(name="endpoint", state="silent", detail="waits", last_event_at=None),
            UpstreamView(name="events_api", state="down", detail="nobody answers", last_event_at=late),
        )
    )
    assert troubled_upstream(status) == "Stripe is down: nobody answers"
    assert troubled_upstream(views.status()) == ""
    assert troubled_upstream(None) == ""
