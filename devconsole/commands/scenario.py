"""`devconsole scenario`: payment stories as files, for QA and CI."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from devconsole import output
from devconsole.commands.verb import Invocation, Noun
from devconsole.format import count
from devconsole.output import Column, ExitCode, table

if TYPE_CHECKING:
    from devconsole.scenario.scene import Server
    from devconsole.scenario.story import Story

    Row: TypeAlias = tuple[str, Story]


class Since(click.ParamType[datetime]):
    """A moment as RFC 3339 has it, or how long ago it was."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        from devconsole.entry import EntryRefused, read_seconds

        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            try:
                return datetime.now(UTC) - timedelta(seconds=read_seconds(value))
            except EntryRefused:
                self.fail(
                    f"{value} is no time; write it as 2026-11-02T09:00:00Z, or as a span such as 10min.", param, ctx
                )
        return moment.astimezone(UTC)  # without a zone it is that of this machine


command = Noun("scenario", help="Payment stories as files: steps, and the money expected after them.")


@command.command("run", help="Play stories, each on a server of its own. Nothing named = all that are shipped.")
@click.argument("stories", nargs=-1, metavar="[STORY|FILE|DIR]...")
@click.option("--seed", type=click.IntRange(0), metavar="N", help="What ids are made from, whatever the files say.")
@click.option("--tag", help="Only stories that bear this tag.")
@click.option("--junit", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write JUnit XML here.")
@click.option("-j", "--jobs", type=click.IntRange(1, 16), default=1, show_default=True, help="So many at once.")
@click.option("--keep", is_flag=True, help="Keep the home directory of each story that failed, for the console.")
@click.option("--keep-all", is_flag=True, help="Keep those that passed, too.")
@click.option("--against", metavar="URL", help="Play on the server that runs there, as far as that makes sense.")
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="A value for ${row.NAME}.")
@click.pass_obj
def run(
    invocation: Invocation,
    stories: tuple[str, ...],
    seed: int | None,
    tag: str | None,
    junit: Path | None,
    jobs: int,
    keep: bool,
    keep_all: bool,
    against: str | None,
    values: tuple[str, ...],
) -> int:
    """Exit code 1 when a story failed or is none."""
    from devconsole.scenario import shelf, suite
    from devconsole.scenario.report import Report

    scripts, broken = suite.scripts_of(shelf.find(stories), tag=tag, values=_values(values))
    if not (scripts or broken):
        raise output.Failure("no story to run", remedy="See `devconsole scenario list`.", code="no_story")
    report = Report(len(scripts) + len(broken), as_json=invocation.json)
    for error in broken:
        report.add(suite.broken_result(error))
    if against is not None:
        server = _server_at(invocation, against)
        for script in scripts:
            report.add(suite.play_against(script, server, report.step))
    elif scripts:
        playing = suite.Playing(seed=seed, keep="all" if keep_all else "failed" if keep else "none")
        for result in suite.play_all(scripts, playing, jobs=jobs, listener=report.step):
            report.add(result)
    if junit is not None:
        from devconsole.scenario import junit as form

        form.write(junit, report.results)
    return report.end()


def _values(pairs: tuple[str, ...]) -> dict[str, str]:
    split = [pair.partition("=") for pair in pairs]
    if not all(name and sign for name, sign, _ in split):
        raise click.UsageError("--set takes NAME=VALUE.")
    return {name: value for name, _, value in split}


def _server_at(invocation: Invocation, url: str) -> Server:
    """A server that runs already; its token lies in its home directory. Raises `Failure` and `RelayError`."""
    from relay.api import ShowStatus
    from relay.sync_client import SyncControlClient

    home = invocation.home
    token = home.read_token()
    if token is None:
        raise output.Failure(
            f"no token for {url}: no server ever ran on {home.path}",
            remedy="Name the home directory of that server with --home.",
            code="no_token",
        )
    server = SyncControlClient(url, token)
    server.call(ShowStatus())  # one that does not answer is told once, not by each story
    return server


@command.command("list", help="List the shipped stories.")
@click.option("--tag", help="Only those that bear this tag.")
@click.pass_obj
def list_stories(invocation: Invocation, tag: str | None) -> None:
    from devconsole.scenario import shelf, suite

    scripts, _ = suite.scripts_of(shelf.shipped(), tag=tag)
    stories = list({script.path.stem: script.story for script in scripts}.items())
    if invocation.json:
        rows = [{"name": name, "title": story.title, "tags": story.tags} for name, story in stories]
        output.write_json({"rows": rows, "total": len(rows)})
        return
    columns: tuple[Column[Row], ...] = (
        Column("NAME", lambda row: row[0]),
        Column("TAGS", lambda row: ", ".join(row[1].tags)),
        Column("TITLE", lambda row: row[1].title),
    )
    output.write(table(columns, stories, empty=f"No story bears the tag {tag!r}."))


@command.command("show", help="Print a story.")
@click.argument("story", metavar="STORY|FILE")
@click.pass_obj
def show(invocation: Invocation, story: str) -> None:
    from devconsole.scenario import shelf, suite

    path = shelf.find([story])[0]
    if invocation.json:
        output.write_json(suite.scripts_at(path)[0].story)
    else:
        output.write(path.read_text(encoding="utf-8").rstrip())


@command.command("schema", help="Print the JSON Schema that editors complete stories from.")
@click.pass_obj
def show_schema(invocation: Invocation) -> None:
    from devconsole.scenario.schema import schema, schema_text

    if invocation.json:
        output.write_json(schema())
    else:
        output.write(schema_text())


@command.command("secret", help="Print the secret that webhooks of stories are signed with, for the app they go to.")
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Of the stories; 1 unless said otherwise.")
@click.pass_obj
def show_secret(invocation: Invocation, seed: int | None) -> None:
    """Like `stripe listen --print-secret`. Nobody's account: it follows from the seed."""
    from devconsole.scenario.stage import webhook_secret
    from devconsole.virtual.world import SEED

    secret = webhook_secret(SEED if seed is None else seed)
    if invocation.json:
        output.write_json({"secret": secret})
    else:
        output.write(secret)


@command.command("validate", help="Check files without playing them. Nothing named = all that are shipped.")
@click.argument("stories", nargs=-1, metavar="[STORY|FILE|DIR]...")
@click.pass_obj
def validate(invocation: Invocation, stories: tuple[str, ...]) -> int:
    """Exit code 1 when a file is no story."""
    from devconsole.scenario import shelf, suite

    paths = shelf.find(stories)
    _, broken = suite.scripts_of(paths)
    problems = [each for error in broken for each in error.all]
    if invocation.json:
        rows = [{"file": str(each.path), "line": each.line, "message": each.message} for each in problems]
        output.write_json({"checked": len(paths), "problems": rows})
    else:
        output.write("\n".join([*map(str, problems), f"{len(paths)} checked, {len(broken)} with mistakes"]))
    return ExitCode.REFUSED if problems else ExitCode.DONE


@command.command("record", help="Make a story of what was done on the running server, so that it can be played again.")
@click.option(
    "--out", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write it here, not to stdout."
)
@click.option("--since", type=Since(), help="Only what was done since then: a time, or a span such as `10 min`.")
@click.option("--until", type=Since(), help="Only what was done until then, with all that came of it.")
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only the last N operations of that.")
@click.option("--from", "first", metavar="EVENT", help="From what caused this event on: evt_… or its inbox number.")
@click.option("--to", "to", metavar="EVENT", help="Up to the arrival of this event.")
@click.option("--event", metavar="EVENT", help="What led to this event: evt_… or its inbox number.")
@click.option("--title", help="What the story is called.")
@click.pass_obj
def record(
    invocation: Invocation,
    out: Path | None,
    since: datetime | None,
    until: datetime | None,
    last: int | None,
    first: str | None,
    to: str | None,
    event: str | None,
    title: str | None,
) -> None:
    """`devconsole operations list` shows what is known. Pays on the Checkout page become steps too."""
    from devconsole.scenario.recording import of_event
    from devconsole.scenario.recording.facts import Stretch
    from devconsole.scenario.recording.recorder import record as record_story

    by_time, by_event = (since, until, last), (first, to)
    if event is not None and any(each is not None for each in (*by_time, *by_event, title)):
        raise click.UsageError("--event says by itself where the story begins, and what it is called.")
    if any(each is not None for each in by_time) and any(each is not None for each in by_event):
        raise click.UsageError("Choose by time (--since, --until, --last) or by event (--from, --to), not by both.")
    if event is not None:
        recording = of_event.record_event(invocation.call, event)
    elif any(each is not None for each in by_event):
        recording = of_event.record_inbox(invocation.call, first=first, last=to, title=title)
    else:
        recording = record_story(invocation.call, Stretch(since=since, until=until, last=last), title=title)
    if out is not None:
        out.write_text(recording.text, encoding="utf-8")
    if invocation.json:
        output.write_json(recording)
    elif out is None:
        output.write(recording.text.rstrip())
    for gap in recording.gaps:
        output.say(f"nothing is expected of {gap}")
    if out is not None:
        output.say(f"{count(recording.steps, 'step')} of {', '.join(recording.companies) or 'nobody'}; play them with")
        output.say(f"  devconsole scenario run {out}")
