"""What can be asked for, and how far back one goes for it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.model import Post
from tests.contracts.world import FOUNDED
from watcher.backends import BlueskySource
from watcher.backends.bluesky import place as places
from watcher.backends.bluesky import timeline as timelines
from watcher.backends.bluesky.place import Place
from watcher.backends.bluesky.query import is_did, is_handle, read_query
from watcher.backends.bluesky.timeline import Timeline
from watcher.backends.interface import BackendError, Page

MINUTE = timedelta(minutes=1)
READING = {"query": "search:x"}


@pytest.mark.parametrize(
    ("text", "method", "params"),
    [
        ("home", "getTimeline", {}),
        ("search:acme  corp", "searchPosts", {"q": "acme  corp", "sort": "latest"}),
        ("#acme", "searchPosts", {"q": "#acme", "sort": "latest"}),
        ("@Acme.Example", "getAuthorFeed", {"actor": "acme.example"}),
        ("@did:plc:abc", "getAuthorFeed", {"actor": "did:plc:abc"}),
        (
            "list:https://bsky.app/profile/acme.example/lists/3k",
            "getListFeed",
            {"list": "at://acme.example/app.bsky.graph.list/3k"},
        ),
        (
            "feed:at://did:plc:abc/app.bsky.feed.generator/towns",
            "getFeed",
            {"feed": "at://did:plc:abc/app.bsky.feed.generator/towns"},
        ),
    ],
)
def test_a_query_is_a_method_and_its_parameters(
    text: str, method: str, params: dict[str, Any]
) -> None:
    query = read_query(text)
    assert query.method == f"app.bsky.feed.{method}"
    assert query.params == params


@pytest.mark.parametrize(
    "text",
    ["", "public", "search:", "#", "# a", "@", "@acme", "@a b.example", "list:", "list:3k",
     "feed:https://bsky.app/profile/acme.example/lists/3k", "list:at://x/app.bsky.graph.list/3k",
     "feed:at://acme.example/app.bsky.graph.list/3k", "@" + "a" * 300 + ".example"],
)  # fmt: skip
def test_what_is_no_query_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        read_query(text)


@given(st.text(max_size=40))
def test_any_text_is_a_query_or_none(text: str) -> None:
    is_handle(text)
    is_did(text)
    for kind in ("", "@", "list:", "feed:"):
        try:
            read_query(kind + text)
        except ValueError:
            continue


class Feed:
    """A timeline that can be asked: newest first, with a cursor that counts."""

    def __init__(self, *, ends_at: int = 10**9) -> None:
        self.views: list[dict[str, Any]] = []
        self.asked = 0
        self.ends_at = ends_at
        """After so many the cursor ends, whatever lies beyond."""

    def say(self, number: int, *, claims: int | None = None) -> None:
        """Write a post in this minute, which may claim to be of another."""
        stated = FOUNDED + (number if claims is None else claims) * MINUTE
        self.views.append(
            {
                "uri": f"at://did:plc:m/app.bsky.feed.post/{number}",
                "author": {"did": "did:plc:m", "handle": "m.example"},
                "record": {"text": str(number), "createdAt": stated.isoformat()},
                "indexedAt": (FOUNDED + number * MINUTE).isoformat(),
            }
        )

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self.asked += 1
        views = sorted(self.views, key=_place, reverse=True)
        if params.get("until"):
            views = [view for view in views if _place(view) < params["until"].replace("Z", "")]
        views = views[: self.ends_at]
        start = int(params.get("cursor") or 0)
        end = start + params["limit"]
        answer: dict[str, Any] = {"posts": views[start:end]}
        if end < len(views):
            answer["cursor"] = str(end)
        return answer

    def read(self, cursor: str | None = None, query: str = "search:x") -> list[Page]:
        timeline = Timeline(
            self.ask,
            read_query(query),
            reading=READING,
            overlap=60 * MINUTE,
            source="here",
            resolve=lambda handle: None,
        )
        return list(timeline.pages(cursor))


def _place(view: dict[str, Any]) -> str:
    return min(view["record"]["createdAt"], view["indexedAt"])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timelines, "PAGE", 4)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let as much be asked for as it takes."""
    monkeypatch.setattr(timelines, "OVERLAP_ASKED", 100)


def texts(pages: list[Page]) -> list[str]:
    return [post.text for page in pages for post in page.posts]


def posts(pages: list[Page]) -> list[Post]:
    return [post for page in pages for post in page.posts]


def test_one_goes_back_no_further_than_the_overlap(small: None) -> None:
    feed = Feed()
    for number in range(200):
        feed.say(number)
    first = feed.read()
    assert texts(first) == [str(number) for number in range(120, 200)], "20 requests the first time"
    feed.say(200)
    feed.asked = 0
    assert texts(feed.read(first[-1].cursor)) == ["200"]
    assert feed.asked == timelines.OVERLAP_ASKED + 1, "an hour would be 16"


def test_a_post_that_claims_to_be_older_is_found_within_the_overlap(
    small: None, patient: None
) -> None:
    feed = Feed()
    for number in range(100):
        feed.say(number)
    cursor = feed.read()[-1].cursor
    feed.say(101, claims=60)
    assert texts(feed.read(cursor)) == ["101"]


def test_too_much_for_one_reading_is_a_gap(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timelines, "MOST_ASKED", 3)
    feed = Feed()
    feed.say(0)
    cursor = feed.read()[-1].cursor
    for number in range(1000, 1100):
        feed.say(number)
    first, *rest = feed.read(cursor)
    (gap,) = first.gaps
    assert (gap.since, gap.until) == (FOUNDED, FOUNDED + 1088 * MINUTE)
    assert texts([first, *rest]) == [str(number) for number in range(1088, 1100)]
    assert all(page.gaps == () for page in rest)


def test_a_search_whose_cursor_ends_early_goes_on_by_time(small: None) -> None:
    feed = Feed(ends_at=8)
    for number in range(30):
        feed.say(number)
    assert texts(feed.read()) == [str(number) for number in range(30)]


def test_what_was_forgotten_is_not_given_again(
    small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MOST_KNOWN", 5)
    feed = Feed()
    for number in range(40):
        feed.say(number)
    cursor = feed.read()[-1].cursor
    assert texts(feed.read(cursor)) == []
    feed.say(41, claims=39)
    feed.say(42)
    assert texts(feed.read(cursor)) == ["41", "42"]


@settings(max_examples=40)
@given(
    bursts=st.lists(
        st.lists(st.none() | st.integers(0, 40), min_size=1, max_size=6), min_size=1, max_size=6
    ),
    known=st.integers(40, 90),
    stops=st.lists(st.integers(1, 3), min_size=1, max_size=8),
)
def test_nothing_is_lost_and_nothing_comes_twice(
    bursts: list[list[int | None]], known: int, stops: list[int]
) -> None:
    """Posts of any claimed time within the overlap, and readers that stop after any page."""
    feed, got, cursor = Feed(), [], None
    counted = iter(range(1000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timelines, "PAGE", 3)
        patch.setattr(timelines, "OVERLAP_ASKED", 100)
        patch.setattr(places, "MOST_KNOWN", known)
        for number, burst in enumerate(bursts):
            for ago in burst:
                now = next(counted)
                feed.say(now, claims=None if ago is None else now - ago)
            pages = feed.read(cursor)[: stops[number % len(stops)]]
            got += texts(pages)
            cursor = pages[-1].cursor
        got += texts(feed.read(cursor))
    assert sorted(got, key=int) == [view["record"]["text"] for view in feed.views]


def test_a_feed_in_an_order_of_its_own_is_read_to_where_all_is_known(small: None) -> None:
    feed = Feed()
    for number in range(10):
        feed.say(number)
    query = "feed:at://did:plc:abc/app.bsky.feed.generator/towns"
    pages = feed.read(query=query)
    assert len(posts(pages)) == 10
    feed.asked = 0
    assert texts(feed.read(pages[-1].cursor, query)) == []
    assert feed.asked == 1


@pytest.mark.parametrize("answer", [{}, {"posts": 7}, {"feed": None}, {"posts": {"a": 1}}])
def test_an_answer_without_posts_is_broken(answer: dict[str, Any]) -> None:
    feed = Feed()
    feed.ask = lambda method, **params: answer  # type: ignore[method-assign]
    with pytest.raises(BackendError) as raised:
        feed.read()
    assert raised.value.kind == "broken"


@pytest.mark.parametrize(
    "cursor",
    ["", "7", "null", "[]", '{"bluesky": {}, "place": []}', "[" * 9999,
     '{"bluesky": {"query": "search:x"}, "place": [1, 2, [[3, 4]], ""]}',
     '{"bluesky": {"query": "search:x"}, "place": [true, 2, [], ""]}'],
)  # fmt: skip
def test_a_cursor_that_is_none_is_the_beginning(cursor: str) -> None:
    assert Place.load(cursor, READING) == Place()


def test_nobody_who_is_not_logged_in_follows(tmp_path: Path) -> None:
    source = BlueskySource(name="here", query="@acme.example", data=tmp_path)
    network: Any = source.open(tmp_path)
    asks: list[Callable[[], object]] = [
        lambda: network.follow("did:plc:abc"),
        lambda: network.relation("did:plc:abc"),
        lambda: network.unfollow("did:plc:abc"),
    ]
    for ask in asks:
        with pytest.raises(BackendError, match="needs an account") as raised:
            ask()
        assert raised.value.kind == "refused"
    network.close()
