"""Measured, not believed: every figure beside its baseline, from the same run, with the spread."""
