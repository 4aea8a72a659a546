"""Tells what is played while it is played: results on stdout, progress on stderr."""

from __future__ import annotations

import os
import sys
import threading
import time

from devconsole import output
from devconsole.format import count
from devconsole.output import ExitCode
from devconsole.scenario.results import StoryResult
from devconsole.scenario.runner import StepResult

DIGEST_SHOWN = 16
WIDTH = 80
"""Of a terminal that does not say."""


class Report:
    """One run of `total` stories. Steps may be told from any thread."""

    def __init__(self, total: int, *, as_json: bool) -> None:
        self._total = total
        self._as_json = as_json
        self._one_at_a_time = threading.Lock()
        self._started = time.monotonic()
        self._progress = sys.stderr.isatty() and not as_json
        self.results: list[StoryResult] = []

    def step(self, name: str, total: int, step: StepResult) -> None:
        """One step is done. On a terminal a line that is overwritten, elsewhere one for each failure alone."""
        if not self._progress:
            return
        with self._one_at_a_time:
            line = f"{len(self.results)} of {self._total} done  {name} {step.number}/{total}  {step.title}"
            sys.stderr.write(f"\r\x1b[K{_one_line(output.printable(line))}")
            sys.stderr.flush()

    def add(self, result: StoryResult) -> None:
        """One story has ended."""
        self.results.append(result)
        with self._one_at_a_time:
            if self._progress:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()
            if self._as_json:
                output.write_json_line(result.document())
            else:
                output.write("\n".join(map(output.printable, lines_of(result))))

    def end(self) -> int:
        """The last line, and the exit code."""
        failed = sum(result.failed for result in self.results)
        passed = sum(result.passed for result in self.results)
        skipped = len(self.results) - failed - passed
        seconds = time.monotonic() - self._started
        parts = [f"{passed} passed", f"{failed} failed", *([f"{skipped} skipped"] if skipped else [])]
        played = sum(bool(result.steps) for result in self.results)
        pace = f", {played / seconds:.1f} a second" if played else ""
        output.say(f"{', '.join(parts)} in {seconds:.1f} s{pace}")
        return ExitCode.REFUSED if failed else ExitCode.DONE


def _one_line(text: str) -> str:
    """As much as fits into a line of the terminal: what wraps cannot be overwritten."""
    from rich.cells import cell_len  # only where somebody watches

    width = os.get_terminal_size(sys.stderr.fileno()).columns or WIDTH
    text = text[:width]
    while cell_len(text) >= width:
        text = text[:-1]
    return text


def lines_of(result: StoryResult) -> list[str]:
    """A story's result for people: one line if it passed; expected beside actual, and the trace, if not."""
    if result.skipped is not None:
        return [f"skipped {result.name}  {result.title}", f"        {result.skipped}"]
    if result.passed:
        digest = f"  digest {result.digest[:DIGEST_SHOWN]}" if result.digest else ""
        steps = count(len(result.steps), "step")
        return [f"passed  {result.name}  {result.title}  ({steps}, {result.duration_s:.2f} s){digest}", *_kept(result)]
    lines = [f"FAILED  {result.name}  {result.title}"]
    step = result.failed_step
    if step is None:
        return [*lines, *(f"        {line}" for line in str(result.error).splitlines()), *_kept(result)]
    lines.append(f"        {step.place}: step {step.number}, {step.title}")
    if step.problem is not None:
        lines.append(f"        {step.problem}")
    for each in step.mismatches:
        lines += [f"        {each.what}", f"          expected  {each.expected}", f"          actual    {each.actual}"]
    return [*lines, *(f"        {line}" for line in step.trace), *_kept(result)]


def _kept(result: StoryResult) -> list[str]:
    return [f"        kept; open it with: devconsole --home {result.home}"] if result.home is not None else []
