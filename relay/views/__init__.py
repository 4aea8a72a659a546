"""Rows as the views of `relay.api`: one query per kind, whatever number of ids."""
