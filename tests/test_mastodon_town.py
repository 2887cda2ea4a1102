"""Mastodon's backend against a server that speaks the whole API."""

import base64
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import chain

import pytest

from rules.model import Post
from tests.mastodon_town import Town, _town, town
from watcher.backends.interface import BackendError, Network, Page, Stream
from watcher.backends.mastodon import pull, stream

pytestmark = pytest.mark.drill

__all__ = ["_town", "town"]

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let streams tell sooner that nothing came."""
    monkeypatch.setattr(stream, "PATIENCE", 0.2)


def posts_of(pages: Iterable[Page]) -> list[Post]:
    return [post for page in pages for post in page.posts]


def texts(pages: Iterable[Page]) -> list[str]:
    return [post.text for post in posts_of(pages)]


def read(town: Town, query: str, cursor: str | None = None, who: str = "acme") -> list[Page]:
    with closing(town.network(query, who)) as network:
        return list(network.pages(cursor))


@pytest.mark.parametrize(
    "query", ["public", "local", "home", "#clio", "#Clio", "@marie", "@marie@mock.local",
              "search:clio"]
)  # fmt: skip
def test_each_query_is_read_oldest_first_and_then_on(town: Town, query: str) -> None:
    town.ask("POST", f"/api/v1/accounts/{town.number('marie')}/follow", "acme")
    said = [f"no {i} of #clio" for i in range(6)]
    town.say(*said)
    pages = read(town, query)
    assert texts(pages) == said
    town.say("one more #clio")
    assert texts(read(town, query, pages[-1].cursor)) == ["one more #clio"]


def test_a_list_is_read_by_its_number_and_one_that_is_none_is_gone(town: Town) -> None:
    town.ask("POST", f"/api/v1/accounts/{town.number('marie')}/follow", "acme")
    number = town.ask("POST", "/api/v1/lists", "acme", title="press")["id"]
    members = {"account_ids[]": town.number("marie")}
    town.ask("POST", f"/api/v1/lists/{number}/accounts", "acme", **members)
    town.say("hello")
    town.say("not of the list", who="luc")
    assert texts(read(town, f"list:{number}")) == ["hello"]
    with pytest.raises(BackendError, match="has no list 77 of ours") as raised:
        read(town, "list:77")
    assert raised.value.kind == "gone"


def test_many_posts_come_in_pages_and_a_stop_anywhere_loses_nothing(town: Town) -> None:
    said = [f"no {i}" for i in range(95)]
    town.say(*said)
    first = read(town, "public")
    assert [(len(page.posts), page.more) for page in first] == [(40, True), (40, True), (15, False)]
    town.say("late")
    for page, unread in zip(first, (55, 15, 0), strict=True):
        rest = texts(read(town, "public", page.cursor))
        assert rest == [*said[95 - unread :], "late"]


def test_a_post_is_known_everywhere_and_by_the_server_s_own_name(town: Town) -> None:
    (number,) = town.say("hello")
    (post,) = posts_of(read(town, "public"))
    assert post.alias == f"127.0.0.1:{town.port}/{number}"
    assert post.id == f"http://mock.local/@marie/{number}"
    assert post.author.handle == "marie@mock.local"
    assert (post.network, post.source, post.private) == ("mastodon", "town", False)


def test_what_is_for_a_circle_is_marked_private(town: Town) -> None:
    town.ask("POST", f"/api/v1/accounts/{town.number('marie')}/follow", "acme")
    town.say("for all")
    town.say("for followers", visibility="private")
    town.say("unlisted", visibility="unlisted")
    found = {post.text: post.private for post in posts_of(read(town, "home"))}
    assert found == {"for all": False, "for followers": True, "unlisted": False}


def test_all_of_a_closed_server_is_private(town: Town) -> None:
    town.say("for all of the company")
    with closing(town.network("public", private=True)) as network:
        assert [post.private for post in posts_of(network.pages(None))] == [True]


def test_an_edit_comes_again_and_what_is_gone_is_told(town: Town) -> None:
    numbers = town.say("first", "second", "third")
    pages = read(town, "public")
    town.edit(numbers[1], "second, mended")
    town.delete(numbers[2])
    (page,) = read(town, "public", pages[-1].cursor)
    (post,) = page.posts
    assert (post.text, post.edited_at is not None) == ("second, mended", True)
    assert page.deleted == (f"127.0.0.1:{town.port}/{numbers[2]}",)
    assert read(town, "public", page.cursor) == []


def test_without_an_account_the_public_timeline_is_read(town: Town) -> None:
    town.say("hello")
    assert texts(read(town, "public", who="")) == ["hello"]
    for query in ("home", "list:1"):
        with pytest.raises(BackendError, match="nobody is logged in") as raised:
            read(town, query, who="")
        assert raised.value.kind == "refused"
        assert f"watcher login mastodon {town.url}" in raised.value.help


def test_a_token_that_is_none_is_refused(town: Town) -> None:
    with closing(town.network("home", "nobody")) as network:
        for ask in (network.check, lambda: list(network.pages(None))):
            with pytest.raises(BackendError, match="does not know our log-in") as raised:
                ask()
            assert raised.value.kind == "refused"


def test_who_is_asked_to_wait_is_told_for_how_long(town: Town) -> None:
    town.say("hello")
    town.fail("/api/v1/timelines/*", type="ratelimit")
    with pytest.raises(BackendError, match="no more requests") as raised:
        read(town, "public")
    assert raised.value.kind == "temporary"
    assert raised.value.retry_after is not None
    assert 290 <= raised.value.retry_after <= 300
    with pytest.raises(BackendError, match="no more requests"):
        read(town, "#clio")  # one budget for all sources of an account


def test_half_an_answer_is_broken(town: Town) -> None:
    town.fail("/api/v1/timelines/*", type="malformed")
    with pytest.raises(BackendError, match="not JSON") as raised:
        read(town, "public")
    assert raised.value.kind == "broken"


@pytest.mark.parametrize("query", ["public", "search:clio", "@marie"])
def test_check_says_who_answers_and_for_whom(town: Town, query: str) -> None:
    town.say("a #clio")
    with closing(town.network(query)) as network:
        said = network.check()
    assert said.startswith(f"127.0.0.1:{town.port}, Mastodon 4.6.0, as @acme: {query}")


def test_an_empty_search_says_that_many_servers_have_none(town: Town) -> None:
    with closing(town.network("search:nothing at all")) as network:
        assert "many servers search none at all" in network.check()


# Accounts


@pytest.fixture
def network(town: Town) -> Iterator[Network]:
    with closing(town.network()) as network:
        assert isinstance(network, Network)
        yield network


def test_accounts_are_found_by_handle_and_by_parts_of_their_names(network: Network) -> None:
    found = network.lookup("@marie")
    assert found is not None
    assert found.handle == "marie@mock.local"
    assert network.lookup("marie@mock.local") == found
    for nobody in ("mari", "nobody", "marie@elsewhere.example", "", "../x", "a b", "%"):
        assert network.lookup(nobody) is None
    assert network.search_accounts("mar", 5) == (found,)
    assert len(network.search_accounts("a", 1)) == 1
    for nobody in ("%", "_", "a\x00b", "", "🚆" * 500):
        assert network.search_accounts(nobody, 5) == ()


def test_following_is_asked_once_and_undone(network: Network) -> None:
    marie = network.lookup("marie")
    assert marie is not None
    assert network.relation(marie.id) == "none"
    assert network.follow(marie.id) == network.follow(marie.id) == "following"
    assert network.relation(marie.id) == "following"
    network.unfollow(marie.id)
    network.unfollow(marie.id)
    assert network.relation(marie.id) == "none"


def test_a_locked_account_is_requested_until_it_agrees(town: Town, network: Network) -> None:
    luc = network.lookup("luc")
    assert luc is not None
    assert network.follow(luc.id) == network.follow(luc.id) == "requested"
    town.ask("POST", f"/api/v1/follow_requests/{town.number('acme')}/authorize", "luc")
    assert network.relation(luc.id) == network.follow(luc.id) == "following"


@pytest.mark.parametrize(("who", "whom"), [("marie", "acme"), ("acme", "marie")])
def test_who_blocks_or_is_blocked_is_not_followed(
    town: Town, network: Network, who: str, whom: str
) -> None:
    town.ask("POST", f"/api/v1/accounts/{town.number(whom)}/block", who)
    marie = network.lookup("marie")
    assert marie is not None
    assert network.relation(marie.id) == "blocked"
    with pytest.raises(BackendError, match="blocks the other") as raised:
        network.follow(marie.id)
    assert raised.value.kind == "refused"


def test_an_account_is_followed_by_a_reader_that_has_not_seen_it(town: Town) -> None:
    with closing(town.network()) as first:
        marie = first.lookup("marie")
    assert marie is not None
    with closing(town.network()) as second:
        assert second.follow(marie.id) == "following"


@pytest.mark.parametrize(
    "unknown", ["0", "", "marie", "-1", "9" * 40, "١", "https://nowhere.example/users/x", "http://["]
)  # fmt: skip
def test_an_unknown_account_is_gone(network: Network, unknown: str) -> None:
    for ask in (network.relation, network.follow, network.unfollow):
        with pytest.raises(BackendError) as raised:
            ask(unknown)
        assert raised.value.kind == "gone"


def test_only_pictures_of_the_server_s_own_are_fetched(town: Town, network: Network) -> None:
    marie = network.lookup("marie")
    assert marie is not None
    page = replace(marie, avatar=f"{town.url}/api/v1/instance")
    assert network.avatar(page) is None  # no picture
    assert network.avatar(replace(marie, avatar=f"{town.url}/nothing.png")) is None
    for elsewhere in ("", "http://elsewhere.example/a.png", "a\0b", "\ud800", "file:///etc/passwd",
                      "http://[", f"{town.url}@elsewhere.example/"):  # fmt: skip
        assert network.avatar(replace(marie, avatar=elsewhere)) is None


# Live


def pages_until(live: Iterator[Page], text: str) -> list[Page]:
    """Take pages until one holds a post."""
    found = []
    for page in live:
        found.append(page)
        if any(post.text == text for post in page.posts):
            return found
    raise AssertionError(f"the stream ended before {text!r}")


@pytest.mark.parametrize("query", ["public", "local", "home", "#clio"])
def test_a_stream_brings_what_is_written_edited_and_deleted(town: Town, query: str) -> None:
    town.ask("POST", f"/api/v1/accounts/{town.number('marie')}/follow", "acme")
    town.say("before #clio")
    with closing(town.stream(query)) as source:
        assert isinstance(source, Stream)
        live = source.live(None, lambda: False)
        assert texts([next(live)]) == ["before #clio"]
        (number,) = town.say("now #clio")
        (page,) = [page for page in pages_until(live, "now #clio") if page.posts]
        assert page.behind is not None
        assert page.behind.total_seconds() < 1
        town.edit(number, "now, mended #clio")
        (page,) = [page for page in pages_until(live, "now, mended #clio") if page.posts]
        assert (page.posts[0].alias, page.posts[0].edited_at is not None) == (
            f"127.0.0.1:{town.port}/{number}", True,
        )  # fmt: skip
        town.delete(number)
        page = next(page for page in live if page.deleted)
        assert page.deleted == (f"127.0.0.1:{town.port}/{number}",)
        live.close()


def test_a_stream_that_is_told_to_stop_ends_soon(town: Town) -> None:
    stops = iter([False, False, False, True, True])
    with closing(town.stream()) as source:
        assert all(page.posts == () for page in source.live(None, lambda: next(stops)))


def test_killed_anywhere_in_a_stream_nothing_is_lost_and_nothing_comes_twice(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each stop throws away the page after the last one saved, as a kill does."""
    monkeypatch.setattr(pull, "PAGE", 4)
    said, got, cursor = [], [], None
    for turn in range(5):
        burst = [f"post {turn}.{i}" for i in range(7)]
        said += burst
        town.say(*burst[:3])
        with closing(town.stream()) as source, closing(source.live(cursor, lambda: False)) as live:
            first = next(live)
            town.say(*burst[3:])
            for number, page in enumerate(chain([first], live)):
                if number == turn or (number and not page.posts):
                    break  # killed: this page was never saved
                got += texts([page])
                cursor = page.cursor
    got += texts(read(town, "public", cursor))
    assert got == said


def test_where_no_events_come_over_http_a_socket_is_opened(town: Town) -> None:
    town.fail("/api/v1/streaming*", count=10, type="status", status=404)
    town.say("before")
    with closing(town.stream()) as source, closing(source.live(None, lambda: False)) as live:
        assert texts([next(live)]) == ["before"]
        (number,) = town.say("now")
        pages_until(live, "now")
        town.delete(number)
        assert next(page.deleted for page in live if page.deleted)
