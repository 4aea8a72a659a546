"""Run by Alembic for each upgrade: on the connection that `billing.schema` opened, in its transaction."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
