"""Grades somebody's webhook handler from outside, as Stripe and everybody else on the net would meet it."""

from relay.grading.grader import grade
from relay.grading.probe import Probe

__all__ = ["Probe", "grade"]
