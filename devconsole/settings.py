"""What the environment and `.env` say, read once when a server starts. Options of the command line win over both.

Every field is the variable of its name in capitals. A value that cannot be right ends the start with exit code 1, and
the sentence names the variable and the form expected; values of keys are never shown beyond their last four characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from billing.policy import Policy
from devconsole.entry import read_delays
from devconsole.format import masked
from devconsole.output import ExitCode, Failure

RELAY_PORT = 4242
SANDBOX_PORT = 12111
SANDBOX_KEY = "sk_test_sandbox_devconsole"
"""Any test key opens the sandbox; it is nobody's account."""
RETRIES_MAX = 20
RETRY_LONGEST_S = 3 * 86_400
"""Stripe gives an event up after three days."""
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")

_LIVE = re.compile(r"(?:sk|rk|pk)_live_")
_EUROS = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,2})?")
_RATE = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4})?")


class LiveKey(ValueError):
    """A key that moves real money."""


def _key(*kinds: str) -> Callable[[SecretStr], SecretStr]:
    """Accepts a test key of one of these kinds."""

    def check(secret: SecretStr) -> SecretStr:
        value = secret.get_secret_value()
        if _LIVE.match(value):
            raise LiveKey(masked(value))
        if not value.startswith(kinds) or len(value) < 12 or not value.isascii():
            raise ValueError(f"expected {' or '.join(f'{kind}…' for kind in kinds)}, found {masked(value)}")
        return secret

    return check


def _scaled(form: re.Pattern[str], scale: int, example: str, *, least: int, most: int) -> BeforeValidator:
    """Reads decimal euros as an integer of `1 / scale` euros, both ends of the range included."""

    def read(value: Any) -> int:
        if isinstance(value, int):
            return value
        text = str(value).strip()
        number = int(Decimal(text) * scale) if form.fullmatch(text) else None
        if number is None or not least <= number <= most:
            raise ValueError(
                f"expected euros from {least / scale:.2f} to {most / scale:.2f} such as {example}, found {text!r}"
            )
        return number

    return BeforeValidator(read)


def _url(value: str) -> str:
    """An address without a path at its end; `https` anywhere, `http` too."""
    address = urlsplit(value)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ValueError(f"expected an address such as http://127.0.0.1:8000, found {value!r}")
    return value.rstrip("/")


def _local(value: str) -> str:
    """An address on this machine: events carry customers' data, test or not."""
    if urlsplit(value).hostname not in LOOPBACK_NAMES:
        raise ValueError(f"expected an address on this machine such as http://127.0.0.1:8000/hook, found {value!r}")
    return value


def _words(value: Any) -> Any:
    """A list in the environment: separated by commas or blanks."""
    return tuple(re.split(r"[,\s]+", value.strip())) if isinstance(value, str) else value


def _delays(value: Any) -> Any:
    return read_delays(value, most=RETRIES_MAX, longest_s=RETRY_LONGEST_S) if isinstance(value, str) else value


_LIMITS = Policy()

Port = Annotated[int, AfterValidator(lambda port: _port(port))]
Address = Annotated[str, AfterValidator(_url)]
LocalAddress = Annotated[Address, AfterValidator(_local)]
Rate = Annotated[int, _scaled(_RATE, 10_000, "0.42", least=0, most=1_000_000)]
# The two ranges meet in one amount, so that the least can never be more than the most.
LeastTopup = Annotated[int, _scaled(_EUROS, 100, "10.00", least=50, most=10_000)]
MostTopup = Annotated[int, _scaled(_EUROS, 100, "10000.00", least=10_000, most=10_000_000)]
LowBalance = Annotated[int, _scaled(_EUROS, 100, "20.00", least=0, most=1_000_000)]
Threshold = Annotated[
    int,
    _scaled(
        _EUROS,
        100,
        "10.00",
        least=_LIMITS.auto_topup_threshold_min_cents,
        most=_LIMITS.auto_topup_threshold_max_cents,
    ),
]
Delays = Annotated[tuple[float, ...] | None, NoDecode, BeforeValidator(_delays)]
Fee = Annotated[int, _scaled(_EUROS, 100, "20.00", least=0, most=10_000)]
TopupAmount = Annotated[
    int,
    _scaled(_EUROS, 100, "50.00", least=_LIMITS.auto_topup_amount_min_cents, most=_LIMITS.auto_topup_amount_max_cents),
]


def _port(port: int) -> int:
    if not 0 <= port <= 65_535:
        raise ValueError(f"expected a port from 0 to 65535 (0 = any free one), found {port}")
    return port


class Settings(BaseSettings):
    """All that a server is told from outside."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    stripe_key: Annotated[SecretStr, AfterValidator(_key("pk_test_"))] | None = None
    """Publishable test key. Nothing here needs it; it is checked so that no live key lies around."""
    stripe_secret: Annotated[SecretStr, AfterValidator(_key("sk_test_", "rk_test_"))] | None = None
    """Secret or restricted test key. When it is set, the sandbox stays off and calls go to Stripe's test mode."""
    stripe_webhook_secret: Annotated[SecretStr, AfterValidator(_key("whsec_"))] | None = None
    """Signing secret of the endpoint or of a `stripe listen` that delivers to us."""
    stripe_test_mode: bool = True
    """False: test mode stays off, whether the lock file exists or not."""

    prepaid_billing_enabled: bool = True
    """False: no call of any company is charged or refused."""
    auto_topup_enabled: bool = True
    """False: no balance is topped up automatically, whatever a company's settings say."""
    topup_min_amount: LeastTopup = _LIMITS.topup_min_cents
    """The least that can be paid in by hand, in euros; Stripe takes no payment below 0.50. Kept in cents."""
    topup_max_amount: MostTopup = _LIMITS.topup_max_cents
    """The most that can be paid in by hand, in euros; kept in cents."""
    default_billing_rate: Rate = _LIMITS.default_rate_e4_per_minute
    """Price of a minute in euros, for companies without a rate of their own; kept in ten-thousandths."""
    default_low_balance_threshold: LowBalance = _LIMITS.default_low_balance_threshold_cents
    """A balance below this is low; kept in cents."""
    default_auto_topup_threshold: Threshold = _LIMITS.default_auto_topup_threshold_cents
    """Automatic top-ups charge at or below this, unless the company says otherwise; kept in cents."""
    default_auto_topup_amount: TopupAmount = _LIMITS.default_auto_topup_amount_cents
    """What an automatic top-up charges, unless the company says otherwise; kept in cents."""

    devconsole_home: Path = Path(".devconsole")
    """The home directory: databases, secrets, lock file."""
    devconsole_port: Port = RELAY_PORT
    """Port of the relay; 0 = any free one."""
    devconsole_sandbox_port: Port = SANDBOX_PORT
    """Port of the sandbox; 0 = any free one."""
    devconsole_sandbox: bool = True
    """False: start without the sandbox."""
    devconsole_sandbox_retries: Delays = None
    """When the sandbox tries a failed webhook again, such as `1s,30s,5min`, or `none`; unset: six times, 1 s to 2 h.

    Stripe's own schedule takes days: `devconsole sandbox advance` makes the wait short, whatever is set here.
    """
    devconsole_sandbox_dispute_fee: Fee | None = None
    """What a chargeback costs at the sandbox, in euros; unset: 20.00. Kept in cents."""
    devconsole_samples: bool = True
    """False: a first start on the sandbox adds no sample companies."""
    devconsole_stripe_api: Address | None = None
    """Address of a Stripe API to use instead of the sandbox or api.stripe.com."""
    devconsole_forward_to: Annotated[tuple[LocalAddress, ...], NoDecode, BeforeValidator(_words)] = ()
    """Addresses on this machine that get a copy of each delivery, separated by commas."""
    devconsole_reload: bool = False
    """True: use edited handlers and rules of billing without a restart."""
    devconsole_listen: bool = False
    """True: run the official `stripe listen` beside the server."""
    devconsole_poll: bool = False
    """True: fetch new events from Stripe's Events API every two seconds; neither CLI nor signing secret is needed."""
    devconsole_backfill: bool = True
    """False: events that did not arrive are not looked for."""

    @property
    def uses_sandbox(self) -> bool:
        """The sandbox runs unless somebody asked for another Stripe, or for none."""
        return self.devconsole_sandbox and self.stripe_secret is None and self.devconsole_stripe_api is None

    @property
    def api_key(self) -> str:
        """The key that calls to Stripe bear: the one that was set, else one that every sandbox accepts."""
        return self.stripe_secret.get_secret_value() if self.stripe_secret is not None else SANDBOX_KEY

    @property
    def can_call_stripe(self) -> bool:
        """Whether whoever answers at the API's address may take our key."""
        return self.stripe_secret is not None or self.uses_sandbox or self.devconsole_stripe_api is not None

    @property
    def webhook_secret(self) -> str | None:
        return self.stripe_webhook_secret.get_secret_value() if self.stripe_webhook_secret is not None else None

    @property
    def test_mode_problem(self) -> str | None:
        """Why test mode is off whether the lock file exists or not."""
        return None if self.stripe_test_mode else "STRIPE_TEST_MODE is false"

    def policy(self) -> Policy:
        """The rules of billing with these defaults."""
        return Policy(
            prepaid_billing_enabled=self.prepaid_billing_enabled,
            auto_topup_enabled=self.auto_topup_enabled,
            topup_min_cents=self.topup_min_amount,
            topup_max_cents=self.topup_max_amount,
            default_rate_e4_per_minute=self.default_billing_rate,
            default_low_balance_threshold_cents=self.default_low_balance_threshold,
            default_auto_topup_threshold_cents=self.default_auto_topup_threshold,
            default_auto_topup_amount_cents=self.default_auto_topup_amount,
        )


class IsolatedSettings(Settings):
    """Options and defaults alone: neither the environment nor any `.env` is looked at.

    For servers of stories and demos, which always run on the sandbox whatever key lies around.
    """

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def read_settings(
    options: Mapping[str, Any] | None = None, *, isolated: bool = False, given: Mapping[str, Any] | None = None
) -> Settings:
    """The settings, with options of the command line over them. Raises `Failure` that names the variable at fault.

    `isolated` leaves nothing but options, defaults, and what is `given` instead of the environment.
    """
    written: dict[str, Any] = {
        name.removeprefix("no_"): not value if name.startswith("no_") else value
        for name, value in (options or {}).items()
    }
    kind = IsolatedSettings if isolated else Settings
    try:
        return kind(**(given or {}), **{f"devconsole_{name}": value for name, value in written.items()})
    except ValidationError as error:
        raise _failure(error, written) from None


def _failure(error: ValidationError, written: Mapping[str, Any]) -> Failure:
    first = error.errors()[0]
    field = str(first["loc"][0])
    variable, option = field.upper(), field.removeprefix("devconsole_")
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, LiveKey):
        return Failure(
            f"{variable} is a live key ({cause}); devconsole works with test keys only and did not use it",
            remedy="Take a test key from the Stripe dashboard (sk_test_…), or unset it to use the sandbox.",
            code="live_key",
        )
    reason = str(cause) if cause is not None else f"{first['msg'].lower()}, found {first['input']!r}"
    if option != field and option in written:
        flag = f"--{option.replace('_', '-')}"
        return Failure(f"{flag} cannot be used: {reason}", code="usage", exit_code=ExitCode.USAGE)
    return Failure(
        f"{variable} cannot be used: {reason}",
        remedy=f"Set {variable} in the environment or in .env to the form expected, or unset it.",
        code="invalid_setting",
    )
