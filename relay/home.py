"""The files of a home directory: everything that a server keeps, and how to find the one that runs.

Light on purpose: the command line reads it on every start.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

import msgspec

from relay.api.operation import Role

PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600


class ServerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What `server.json` says about the server that runs on this home directory."""

    pid: int
    relay_url: str
    webhook_url: str
    sandbox_url: str | None
    stripe_api: str
    mode: str
    version: str
    started_at: str
    """RFC 3339 UTC."""


class Home:
    """One home directory. Reading never creates anything except by `create`, `token` and `local_secret`."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).expanduser().absolute()
        self.billing_db = self.path / "billing.db"
        self.sandbox_db = self.path / "sandbox.db"
        self.server_json = self.path / "server.json"
        self.token_file = self.path / "token"
        self.secrets_json = self.path / "secrets.json"
        self.server_lock = self.path / "server.lock"
        """Held by the running server for as long as it lives."""
        self.test_mode_lock = self.path / ".stripe-test-mode.lock"
        self.operations_log = self.path / "operations.ndjson"
        self.log = self.path / "log"

    def create(self) -> None:
        """Make the directory, for its owner alone, unless it exists."""
        self.path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)

    # The server that runs here -----------------------------------------------------------------------------------

    def read_server(self) -> ServerRecord | None:
        """The record of the running server; None when there is none, or none that can be read. May be stale."""
        try:
            return msgspec.json.decode(self.server_json.read_bytes(), type=ServerRecord)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write_server(self, record: ServerRecord) -> None:
        write_private(self.server_json, msgspec.json.encode(record))

    def remove_server(self) -> None:
        self.server_json.unlink(missing_ok=True)

    # Secrets -----------------------------------------------------------------------------------------------------

    def token_file_of(self, role: Role) -> Path:
        """Where the token of a role is kept: `token`, `token.management`, `token.support`."""
        return self.token_file if role is Role.DEVELOPER else self.path / f"token.{role}"

    def read_token(self, role: Role = Role.DEVELOPER) -> str | None:
        """The token of the control API for this role; None while no server ever ran here."""
        try:
            return self.token_file_of(role).read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None

    def token(self, role: Role = Role.DEVELOPER) -> str:
        """The token of the control API for this role, made when there is none yet."""
        token = self.read_token(role)
        if token is None:
            token = secrets.token_urlsafe(32)
            write_private(self.token_file_of(role), token.encode())
        return token

    def tokens(self) -> dict[Role, str]:
        """The token of every role."""
        return {role: self.token(role) for role in Role}

    def read_secrets(self) -> dict[str, str]:
        """Webhook signing secrets by label, such as `local`."""
        try:
            return msgspec.json.decode(self.secrets_json.read_bytes(), type=dict[str, str])
        except FileNotFoundError:
            return {}

    def keep_secret(self, label: str, value: str) -> None:
        write_private(self.secrets_json, msgspec.json.encode({**self.read_secrets(), label: value}))

    def forget_secret(self, label: str) -> None:
        known = self.read_secrets()
        if known.pop(label, None) is not None:
            write_private(self.secrets_json, msgspec.json.encode(known))

    def local_secret(self) -> str:
        """The secret that our own deliveries (replay, trigger) are signed with, made when there is none yet."""
        known = self.read_secrets().get("local")
        if known is None:
            known = "whsec_" + secrets.token_hex(24)
            self.keep_secret("local", known)
        return known


def write_private(path: Path, content: bytes) -> None:
    """Replace a file in one step; nobody but its owner can read it at any moment."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
