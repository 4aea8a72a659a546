"""Everything that an operation may need, gathered by the composition root. No behaviour lives here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from billing.clock import Clock, IdSource
from billing.db import Database
from billing.gateway import PaymentGateway
from billing.policy import Policy
from billing.services.auto_topup import AutoTopupService
from billing.services.call_refund import CallRefundService
from billing.services.prepaid import PrepaidBillingService
from billing.services.reconciler import Reconciler
from billing.services.topup import StripeTopupService
from billing.worker import Worker
from relay.api.faults import FaultView
from relay.api.operation import Role
from relay.api.sandbox import RolledSecretView, SandboxFileView, SandboxView
from relay.commits import Commits
from relay.feed import Feed
from relay.forwarding import Forwarding
from relay.home import Home
from relay.journal import Journal
from relay.ledger_watch import LedgerWatch
from relay.loopback import Loopback
from relay.performed import PerformedLog
from relay.rejections import Rejections
from relay.reloading import Reloader
from relay.search.finder import Finder
from relay.search.text_index import TextIndex
from relay.secrets import SecretRing
from relay.test_mode import TestMode
from relay.upstreams import Upstreams
from relay.views.changes import ChangeLoader
from relay.views.event_total import EventTotal

R = TypeVar("R")


class Card(Protocol):
    """A test card of the catalogue."""

    @property
    def name(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def payment_method(self) -> str: ...
    @property
    def brand(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def what_happens(self) -> str: ...


class EventTemplates(Protocol):
    """Where triggered events come from."""

    def types(self) -> Sequence[str]:
        """Every type that can be built."""

    def build(
        self,
        event_type: str,
        *,
        event_id: str,
        created: int,
        amount_cents: int | None = None,
        overrides: Mapping[str, object] | None = None,
    ) -> bytes:
        """The bytes of a new event; `overrides` maps dotted paths to values."""


class FaultSwitch(Protocol):
    """The faults of the sandbox that this server runs."""

    def faults(self) -> Sequence[FaultView]:
        """All that there are, with their state."""

    def switch_on(
        self,
        name: str,
        *,
        times: int,
        only: str | None,
        contains: str | None,
        seconds: float | None,
        probability: float | None,
    ) -> None:
        """Let the next `times` requests or deliveries run into a fault that `faults()` names."""

    def switch_off(self, name: str | None) -> None:
        """One, or with None all, also those that the sandbox was asked for directly."""


class SandboxKeeper(Protocol):
    """The sandbox that this server runs. What it cannot do it refuses (`Refused`)."""

    def view(self) -> SandboxView:
        """What it holds now."""

    async def advance(self, seconds: float) -> None:
        """Set its clock ahead, and do what has become due."""

    def snapshot(self, path: str) -> SandboxFileView:
        """Its state as one file."""

    async def restore(self, path: str) -> None:
        """Go on from such a file, delivering to us."""

    async def reset(self) -> None:
        """Forget everything, and deliver to us again."""

    async def roll_secret(self, overlap_s: int) -> RolledSecretView:
        """Sign with a new secret, which is known here too."""


class Timekeeper(Protocol):
    """Moves a virtual clock, and carries out one thing at a time while it stands."""

    @property
    def seed(self) -> int: ...

    async def alone(self, work: Callable[[], Awaitable[R]]) -> R:
        """Carry out `work` while nothing else happens, and then all that follows from it."""

    async def settle(self) -> None:
        """Carry out what follows from what was done so far. For work that is carried out `alone`."""

    async def advance(self, to: datetime) -> None:
        """Move the clock, stopping wherever something is due. For work that is carried out `alone`."""

    async def next_due(self) -> datetime | None:
        """When something will be due that nobody has to ask for."""


@dataclass(kw_only=True)
class Backend:
    """The parts of one running server. `create_app` starts and stops what has to run."""

    home: Path
    version: str
    mode: str
    """sandbox or stripe_test"""
    stripe_api: str
    stripe_account: str = "sandbox"
    """Names whose events these are, from one start to the next: neither port nor key tells it alone."""
    sandbox_url: str | None
    relay_url: str = ""
    """Known once the relay listens."""
    webhook_url: str = ""
    shown_url: str | None = None
    """Instead of the relay's address, where that must not show in what Stripe keeps."""
    started_at: datetime

    db: Database
    clock: Clock
    ids: IdSource
    policy: Policy
    gateway: PaymentGateway
    topups: StripeTopupService
    auto_topups: AutoTopupService
    prepaid: PrepaidBillingService
    call_refunds: CallRefundService
    reconciler: Reconciler
    worker: Worker

    test_mode: TestMode
    secrets: SecretRing
    token: str
    cards: Mapping[str, Card]
    """By name."""
    templates: EventTemplates
    sandbox: SandboxKeeper | None = None
    """None where no sandbox of ours runs."""
    faults: FaultSwitch | None = None
    """None where no sandbox of ours runs."""
    upstreams: Upstreams = field(default_factory=Upstreams)
    timekeeper: Timekeeper | None = None
    """None: the clock is the machine's."""
    clock_ahead_s: float | None = None
    """How far this machine's clock was ahead of Stripe's when they were last compared."""

    tokens: Mapping[Role, str] = field(init=False)
    """Of the control API; the developer's is `token`."""
    commits: Commits = field(init=False)
    journal: Journal = field(init=False)
    rejections: Rejections = field(init=False)
    loopback: Loopback = field(init=False)
    feed: Feed = field(init=False)
    ledger_watch: LedgerWatch = field(init=False)
    event_total: EventTotal = field(init=False)
    performed: PerformedLog = field(init=False)
    forwarding: Forwarding = field(init=False)
    text_index: TextIndex = field(init=False)
    finder: Finder = field(init=False)
    reloader: Reloader = field(init=False)

    @property
    def return_url(self) -> str:
        """Where customers are sent back to after a payment page."""
        return self.shown_url or self.relay_url

    def __post_init__(self) -> None:
        self.tokens = {**Home(self.home).tokens(), Role.DEVELOPER: self.token}
        self.commits = Commits(self.db)
        self.journal = Journal(self.db)
        self.rejections = Rejections(self)
        self.loopback = Loopback(self)
        self.feed = Feed(load=ChangeLoader(db=self.db, clock=self.clock, policy=self.policy), clock=self.clock)
        self.ledger_watch = LedgerWatch(self.db)
        self.forwarding = Forwarding(
            db=self.db,
            clock=self.clock,
            commits=self.commits,
            upstreams=self.upstreams,
            home=Home(self.home),
            sender=lambda: self.secrets.sender,
        )
        self.event_total = EventTotal()
        self.performed = PerformedLog(Home(self.home).operations_log)
        self.text_index = TextIndex(self.db.path, gives_way=lambda: self.journal.is_flooded)
        self.finder = Finder(self.text_index)
        self.reloader = Reloader(self.db, self.upstreams)
