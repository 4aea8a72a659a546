"""A signature is accepted exactly when the official library accepts it, and a refusal says why."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.signature import Secret, SignatureVerdict, sign, verify
from tests.support.signature_cases import tally

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SECRET = Secret("sandbox", "whsec_" + "a" * 32)
OTHER = Secret("stripe listen", "whsec_" + "b" * 32)
BODY = b'{\n  "id": "evt_1"\n}'


def verdict(header: str | None, *, body: bytes = BODY, secrets: tuple[Secret, ...] = (SECRET,)) -> SignatureVerdict:
    return verify(body=body, header=header, secrets=secrets, now=NOW)


def header(*, age_s: int = 0, secret: Secret = SECRET, body: bytes = BODY) -> str:
    return sign(body, secret.value, int(NOW.timestamp()) - age_s)


def test_a_fresh_signature_is_accepted_and_names_its_secret() -> None:
    found = verdict(header(secret=OTHER), secrets=(SECRET, OTHER))
    assert (found.ok, found.reason_code, found.secret_label) == (True, "ok", "stripe listen")


@pytest.mark.parametrize("age_s", [0, 299, 300, -86_400])
def test_up_to_the_tolerance_and_from_the_future_is_accepted(age_s: int) -> None:
    assert verdict(header(age_s=age_s)).ok


def test_an_old_signature_says_by_how_much() -> None:
    found = verdict(header(age_s=3_661))
    assert (found.ok, found.reason_code) == (False, "timestamp_too_old")
    assert "3,661 s ago; at most 300 s" in found.reason


def test_any_of_several_v1_values_may_match() -> None:
    stamp = int(NOW.timestamp())
    fresh = header().split(",")[1]
    assert verdict(f"t={stamp},v1={'0' * 64},{fresh},v0=abc").ok


@pytest.mark.parametrize(
    ("given_header", "reason_code"),
    [
        (None, "signature_missing"),
        ("", "signature_missing"),
        ("nonsense", "signature_malformed"),
        ("t=abc,v1=00", "signature_malformed"),
        ("v1=00", "signature_malformed"),
        ("t=1793610000", "signature_malformed"),
        ("t=1793610000,v1", "signature_malformed"),
        ("t=1793610000, v1=00", "signature_malformed"),
        ("t=1793610000,v0=00", "signature_only_v0"),
        ("t=1793610000,v1=00", "signature_mismatch"),
        ("t=1793610000,v1=ä", "signature_malformed"),
        ("t=1793610000,v1=\udce4", "signature_malformed"),
    ],
)
def test_a_bad_header_is_refused_with_its_reason(given_header: str | None, reason_code: str) -> None:
    found = verdict(given_header)
    assert (found.ok, found.reason_code) == (False, reason_code)
    assert found.remedy


def test_a_changed_body_and_a_wrong_secret_do_not_match() -> None:
    assert verdict(header(), body=BODY + b" ").reason_code == "signature_mismatch"
    assert verdict(header(secret=OTHER)).reason_code == "signature_mismatch"


@pytest.mark.parametrize("secrets", [(), (Secret("empty", ""),), (Secret("blank", " \n"),)])
def test_without_a_secret_nothing_is_accepted(secrets: tuple[Secret, ...]) -> None:
    assert verdict(header(), secrets=secrets).reason_code == "no_secret"


_items = st.one_of(
    st.sampled_from(["t", "v1", "v0", "t=", "v1=", "v0=00", " v1=00", "t=x", "v1=a=b", "", "t=1_0"]),
    st.builds("t={}".format, st.integers(-(10**6), 10**11)),
    st.builds("v1={}".format, st.text("0123456789abcdef", max_size=64)),
    st.text(max_size=12).map(lambda text: text.encode("utf-8", "replace").decode()),
)


@settings(max_examples=300, deadline=None)
@given(body=st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")), data=st.data())
def test_agrees_with_the_official_library(body: bytes, data: st.DataObject) -> None:
    now = datetime.now(UTC)
    # Not within a second of the limit: the library reads its own clock.
    offset_s = data.draw(st.sampled_from([-3_600, -302, -298, -1, 0, 1, 302, 10_000]))
    stamp = int((now + timedelta(seconds=offset_s)).timestamp())
    good = [f"t={stamp}", sign(body, SECRET.value, stamp).split(",")[1]]
    noise = data.draw(st.lists(_items, max_size=3))
    value = ",".join(data.draw(st.permutations(good + noise)) if data.draw(st.booleans()) else noise)
    try:
        accepted = stripe.WebhookSignature.verify_header(body, value, SECRET.value, 300)
    except stripe.SignatureVerificationError:
        accepted = False
    except TypeError:  # the library's comparison breaks on anything but ASCII
        accepted = False
    assert verify(body=body, header=value, secrets=(SECRET,), now=now).ok is (accepted and value.isascii())


def test_the_official_library_accepts_what_we_sign() -> None:
    stamp = int(time.time())
    assert stripe.WebhookSignature.verify_header(BODY, sign(BODY, SECRET.value, stamp), SECRET.value, 300)


def test_agrees_with_the_official_library_on_generated_deliveries() -> None:
    counted = tally(2_000, seed=1)
    assert counted[True, False] == counted[False, True] == 0
    assert min(counted[True, True], counted[False, False]) > 200
