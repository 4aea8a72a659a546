"""What came of a story, for people, scripts and CI."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devconsole.scenario.runner import StepResult


@dataclass(frozen=True)
class StoryResult:
    """One story played. `error` is set when it could not even begin, `skipped` when it makes no sense here."""

    path: Path
    name: str
    title: str
    duration_s: float
    steps: tuple[StepResult, ...] = ()
    error: str | None = None
    skipped: str | None = None
    home: Path | None = None
    """Kept on request: the home directory as it was at the end."""
    digest: str | None = None
    """Of everything, at the end; on virtual time the same for the same seed."""
    seed: int | None = None

    @property
    def passed(self) -> bool:
        return self.error is None and self.skipped is None and all(step.passed for step in self.steps)

    @property
    def failed(self) -> bool:
        return not self.passed and self.skipped is None

    @property
    def failed_step(self) -> StepResult | None:
        return next((step for step in self.steps if not step.passed), None)

    @property
    def reason(self) -> str | None:
        """Why it failed or was skipped, in one paragraph."""
        if self.error is not None or self.skipped is not None:
            return self.error or self.skipped
        step = self.failed_step
        if step is None:
            return None
        return f"step {step.number}: {step.problem or '; '.join(map(str, step.mismatches))}"

    def document(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "story": str(self.path),
            "name": self.name,
            "title": self.title,
            "passed": self.passed,
            "skipped": self.skipped,
            "duration_ms": round(self.duration_s * 1000),
            "reason": self.reason,
            "seed": self.seed,
            "digest": self.digest,
            "home": str(self.home) if self.home else None,
            "steps": [_step(step) for step in self.steps],
        }


def _step(step: StepResult) -> dict[str, Any]:
    return {
        "number": step.number,
        "title": step.title,
        "place": step.place,
        "passed": step.passed,
        "duration_ms": round(step.duration_s * 1000),
        "problem": step.problem,
        "mismatches": [
            {"what": each.what, "expected": each.expected, "actual": each.actual} for each in step.mismatches
        ],
        "trace": list(step.trace),
    }
