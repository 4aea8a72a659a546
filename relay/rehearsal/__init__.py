"""Replaying against a copy of the database: what would be written, without writing it."""
