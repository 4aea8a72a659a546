"""The results as JUnit XML, the form that CI systems read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from devconsole.scenario.suite import StoryResult


def write(path: Path, results: Sequence[StoryResult]) -> None:
    """One suite, one case a story."""
    suite = TestSuite("devconsole scenarios")
    for result in results:
        case = TestCase(result.title, classname=result.path.stem, time=result.duration_s)
        if result.error is not None:
            case.result = [Error(result.error)]
        elif not result.passed:
            case.result = [Failure(result.reason)]
        suite.add_testcase(case)
    document = JUnitXml()
    document.add_testsuite(suite)
    document.write(str(path))
