"""Alembic revisions of the billing database; applied by `billing.schema`."""
