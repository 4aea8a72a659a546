"""The results as JUnit XML, the form that CI systems read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from devconsole.scenario.results import StoryResult


def write(path: Path, results: Sequence[StoryResult]) -> None:
    """One suite, one case a story. A failure has expected and actual, and the trace of the event to blame."""
    suite = TestSuite("devconsole scenarios")
    for result in results:
        case = TestCase(result.title, classname=result.name, time=result.duration_s)
        if result.skipped is not None:
            case.result = [Skipped(result.skipped)]
        elif result.error is not None:
            case.result = [Error(result.error)]
        elif not result.passed:
            failure = Failure(result.reason)
            step = result.failed_step
            assert step is not None, "a story that did not pass has a step that did not"
            failure.text = "\n".join((step.place, *map(str, step.mismatches), *step.trace))
            case.result = [failure]
        if result.digest is not None:
            case.system_out = f"seed {result.seed}, digest {result.digest}"
        suite.add_testcase(case)
    document = JUnitXml()
    document.add_testsuite(suite)
    document.write(str(path))
