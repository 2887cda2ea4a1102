"""A report of a time that is past tells it as it was at its end, not as it is today."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rules.model import Post
from tests.reports.conftest import CONFIG, FIRST, NOW, facts_of, person
from tests.store.samples import page
from watcher import pipeline
from watcher.app import App
from watcher.config import load
from watcher.insights.model import Period

ASKED = datetime(2026, 4, 8, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def said(id: str, author: str, text: str, at: datetime, reply_to: str | None = None) -> Post:
    return Post(
        network="town", id=id, author=person(author), text=text, posted_at=at, reply_to=reply_to,
        mentions=("acme",) if author != "acme" else (), language="en",
    )  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[App]:
    (tmp_path / "watcher.toml").write_text(CONFIG)
    with App.open(load(tmp_path / "watcher.toml", {}), clock=lambda: NOW) as app:
        posts = (
            said("1", "bea", "@acme where is my refund?", ASKED - DAY),
            said("2", "acme", "@bea on its way", ASKED - DAY + timedelta(hours=1), "1"),
            said("3", "cid", "@acme my kettle is broken, I want a refund", ASKED),
            said("4", "acme", "@cid sorry, it is on its way", ASKED + 2 * DAY, "3"),
        )
        app.store.save_page("square", page(*posts), FIRST)
        app.store.record_pull("square", FIRST, NOW, reached_newest=True)
        pipeline.match(app)
        yield app


def days(first: int, last: int) -> Period:
    return Period.of_days(date(2026, 4, first), date(2026, 4, last), ZoneInfo("Europe/Paris"))


def test_who_waited_at_the_end_of_the_period_is_told_though_answered_since(world: App) -> None:
    [brand] = facts_of(world, days(6, 8), "Acme").brands
    [waiting] = brand.inbox
    assert waiting.post.author.handle == "cid"
    assert waiting.waiting == days(6, 8).until - ASKED
    assert (brand.own_posts.posts, brand.own_posts.answers) == (1, 1)


def test_who_was_answered_within_the_period_does_not_wait(world: App) -> None:
    [brand] = facts_of(world, days(6, 12), "Acme").brands
    assert brand.inbox == ()


def test_what_was_asked_in_the_period_and_answered_within_a_week_counts_as_answered(
    world: App,
) -> None:
    [acme, *_] = facts_of(world, days(6, 8), "Acme").brands[0].answering
    assert acme.addressed == 2
    assert acme.answered is not None
    assert acme.answered.value == 1


def test_an_inbox_of_a_time_after_the_question_forgets_it(world: App) -> None:
    [brand] = facts_of(world, days(9, 9), "Acme").brands
    assert brand.inbox == ()
