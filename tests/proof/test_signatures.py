"""Signatures: the same verdicts as the official library, on many more cases than anybody would write."""

from __future__ import annotations

import pytest

from tests.support.signature_cases import tally

CASES = 100_000


@pytest.mark.proof
def test_verdicts_agree_with_the_official_library_on_a_hundred_thousand_cases() -> None:
    counted = tally(CASES, seed=2026)
    assert counted.total() == CASES
    assert counted[True, False] == counted[False, True] == 0
    assert min(counted[True, True], counted[False, False]) > CASES / 10, "both verdicts came often"
