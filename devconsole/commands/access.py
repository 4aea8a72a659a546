"""`devconsole access`: who may do what with the control API of this home."""

from __future__ import annotations

import click
import msgspec

from devconsole.commands.verb import Invocation, Noun, Verb
from devconsole.output import Column, table
from relay.api import OPERATIONS, Page
from relay.api.operation import Role

MAY = {
    Role.SUPPORT: "look",
    Role.MANAGEMENT: "look, mark and note",
    Role.DEVELOPER: "everything",
}


class AccessLine(msgspec.Struct, frozen=True, kw_only=True):
    """One role."""

    role: str
    may: str
    operations: int
    token_file: str
    exists: bool


COLUMNS: tuple[Column[AccessLine], ...] = (
    Column("ROLE", lambda row: row.role),
    Column("MAY", lambda row: row.may),
    Column("OPERATIONS", lambda row: f"{row.operations} of {len(OPERATIONS)}", right=True),
    Column("TOKEN", lambda row: row.token_file + ("" if row.exists else " (made by the first server)")),
)

command = Noun("access", help="Access: the roles of the control API, and where their tokens are.")


@command.command("list", cls=Verb)
@click.pass_obj
def list_access(invocation: Invocation) -> None:
    """List the roles, what each may do, and the file with its token.

    Give a token away to let somebody look without changing anything: DEVCONSOLE_TOKEN=... devconsole events list.
    Remove a file and start the server again to make a new one.
    """
    rows = tuple(_line(invocation, role) for role in Role)
    invocation.show_page(Page(rows=rows, total=len(rows)), lambda shown: table(COLUMNS, shown, empty=""))


def _line(invocation: Invocation, role: Role) -> AccessLine:
    file = invocation.home.token_file_of(role)
    allowed = sum(role.may(operation.role) for operation in OPERATIONS.values())
    return AccessLine(role=role.value, may=MAY[role], operations=allowed, token_file=str(file), exists=file.exists())
