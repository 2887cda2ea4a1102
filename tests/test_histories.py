"""Histories of accounts: fetched back from the newest, taken up where they were cut off."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from rules.model import Account, Post
from tests.cli_fixtures import acme, terminal
from tests.terminal import Terminal
from watcher import pipeline
from watcher.app import App
from watcher.backends.interface import Author, BackendError, Histories, Page
from watcher.backends.local.network import LocalNetwork
from watcher.config import load
from watcher.histories import Asked, Fetched, fetch
from watcher.store import HISTORY

__all__ = ["acme", "terminal"]

US = Account(network="town", id="1", handle="zoe_writes")
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)


def post(number: int, **more: object) -> Post:
    values: dict[str, object] = {"text": f"Acme {number}", "likes": 1} | more
    return Post(
        network="town",
        id=str(number),
        author=US,
        posted_at=BEGIN + timedelta(hours=number),
        **values,  # type: ignore[arg-type]
    )


class Town:
    """A network of one account with numbered posts, three to a page; counts what it is asked."""

    network = "town"

    def __init__(self, posts: int) -> None:
        self.posts = posts
        self.asked = 0
        self.breaks_after: int | None = None

    def author(self, handle: str) -> Author | None:
        return Author(account=US, posts=self.posts) if handle == US.handle else None

    def history(self, account: Account, place: str, most: int) -> Iterator[Page]:
        assert account == US
        at, read = int(place) if place else self.posts, 0
        while read < most:
            if self.asked == self.breaks_after:
                raise BackendError("the line is dead", kind="temporary")
            self.asked += 1
            down = max(0, at - 3)
            posts = tuple(post(number) for number in range(down, at))
            yield Page(posts=posts, cursor=str(down), more=down > 0)
            if not down:
                return
            at, read = down, read + 3


@pytest.fixture
def app(acme: Terminal) -> Iterator[App]:
    with App.open(load(acme.folder / "watcher.toml"), clock=lambda: acme.now) as it:
        pipeline.match(it)
        yield it


def bring(app: App, town: Town, **more: object) -> Fetched:
    assert isinstance(town, Histories)
    return fetch(
        app, Asked(source="town", network=town), Author(account=US, posts=town.posts),
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


def stored(app: App) -> list[int]:
    return sorted(
        int(one.post.id) for one in app.store.posts_after(0, 1000) if one.post.network == "town"
    )


def test_a_history_is_fetched_back_to_the_first_post(app: App) -> None:
    done = bring(app, Town(10))
    assert (done.new, done.read, done.complete, done.error) == (10, 10, True, "")
    history = app.store.history_of(US.key)
    assert history
    assert history.total == 10
    assert [one.whole for one in history.stretches] == [True]


def test_a_fetch_that_broke_goes_on_where_it_was(app: App) -> None:
    town = Town(20)
    town.breaks_after = 3
    assert bring(app, town).error == "the line is dead"
    assert stored(app) == list(range(11, 20))
    town.breaks_after = None
    town.asked = 0
    assert bring(app, town).complete
    assert stored(app) == list(range(20))
    assert town.asked <= 6  # the newest page again, and what was missing


def test_a_bounded_fetch_says_that_there_is_more(app: App) -> None:
    town = Town(20)
    done = bring(app, town, limit=6)
    assert (done.read, done.complete) == (6, False)
    for _ in range(5):  # each looks at the newest page again
        done = bring(app, town, limit=6)
    assert done.complete
    assert stored(app) == list(range(20))


def test_what_was_written_meanwhile_closes_up_with_what_was_read_before(app: App) -> None:
    town = Town(9)
    assert bring(app, town).complete
    town.posts = 40
    cut = bring(app, town, limit=6)
    assert not cut.complete
    history = app.store.history_of(US.key)
    assert history
    assert len(history.stretches) == 2  # a hole lies between them, and is known
    town.posts, town.asked = 44, 0
    assert bring(app, town).complete
    assert stored(app) == list(range(44))
    history = app.store.history_of(US.key)
    assert history
    assert [one.whole for one in history.stretches] == [True]


def test_since_bounds_a_fetch(app: App) -> None:
    done = bring(app, Town(30), since=BEGIN + timedelta(hours=20))
    assert done.complete
    assert min(stored(app)) >= 17


def test_no_rule_looks_at_a_history(app: App) -> None:
    bring(app, Town(10))
    matched = pipeline.match(app)
    assert (matched.posts, matched.matches, matched.suspects) == (0, 0, 0)
    assert app.store.status().unmatched == 0
    assert app.store.status().waiting == {}
    assert app.store.cursor("town") is None


def test_what_a_source_brings_after_a_history_did_is_news_all_the_same(app: App) -> None:
    bring(app, Town(10))
    page = Page(posts=(post(9), post(10)), cursor="x", more=False)
    saved = app.store.save_page("town", page, app.clock())
    assert (saved.new, saved.known) == (2, 0)
    assert pipeline.match(app).matches == 2
    sources = {one.post.id: one.post.source for one in app.store.posts_after(0, 100)}
    assert sources["9"] == "town"
    assert sources["8"] == HISTORY
    again = app.store.save_page("town", page, app.clock())
    assert (again.new, again.known) == (0, 2)


def test_a_history_changes_no_stored_post_but_its_counts(app: App) -> None:
    old = post(9, likes=0, text="Acme as it was")
    app.store.save_page("town", Page(posts=(old,), cursor="x", more=False), app.clock())
    assert bring(app, Town(10)).new == 9
    (found,) = [one.post for one in app.store.posts_after(0, 100) if one.post.id == "9"]
    assert (found.text, found.likes, found.source) == ("Acme as it was", 1, "town")
    assert pipeline.match(app).matches == 1


def test_a_person_who_was_forgotten_stays_away(app: App) -> None:
    bring(app, Town(4))
    (held,) = app.store.accounts_called("town:1")
    app.store.forget_account(held, app.clock())
    assert bring(app, Town(4)).new == 0
    assert stored(app) == []
    assert app.store.history_of(US.key) is None


def test_the_microblog_shows_its_histories(acme: Terminal) -> None:
    for number in range(5):
        assert acme.pipe("local", "post", "@zoe", f"Acme {number}").code == 0
    network = LocalNetwork(acme.folder / "town.sqlite")
    author = network.author("ZOE")
    assert author
    assert author.posts == 6
    pages = list(network.history(author.account, "", 100))
    assert [len(page.posts) for page in pages] == [6]
    assert not pages[0].more
    assert network.author("nobody") is None
