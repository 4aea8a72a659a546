"""Cause and effect across tables: call, decision, top-up, event, delivery, attempt, ledger row."""
