"""What is clearly not about a brand is counted nowhere, whoever counts."""

from datetime import datetime

import pytest

from rules.model import Reason
from rules.rates import Alarm
from rules.rates.measures import Measure
from rules.signals.spoken import Spoken
from tests.store.samples import HOUR, NOON, ROUTES, account, match, post, pulled
from watcher.store import Store
from watcher.store.stories import story_of

MEASURES: tuple[Measure, ...] = ("posts", "authors", "reposts", "negative", "reach")
SPAN: tuple[datetime, datetime] = (NOON - 2 * HOUR, NOON)


@pytest.fixture
def half(store: Store) -> Store:
    """Two negative posts of two accounts, one public and one private, and as many left out."""
    some = [
        post(f"p{n}", author=account(f"{n}", f"user{n}", followers=10), private=n % 2 == 1)
        for n in range(4)
    ]
    pulled(store, *some)
    batch = store.unmatched(9)
    out = {"town:p2", "town:p3"}
    store.save_matches(
        batch,
        [match(one) for one in batch.posts],
        [],
        ROUTES,
        NOON,
        spoken=[
            Spoken(post=one.key, brand="Acme", tone="negative", left_out=one.key in out)
            for one in batch.posts
        ],
        brands={"Acme": "acme"},
        left_out={("talk", key): "Acme" for key in out},
    )
    return store


def test_measures_of_rates_count_nothing_left_out(half: Store) -> None:
    counted = {of: half.count_measure("talk", *SPAN, of) for of in MEASURES}
    assert counted == {"posts": 2, "authors": 2, "reposts": 0, "negative": 2, "reach": 10}
    assert len(half.pieces("talk", *SPAN, "authors", HOUR)) == 2
    assert len(half.pieces("talk", *SPAN, "reach", HOUR)) == 2
    assert [much for _, _, much in half.pieces("talk", *SPAN, "posts", HOUR)] == [2]
    assert half.tones_of("talk", *SPAN) == (2, 2)
    marks = half.marks([1, 2, 3, 4])
    assert [marks[rid][3] for rid in (1, 2, 3, 4)] == [("Acme",), ("Acme",), (), ()]


def test_private_posts_that_a_report_counts_are_those_it_counts_for_the_brand(half: Store) -> None:
    assert half.private_spoken("Acme", *SPAN) == 1


def test_the_story_of_a_spike_tells_nothing_of_what_is_left_out(half: Store) -> None:
    for group in ("", "Acme"):
        alarm = Alarm(
            rule="talk",
            kind="spike",
            group=group,
            since=SPAN[0],
            until=SPAN[1],
            count=2,
            reason=Reason(template="Many."),
        )
        with half.reading() as connection:
            spread, *_ = story_of(connection, alarm)
        assert spread.values["posts"] == "1"
