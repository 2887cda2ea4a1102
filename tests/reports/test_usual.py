"""What is usual is told of days that somebody counted, and of no others."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rules.model import Post
from tests.reports.conftest import CONFIG, NOW, facts_of, person
from tests.store.samples import page
from watcher import pipeline
from watcher.app import App
from watcher.config import load
from watcher.insights.model import Period
from watcher.insights.voice import BrandVoice, DayVoice
from watcher.reports.volume import counted_from

WEEK = Period.of_days(date(2026, 4, 6), date(2026, 4, 12), ZoneInfo("UTC"))
DAY = timedelta(days=1)


def history(posts: list[int], counted_since: datetime | None = None) -> BrandVoice:
    """The counts of the days up to the one before the week."""
    first = date(2026, 4, 6) - len(posts) * DAY
    days = tuple(
        DayVoice(day=first + n * DAY, posts=number, authors=number, share=None)
        for n, number in enumerate(posts)
    )
    return BrandVoice(
        brand="Acme", posts=sum(posts), authors=sum(posts), reposts=0, share=None,
        share_of_authors=None, posts_before=None, share_before=None, change=None, days=days,
        counted_since=counted_since,
    )  # fmt: skip


def test_single_posts_of_an_archive_do_not_make_the_days_between_them_counted() -> None:
    assert counted_from(history([1, *[0] * 55]), WEEK, None, whole=True) is None
    assert counted_from(history([1] * 56), WEEK, None, whole=True) == date(2026, 2, 9)
    assert counted_from(history([1] * 56), WEEK, None, whole=False) is None


def test_an_archive_counts_from_where_it_is_dense() -> None:
    sparse, dense = [1, *[0] * 27], [3] * 28
    first = counted_from(history([*sparse, *dense]), WEEK, None, whole=True)
    assert first is not None
    assert abs(first - date(2026, 3, 9)) < 14 * DAY


def test_a_day_counts_after_somebody_began_to_look_and_to_count() -> None:
    early, late = WEEK.since - 40 * DAY, WEEK.since - 20 * DAY
    quiet = history([0] * 56, early)
    assert counted_from(quiet, WEEK, late, whole=True) == date(2026, 3, 18)
    assert counted_from(history([0] * 56, late), WEEK, early, whole=True) == date(2026, 3, 18)
    assert counted_from(quiet, WEEK, None, whole=True) is None
    assert counted_from(quiet, WEEK, WEEK.since + DAY, whole=True) is None


@pytest.fixture
def world(tmp_path: Path) -> Iterator[App]:
    """Counting began long ago, and the first post was read in the week itself."""
    (tmp_path / "watcher.toml").write_text(CONFIG)
    config = load(tmp_path / "watcher.toml", {})
    with App.open(config, clock=lambda: NOW) as app:
        old = replace(app, clock=lambda: datetime(2026, 1, 5, tzinfo=UTC))
        pipeline.match(old)
        posts = [
            Post(
                network="town", id=str(n), author=person(f"p{n}"), text=f"Acme kettle {n}",
                posted_at=WEEK.since + n * timedelta(hours=5), language="en",
            )
            for n in range(30)
        ]  # fmt: skip
        far = replace(posts[0], id="far", posted_at=WEEK.since - 50 * DAY)
        app.store.save_page("square", page(*posts, far), WEEK.since + DAY)
        app.store.record_pull("square", WEEK.since + DAY, NOW, reached_newest=True)
        pipeline.match(app)
        yield app


def test_nothing_is_usual_of_weeks_in_which_nobody_counted(world: App) -> None:
    found = facts_of(world, WEEK, "Acme").brands[0].volume
    assert found.posts == 30
    assert found.before is None
    assert [one.usual for one in found.days] == [None] * 7
