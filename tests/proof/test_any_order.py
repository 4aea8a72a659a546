"""Every payment story in every order of what Stripe says of it, with duplicates, ends alike; and so does a replay."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice, permutations
from pathlib import Path
from random import Random

import pytest

from billing.db import Database
from tests.support.proof_orders import Telling, differences, ends_of, in_this_order
from tests.support.proof_stories import LONG, SHORT, PaymentStory

SEED = int(os.environ.get("DEVCONSOLE_PROOF_SEED", "20261102"))
"""Another seed: `DEVCONSOLE_PROOF_SEED=7 make proof`. It is printed, so that a failure can be told again."""
RANDOM_CASES = 10_000
IN_ONE_FILE = 1_000


def by_name(story: PaymentStory) -> str:
    return story.name.replace(" ", "-")


async def prove(database: Database, tellings: Sequence[Telling], random: Random) -> None:
    ends = await ends_of(database, tellings, random=random)
    assert differences(ends, tellings) == []


@pytest.mark.parametrize("story", SHORT, ids=by_name)
async def test_some_orders_end_alike(database: Database, story: PaymentStory) -> None:
    """The usual order, its reverse, and 22 more."""
    random = Random(SEED)
    usual = tuple(range(len(story.steps)))
    orders = {usual, usual[::-1], *islice(_shuffled(usual, random), 22)}
    await prove(database, [in_this_order(story, order, random) for order in sorted(orders)], random)


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.parametrize("story", SHORT, ids=by_name)
async def test_every_order_ends_alike(database: Database, story: PaymentStory) -> None:
    random = Random(SEED)
    orders = list(permutations(range(len(story.steps))))
    tellings = [in_this_order(story, order, random) for order in orders]
    await prove(database, tellings, random)
    print(f"{story.name}: {len(orders)} orders of {len(story.steps)}, each thing told twice and replayed; seed {SEED}")


async def test_a_few_long_stories_end_alike(database: Database) -> None:
    random = Random(SEED)
    await prove(database, list(islice(_random_tellings(random), 40)), random)


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(RANDOM_CASES // IN_ONE_FILE))
async def test_ten_thousand_random_orders_of_long_stories(database_path: Path, part: int) -> None:
    random = Random(SEED + part)
    database = Database(database_path)
    try:
        await prove(database, list(islice(_random_tellings(random), IN_ONE_FILE)), random)
    finally:
        await database.close()
    print(f"{IN_ONE_FILE} random orders of {len(LONG)} long stories; seed {SEED + part}")


def _random_tellings(random: Random) -> Iterator[Telling]:
    while True:
        story = random.choice(LONG)
        order = next(_shuffled(tuple(range(len(story.steps))), random))
        yield in_this_order(story, order, random)


def _shuffled(usual: tuple[int, ...], random: Random) -> Iterator[tuple[int, ...]]:
    while True:
        yield tuple(random.sample(usual, len(usual)))
