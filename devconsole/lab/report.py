"""What experiments have shown: a line for each while they run, a table at the end, and the exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from devconsole import output
from devconsole.format import count
from devconsole.lab.experiments import BROKEN, HELD, Result, pairs_of, run, singles_of
from devconsole.lab.listing import IN_LAB
from devconsole.lab.verdict import INVARIANTS
from devconsole.lab.world import Stuck
from devconsole.output import Column, ExitCode, Failure, table
from relay.suggestions import did_you_mean

MARKS = {True: "yes", False: "NO"}


def run_and_tell(names: Sequence[str], *, pairs: bool, seed: int, jobs: int, keep: bool, as_json: bool) -> ExitCode:
    """Carry the experiments out and tell of them. Raises `Failure` for a fault that is not there."""
    for name in names:
        if name not in IN_LAB:
            raise Failure(f"the lab knows no fault {name}", remedy=did_you_mean(name, IN_LAB), code="unknown_fault")
    cases = pairs_of(names) if pairs else singles_of(names)
    if not cases:
        raise Failure("a pair needs two faults", remedy="Name two or more, or none for all.", code="usage")
    try:
        if not as_json:
            output.say("First the story without any fault, then:")
        results = asyncio.run(_told(cases, seed=seed, jobs=jobs, keep=keep, as_json=as_json))
    except Stuck as stuck:
        raise Failure(f"the story does not even end well undisturbed: {stuck}", code="lab_stuck") from stuck
    if not as_json:
        output.write(report(results))
    broken = sum(result.verdict == BROKEN for result in results)
    return ExitCode.REFUSED if broken else ExitCode.DONE


async def _told(cases: Sequence[tuple[str, ...]], *, seed: int, jobs: int, keep: bool, as_json: bool) -> list[Result]:
    results: list[Result] = []
    async for result in run(cases, seed=seed, jobs=jobs, keep=keep):
        results.append(result)
        if as_json:
            output.write_json_line(result.document())
        else:
            output.say(
                f"  {len(results)}/{len(cases)}  {result.verdict:<11}  {result.name}  ({result.duration_s:.1f} s)"
            )
    return sorted(results, key=lambda result: cases.index(result.faults))


def report(results: Sequence[Result]) -> str:
    """The table, what broke and how to repeat it, and the sum."""
    parts = [table(_columns(), results, empty="")]
    parts += [_broken(result) for result in results if result.verdict == BROKEN]
    parts.append(summary(results))
    return "\n\n".join(parts)


def summary(results: Sequence[Result]) -> str:
    held = sum(result.verdict == HELD for result in results)
    broken = sum(result.verdict == BROKEN for result in results)
    text = f"{count(len(results), 'experiment')}: {held} held, {broken} broken"
    if (others := len(results) - held - broken) > 0:
        text += f", {others} did not strike"
    return text


def _columns() -> tuple[Column[Result], ...]:
    def mark(name: str) -> Column[Result]:
        return Column(name.upper(), lambda row: MARKS[next(each.held for each in row.invariants if each.name == name)])

    return (
        Column("FAULT", lambda row: row.name),
        Column("VERDICT", lambda row: row.verdict),
        *(mark(name) for name in INVARIANTS),
        Column("HOW", lambda row: "; ".join(row.how)),
    )


def _broken(result: Result) -> str:
    names = " ".join(result.faults)
    pairs = " --pairs" if len(result.faults) > 1 else ""
    lines = [f"{result.name} broke:"]
    lines += [f"  {each.name}: {each.seen}" for each in result.invariants if not each.held]
    if result.home is not None:
        lines.append(f"  kept: {result.home}")
    lines.append(f"  again: devconsole faults run {names}{pairs} --seed {result.seed} --keep")
    return "\n".join(lines)
