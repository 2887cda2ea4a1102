"""Jetstream as it is read: from a cursor, sifted, broken off and gone on with."""

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.model import Account, Post
from tests.bluesky.jetstream import FIRST, FakeJetstream, commit, event, identity, jetstream
from watcher.backends import BlueskySource, websocket
from watcher.backends.bluesky import flow, live
from watcher.backends.bluesky.keep import Keep
from watcher.backends.bluesky.stream import BlueskyStream
from watcher.backends.interface import BackendError, Page

NOW = datetime.fromtimestamp(FIRST / 1e6, UTC) + timedelta(hours=1)


@pytest.fixture
def server() -> Iterator[FakeJetstream]:
    with jetstream() as one:
        yield one


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait longer than a server on the same machine takes."""
    monkeypatch.setattr(live, "IDLE", 0.05)
    monkeypatch.setattr(live, "LONGEST_PAUSE", 0.01)
    monkeypatch.setattr(live, "BEAT", 0.1)
    monkeypatch.setattr(live, "LINGER", 0.02)


def stream(server: FakeJetstream, **more: Any) -> BlueskyStream:
    settings = {"begin": "oldest", "names": False} | more
    source = BlueskySource(
        name="here", query="jetstream", url=server.url, contact="watch@acme.example", **settings
    )
    assert list(source.problems()) == []
    return BlueskyStream(source, clock=lambda: NOW)


def read(reader: BlueskyStream, cursor: str | None = None) -> list[Page]:
    return list(reader.pages(cursor))


def posts(pages: list[Page]) -> list[Post]:
    return [post for page in pages for post in page.posts]


def texts(pages: list[Page]) -> list[str]:
    return [post.text for post in posts(pages)]


def some(amount: int, first: int = 0) -> list[dict[str, Any]]:
    return [event(number) for number in range(first, first + amount)]


def until(pages: Iterator[Page], enough: Callable[[list[Page]], bool]) -> list[Page]:
    """Take live pages until there is enough of them; give up after many."""
    taken: list[Page] = []
    for page in itertools.islice(pages, 200):
        taken.append(page)
        if enough(taken):
            return taken
    raise AssertionError(f"not enough in {len(taken)} pages")


def test_a_stream_is_read_in_pages_up_to_the_present(
    server: FakeJetstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "PAGE", 4)
    server.say(*some(11))
    pages = read(stream(server))
    assert texts(pages) == [f"post {i}" for i in range(11)]
    assert [len(page.posts) for page in pages] == [4, 4, 3]
    assert [page.more for page in pages] == [True, True, False]
    assert server.agents[0].startswith("brand-watcher/")
    assert "watch@acme.example" in server.agents[0]


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    times=st.lists(st.integers(0, 6), min_size=1, max_size=12),
    stops=st.lists(st.integers(1, 3), min_size=1, max_size=6),
)
def test_stopping_after_any_page_loses_and_repeats_nothing(
    monkeypatch: pytest.MonkeyPatch, times: list[int], stops: list[int]
) -> None:
    """Also where events share a microsecond."""
    monkeypatch.setattr(flow, "PAGE", 2)
    events = [event(at, f"post {i}") for i, at in enumerate(sorted(times))]
    for number, one in enumerate(events):
        one["commit"]["rkey"] = f"k{number}"
    with jetstream(lambda server: server.say(*events)) as server:
        got: list[Page] = []
        for most in [*stops, None]:
            pages = stream(server).pages(got[-1].cursor if got else None)
            got += itertools.islice(pages, most)
            pages.close()  # type: ignore[attr-defined]
    assert texts(got) == [f"post {i}" for i in range(len(events))]


def test_posts_come_live_and_a_page_comes_where_none_do(server: FakeJetstream) -> None:
    reader = stream(server, begin="now")
    pages = reader.live(None, lambda: False)
    first = next(pages)
    assert (first.posts, first.behind) == ((), timedelta(0))
    hour = 3_600_000_000
    server.say(*some(3, hour))
    got = until(pages, lambda taken: len(posts(taken)) == 3)
    assert texts(got) == [f"post {hour + i}" for i in range(3)]
    pages.close()  # type: ignore[attr-defined]


def test_a_stream_that_breaks_is_gone_on_with_and_nothing_is_lost(server: FakeJetstream) -> None:
    server.say(*some(30))
    server.hang_up_after = 12
    server.refuse = [503]
    pages = stream(server).live(None, lambda: False)
    got = until(pages, lambda taken: len(posts(taken)) >= 30)
    assert texts(got) == [f"post {i}" for i in range(30)]
    assert len(server.asked) == 2
    pages.close()  # type: ignore[attr-defined]


def test_a_server_that_stays_away_is_told_at_last(server: FakeJetstream) -> None:
    server.refuse = [503] * 99
    with pytest.raises(BackendError, match="failed") as raised:
        list(stream(server).live(None, lambda: False))
    assert raised.value.kind == "temporary"
    assert len(server.agents) == live.MOST_FAILURES + 1


def test_a_server_that_hangs_up_again_and_again_is_told_too(server: FakeJetstream) -> None:
    server.say(*some(9))
    server.hang_up_after, server.stubborn = 2, True
    with pytest.raises(BackendError, match="closed the connection"):
        until(stream(server).live(None, lambda: False), lambda _: False)
    assert len(server.agents) == live.MOST_FAILURES + 1


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "refused"), (404, "gone"), (429, "temporary"), (302, "broken")]
)
def test_a_refusal_is_told(server: FakeJetstream, status: int, kind: str) -> None:
    server.refuse = [status, status]
    for ask in (stream(server).check, lambda: read(stream(server))):
        with pytest.raises(BackendError) as raised:
            ask()
        assert raised.value.kind == kind
        assert "127.0.0.1" in str(raised.value)


def test_live_ends_when_it_is_told_to(server: FakeJetstream) -> None:
    server.say(*some(5))
    answers = iter([False] * 12)
    pages = list(stream(server).live(None, lambda: next(answers, True)))
    assert texts(pages) == [f"post {i}" for i in range(5)]


def test_no_more_is_read_than_is_taken_and_whoever_is_slow_lags(
    server: FakeJetstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "AHEAD", 4)
    monkeypatch.setattr(flow, "PAGE", 10)
    for silence in ("IDLE", "BEAT", "LINGER"):  # a busy machine must not look like a silent stream
        monkeypatch.setattr(live, silence, 20)
    padding = "x" * 20_000
    server.say(*(event(i, f"{i} {padding}") for i in range(1500)))
    pages = stream(server).live(None, lambda: False)
    got: list[Post] = []
    try:
        while len(got) < 1500:
            page = next(pages)
            assert len(page.posts) <= 10
            got += page.posts
            assert server.sent - len(got) < 1000, "what lies in the buffers of two sockets"
            if 10 < len(got) < 1000:
                assert page.behind is not None
                assert page.behind > timedelta(minutes=50)
    finally:
        pages.close()  # type: ignore[attr-defined]
    assert [post.text.split()[0] for post in got] == [str(i) for i in range(1500)]


def test_what_is_not_to_be_kept_is_counted_and_never_given(server: FakeJetstream) -> None:
    server.say(
        event(1, "Acme is late"),
        event(2, "the ACME corp", langs=["fr"]),
        event(3, "acme en retard", langs=["de"]),
        event(4, "something else"),
        event(5, "anything", by="boss", langs=["en"]),
        event(6, "by tag", facets=[{"features": [{"tag": "acme"}]}]),
        event(7, "acmeville"),
    )
    keep = Keep(any=("acme", "#acme"), languages=("en", "fr"), accounts=("did:plc:boss",))
    (page,) = read(stream(server, keep=keep))
    assert [post.text for post in page.posts] == [
        "Acme is late",
        "the ACME corp",
        "anything",
        "by tag",
    ]
    assert page.left_out == 3
    assert "wantedDids" not in server.asked[0]


def test_only_accounts_are_asked_for_at_the_server(server: FakeJetstream) -> None:
    server.say(event(1), event(2, by="boss"))
    (page,) = read(stream(server, keep=Keep(accounts=("did:plc:boss",))))
    assert [post.text for post in page.posts] == ["post 2"]
    assert server.asked[0]["wantedDids"] == ["did:plc:boss"]
    assert server.asked[0]["wantedCollections"] == ["app.bsky.feed.post", "app.bsky.actor.profile"]


def test_deletions_new_versions_names_and_departures_are_told(server: FakeJetstream) -> None:
    server.say(
        event(1),
        event(2),
        identity(3, "marie.example"),
        commit(4, "app.bsky.feed.post", f"{1:013}", None, how="delete"),
        commit(5, "app.bsky.feed.post", f"{2:013}",
               {"text": "mended", "createdAt": "2026-03-01T08:00:00Z"}, how="update"),
        commit(6, "app.bsky.actor.profile", "self", {"displayName": "Marie"}),
        {"did": "did:plc:luc", "time_us": FIRST + 7, "kind": "account",
         "account": {"active": False, "status": "deleted"}},
        commit(8, "app.bsky.feed.like", "x", {}),
    )  # fmt: skip
    (page,) = read(stream(server))
    assert [post.text for post in page.posts] == ["mended"]
    assert page.posts[0].edited_at is not None
    assert page.deleted == (f"at://did:plc:marie/app.bsky.feed.post/{1:013}",)
    assert page.departed == ("did:plc:luc",)
    (marie,) = page.accounts
    assert (marie.handle, marie.display_name) == ("marie.example", "Marie")


def test_of_those_whose_posts_are_not_kept_nothing_is_told(server: FakeJetstream) -> None:
    server.say(event(1, "acme"), identity(2, "marie.example"), identity(3, "luc.example", by="luc"))
    (page,) = read(stream(server, keep=Keep(any=("acme",))))
    assert [account.handle for account in page.accounts] == ["marie.example"]


@pytest.mark.parametrize(
    "rubbish",
    ["", "no json", "[]", '{"time_us": true}', b"\xff\xfe", '{"time_us":' + "9" * 30 + "}",
     "[" * 100_000, json.dumps({"time_us": FIRST, "kind": "commit", "did": None})],
    ids=["empty", "text", "array", "flag", "octets", "far", "deep", "no author"],
)  # fmt: skip
def test_what_cannot_be_read_is_counted_and_the_rest_comes(
    server: FakeJetstream, rubbish: str | bytes
) -> None:
    server.say(event(1), rubbish, event(2))
    (page,) = read(stream(server))
    assert texts([page]) == ["post 1", "post 2"]
    assert page.skipped_count == 1


def test_an_event_from_the_future_is_read_and_gone_on_behind_by_nobody(
    server: FakeJetstream,
) -> None:
    server.say(event(1), event(10**15), event(2))
    (page,) = read(stream(server))
    assert texts([page]) == ["post 1", f"post {10**15}", "post 2"]
    server.events.clear()
    server.say(event(3))
    assert texts(read(stream(server), page.cursor)) == ["post 3"]


def test_a_message_without_end_is_not_taken(server: FakeJetstream) -> None:
    server.say(event(1, "x" * 3_000_000))
    with pytest.raises(BackendError, match="too large") as raised:
        read(stream(server))
    assert raised.value.kind == "broken"


def test_what_the_server_no_longer_has_is_a_gap(server: FakeJetstream) -> None:
    minute = 60_000_000
    server.say(event(0))
    cursor = read(stream(server))[-1].cursor
    server.say(event(5 * minute), event(20 * minute))
    server.forget(20 * minute)
    (page,) = read(stream(server), cursor)
    (gap,) = page.gaps
    assert (gap.until - gap.since) == timedelta(minutes=20)
    assert "no longer has" in gap.why
    server.say(event(22 * minute))
    (page,) = read(stream(server), page.cursor)
    assert (texts([page]), page.gaps) == ([f"post {22 * minute}"], ())


class Town:
    """Who can be asked about accounts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[list[str]] = []
        self.down = False
        self.labels: frozenset[str] = frozenset()
        monkeypatch.setattr(BlueskyStream, "profiles", lambda _, ids: self.profiles(ids))

    def profiles(self, ids: list[str]) -> list[tuple[Account, frozenset[str]]]:
        self.asked.append(ids)
        if self.down:
            raise BackendError("town is down", kind="temporary")
        return [
            (Account(network="bluesky", id=did, handle=f"{did[8:]}.example"), self.labels)
            for did in ids
            if did != "did:plc:gone"
        ]


def test_authors_of_kept_posts_are_named_once(
    server: FakeJetstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = Town(monkeypatch)
    server.say(event(1, "acme"), event(2, "acme", by="luc"), event(3, "other", by="zoe"))
    reader = stream(server, names=True, keep=Keep(any=("acme",)))
    pages = reader.live(None, lambda: False)
    got = until(pages, lambda taken: len(posts(taken)) == 2)
    server.say(event(4, "acme again"))
    got += until(pages, lambda taken: len(posts(taken)) == 1)
    assert [post.author.handle for post in posts(got)] == [
        "marie.example",
        "luc.example",
        "marie.example",
    ]
    assert town.asked == [["did:plc:marie", "did:plc:luc"]]
    assert not any(post.private for post in posts(got))
    pages.close()  # type: ignore[attr-defined]


def test_who_cannot_be_asked_about_may_not_want_to_be_shown(
    server: FakeJetstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = Town(monkeypatch)
    server.say(event(1), event(2, by="gone"))
    (page,) = read(stream(server, names=True))
    assert [post.private for post in page.posts] == [False, True]
    town.labels = frozenset({"!no-unauthenticated"})
    assert all(post.private for post in posts(read(stream(server, names=True))))
    town.down = True
    (page,) = read(stream(server, names=True))
    assert [(post.author.handle, post.private) for post in page.posts] == [
        ("did:plc:marie", True),
        ("did:plc:gone", True),
    ]


def test_an_account_to_keep_stays_the_same_when_its_handle_changes_hands(
    server: FakeJetstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    who = {"boss.example": "did:plc:boss"}
    monkeypatch.setattr(
        BlueskyStream,
        "lookup",
        lambda _, handle: (
            Account(network="bluesky", id=who[handle], handle=handle) if handle in who else None
        ),
    )
    keep = Keep(accounts=("@boss.example",))
    server.say(event(1, by="boss"))
    (page,) = read(stream(server, keep=keep))
    who["boss.example"] = "did:plc:other"
    server.say(event(2, by="boss"), event(3, by="other"))
    (page,) = read(stream(server, keep=keep), page.cursor)
    assert texts([page]) == ["post 2"]
    who.clear()
    with pytest.raises(BackendError, match="no account") as raised:
        read(stream(server, keep=keep))
    assert raised.value.kind == "gone"


@pytest.mark.parametrize(
    "foreign", ["", "null", "[]", "7", '{"bluesky":{},"stream":[1,2,[],{}]}', "🦣", "[" * 9999]
)
def test_a_cursor_of_something_else_starts_from_the_beginning(
    server: FakeJetstream, foreign: str
) -> None:
    server.say(event(1))
    assert texts(read(stream(server), foreign)) == ["post 1"]
