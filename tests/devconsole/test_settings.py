"""Settings: what the environment may say, and the sentence for what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from billing.policy import Policy
from devconsole.output import ExitCode, Failure
from devconsole.settings import SANDBOX_KEY, read_settings

SK_TEST = "sk_test_51Nabcdefghijklmn"


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A directory without `.env` and an environment without our variables."""
    import os

    for name in list(os.environ):
        if name.startswith(("STRIPE_", "DEVCONSOLE_", "DEFAULT_", "PREPAID_", "AUTO_TOPUP_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_with_nothing_set_everything_runs_on_the_sandbox_with_the_default_rules() -> None:
    settings = read_settings()
    assert settings.uses_sandbox
    assert settings.api_key == SANDBOX_KEY
    assert (settings.devconsole_port, settings.devconsole_sandbox_port) == (4242, 12111)
    assert settings.policy() == Policy()


def test_a_secret_key_switches_the_sandbox_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_SECRET", SK_TEST)
    settings = read_settings()
    assert not settings.uses_sandbox
    assert settings.api_key == SK_TEST


@pytest.mark.parametrize("option", [{"no_sandbox": True}, {"stripe_api": "http://127.0.0.1:9999"}])
def test_an_option_switches_the_sandbox_off(option: dict[str, object]) -> None:
    assert not read_settings(option).uses_sandbox


def test_amounts_and_rates_are_read_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFAULT_BILLING_RATE", "0.4225")
    monkeypatch.setenv("DEFAULT_LOW_BALANCE_THRESHOLD", "17.5")
    monkeypatch.setenv("DEFAULT_AUTO_TOPUP_THRESHOLD", "29.99")
    monkeypatch.setenv("DEFAULT_AUTO_TOPUP_AMOUNT", "100")
    monkeypatch.setenv("TOPUP_MIN_AMOUNT", "25")
    monkeypatch.setenv("TOPUP_MAX_AMOUNT", "500.50")
    monkeypatch.setenv("PREPAID_BILLING_ENABLED", "false")
    policy = read_settings().policy()
    assert policy.default_rate_e4_per_minute == 4225
    assert policy.default_low_balance_threshold_cents == 1750
    assert policy.default_auto_topup_threshold_cents == 2999
    assert policy.default_auto_topup_amount_cents == 10_000
    assert (policy.topup_min_cents, policy.topup_max_cents) == (2_500, 50_050)
    assert not policy.prepaid_billing_enabled
    assert policy.auto_topup_enabled


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("STRIPE_SECRET", "pk_test_51Nabcdefghijkl", "sk_test_"),
        ("STRIPE_SECRET", "sk_test_x", "sk_test_"),
        ("STRIPE_KEY", SK_TEST, "pk_test_"),
        ("STRIPE_WEBHOOK_SECRET", "secret", "whsec_"),
        ("DEFAULT_BILLING_RATE", "0,42", "0.42"),
        ("DEFAULT_BILLING_RATE", "-1", "0.42"),
        ("DEFAULT_BILLING_RATE", "nan", "0.42"),
        ("DEFAULT_LOW_BALANCE_THRESHOLD", "20.001", "20.00"),
        ("DEFAULT_AUTO_TOPUP_AMOUNT", "5", "50.00"),
        ("DEFAULT_AUTO_TOPUP_THRESHOLD", "1e3", "10.00"),
        ("TOPUP_MIN_AMOUNT", "0.49", "0.50 to 100.00"),
        ("TOPUP_MAX_AMOUNT", "99.99", "100.00 to 100000.00"),
        ("AUTO_TOPUP_ENABLED", "perhaps", "boolean"),
        ("DEVCONSOLE_PORT", "65536", "0 to 65535"),
        ("DEVCONSOLE_PORT", "http", "integer"),
        ("DEVCONSOLE_STRIPE_API", "stripe.test", "http://"),
        ("DEVCONSOLE_FORWARD_TO", "http://127.0.0.1:1/hook, nowhere", "http://"),
        ("DEVCONSOLE_SANDBOX_RETRIES", "soon", "1s,30s,5min, or none"),
        ("DEVCONSOLE_SANDBOX_RETRIES", "4d", "none longer than 3 d"),
        ("DEVCONSOLE_SANDBOX_RETRIES", ",".join(["1s"] * 21), "at most 20 delays"),
        ("DEVCONSOLE_SANDBOX_DISPUTE_FEE", "15,00", "20.00"),
    ],
)
def test_a_wrong_value_names_the_variable_and_the_form(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Failure) as caught:
        read_settings()
    assert caught.value.message.startswith(variable)
    assert expected in caught.value.message
    assert variable in (caught.value.remedy or "")
    assert (caught.value.code, caught.value.exit_code) == ("invalid_setting", ExitCode.REFUSED)


@pytest.mark.parametrize("variable", ["STRIPE_SECRET", "STRIPE_KEY", "STRIPE_WEBHOOK_SECRET"])
@pytest.mark.parametrize("prefix", ["sk_live_", "rk_live_", "pk_live_"])
def test_a_live_key_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, variable: str, prefix: str) -> None:
    monkeypatch.setenv(variable, prefix + "51NotToBeShown7890")
    with pytest.raises(Failure) as caught:
        read_settings()
    assert caught.value.code == "live_key"
    assert caught.value.message.startswith(variable)
    assert "7890" in caught.value.message
    assert "NotToBeShown" not in f"{caught.value.message}{caught.value.remedy}"
    assert caught.value.__cause__ is None  # a chained error would carry the value into a traceback


def test_a_live_key_hides_in_env_files_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("STRIPE_SECRET='sk_live_51NotToBeShown7890'\n")
    with pytest.raises(Failure, match="live key"):
        read_settings()


def test_the_environment_wins_over_the_file_and_an_option_over_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("DEVCONSOLE_PORT=1111\nDEVCONSOLE_SANDBOX_PORT=2222\nOTHER=1\n")
    assert read_settings().devconsole_port == 1111
    monkeypatch.setenv("DEVCONSOLE_PORT", "3333")
    assert (read_settings().devconsole_port, read_settings().devconsole_sandbox_port) == (3333, 2222)
    assert read_settings({"port": 0}).devconsole_port == 0


def test_an_empty_value_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_SECRET", "")
    assert read_settings().uses_sandbox


@pytest.mark.parametrize(("written", "delays"), [("1s,30s,5min", (1, 30, 300)), ("none", ()), ("", None)])
def test_when_the_sandbox_tries_again(
    monkeypatch: pytest.MonkeyPatch, written: str, delays: tuple[int, ...] | None
) -> None:
    monkeypatch.setenv("DEVCONSOLE_SANDBOX_RETRIES", written)
    assert read_settings().devconsole_sandbox_retries == delays


def test_several_forward_targets() -> None:
    targets = ("http://127.0.0.1:8000/hook", "http://localhost:9000")
    assert read_settings({"forward_to": targets}).devconsole_forward_to == targets


def test_a_wrong_option_is_a_usage_error_that_names_the_option() -> None:
    with pytest.raises(Failure, match=r"^--stripe-api cannot be used") as caught:
        read_settings({"stripe_api": "nowhere"})
    assert caught.value.exit_code == ExitCode.USAGE


def test_secrets_do_not_show_in_a_dump(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_SECRET", SK_TEST)
    assert SK_TEST not in repr(read_settings())


def test_isolated_settings_hear_nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STRIPE_SECRET", "sk_live_51Nabcdefghijklmn")
    monkeypatch.setenv("DEFAULT_BILLING_RATE", "9.99")
    (tmp_path / ".env").write_text(f"STRIPE_SECRET={SK_TEST}\nSTRIPE_TEST_MODE=false\n", encoding="utf-8")
    settings = read_settings({"port": 0}, isolated=True)
    assert settings.uses_sandbox
    assert (settings.stripe_secret, settings.test_mode_problem) == (None, None)
    assert settings.policy() == Policy()
    assert settings.devconsole_port == 0
