"""What every backend promises that can ask what became of posts."""

import gc
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from alerts.secret import Secret
from rules.model import Post
from tests.contracts.conftest import LocalWorld
from tests.contracts.live import CONTACT, SECRET
from tests.contracts.test_readers import posts_of
from tests.contracts.world import FOUNDED, Said
from tests.contracts.worlds.mastodon import TownWorld
from tests.contracts.worlds.revisited import (
    REVISITED,
    BlueskyPlace,
    OldTown,
    RevisitedWorld,
    Town,
    XPlace,
)
from tests.faults import FAILURES, FAULTS, NONSENSE, OVERLOADED, REFUSALS, SLOW, Fault, Reply
from watcher.backends import MastodonSource
from watcher.backends.http import bounds
from watcher.backends.http.bounds import Bounds, within
from watcher.backends.interface import BackendError, KnownPost, Page, Revisiting
from watcher.backends.mastodon import features, revisiting

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def fresh_knowledge() -> None:
    """Let no server be mistaken for the next one at its port."""
    revisiting.forget()
    features.forget()


@pytest.fixture(params=REVISITED, ids=lambda world: world.__name__)
def place(
    request: pytest.FixtureRequest, founding: Callable[[type], RevisitedWorld]
) -> RevisitedWorld:
    return founding(request.param)


def told(world: RevisitedWorld, *texts: str) -> list[Post]:
    """Have some posts written and read."""
    world.say(*(Said(text, at=FOUNDED + i * MINUTE) for i, text in enumerate(texts)))
    reader = world.reader()
    posts = posts_of(reader.pages(None))
    reader.close()
    assert [post.text for post in posts] == list(texts)
    return posts


def known(posts: Sequence[Post]) -> list[KnownPost]:
    return [
        KnownPost(
            id=post.id,
            author=post.author.id,
            aliases=(post.alias,) if post.alias else (),
            repost_of=post.repost_of,
            private=post.private,
        )
        for post in posts
    ]


def asked(world: RevisitedWorld | LocalWorld, posts: Sequence[Post]) -> Page:
    """Ask about posts as the program does."""
    reader = world.reader()
    assert isinstance(reader, Revisiting)
    assert reader.network == posts[0].network
    assert reader.revisits_at_once > 0
    page = reader.revisit(known(posts))
    reader.close()
    assert {post.key for post in page.posts} <= {post.key for post in posts}
    return page


def gone(world: RevisitedWorld | LocalWorld, posts: Sequence[Post]) -> set[str]:
    """Ask about posts; return the texts of those that are said to be gone."""
    deleted = asked(world, posts).deleted
    return {post.text for post in posts if post.id in deleted}


def test_what_is_still_there_is_not_said_to_be_gone(place: RevisitedWorld) -> None:
    posts = told(place, "post 0", "post 1", "post 2")
    assert gone(place, posts) == set()


def test_what_was_deleted_is_said_to_be_gone(place: RevisitedWorld) -> None:
    posts = told(place, "post 0", "post 1", "post 2")
    place.delete("post 1")
    assert gone(place, posts) == {"post 1"}
    assert gone(place, posts[1:2]) == {"post 1"}


def test_what_was_edited_is_told_as_it_reads_now(place: RevisitedWorld) -> None:
    posts = told(place, "post 0", "post 1")
    if not place.edits:
        return
    place.edit("post 0", "post 0, mended")
    page = asked(place, posts)
    (mended,) = [post for post in page.posts if post.id == posts[0].id]
    assert mended.text == "post 0, mended"
    assert mended.edited_at is not None
    assert page.deleted == ()


def test_what_is_hidden_from_us_is_not_gone(place: RevisitedWorld) -> None:
    posts = told(place, "post 0", "post 1")
    place.hide("post 0")
    assert gone(place, posts) == set()
    assert gone(place, posts[:1]) == set()


def test_all_may_be_gone_where_the_network_shows_that_it_is_in_its_senses(
    place: RevisitedWorld,
) -> None:
    posts = told(place, "post 0", "post 1", "post 2")
    place.delete("post 0")
    place.delete("post 1")
    assert gone(place, posts[:2]) == {"post 0", "post 1"}
    place.delete("post 2")
    assert gone(place, posts) == {"post 0", "post 1", "post 2"}


def test_a_server_that_denies_even_what_it_lists_is_not_believed(place: RevisitedWorld) -> None:
    posts = told(place, "post 0", "post 1", "post 2")
    if not place.listing:
        return
    place.denying = True
    with pytest.raises(BackendError, match="not even the newest") as raised:
        asked(place, posts[:2])
    assert raised.value.kind == "broken"


@pytest.mark.parametrize(
    "fault", [*REFUSALS, *FAILURES, NONSENSE[0], NONSENSE[1], OVERLOADED[1]], ids=str
)
def test_a_server_in_trouble_deletes_nothing(place: RevisitedWorld, fault: Fault) -> None:
    posts = told(place, "post 0", "post 1")
    place.server.fail(fault)
    with pytest.raises(BackendError):
        asked(place, posts)


@pytest.mark.drill
@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_no_fault_at_any_request_deletes_what_is_there(
    place: RevisitedWorld, fault: Fault, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two posts one was deleted: that one may be told, the other never."""
    seconds = 0.25 if fault.slow else 20.0
    monkeypatch.setattr(bounds, "USUAL", Bounds(seconds=seconds, octets=1_000_000))
    posts = told(place, "post 0", "post 1", "post 2")
    place.delete("post 0")
    place.server.fail(fault, after=after)
    found: set[str] = set()
    if str(fault) == "deep nesting":  # where the stack ends, no finaliser of other tests may run
        gc.collect()
    with suppress(BackendError):
        found = gone(place, posts[:2])
    assert found <= {"post 0"}


def test_a_server_that_is_down_deletes_nothing(place: RevisitedWorld) -> None:
    posts = told(place, "post 0")
    place.server.close()
    with pytest.raises(BackendError) as raised:
        asked(place, posts)
    assert raised.value.kind == "temporary"


def test_a_slow_server_is_not_waited_for_longer_than_was_allowed(place: RevisitedWorld) -> None:
    posts = told(place, "post 0")
    place.server.fail(SLOW[0])
    started = monotonic()
    with within(0.3), pytest.raises(BackendError) as raised:
        asked(place, posts)
    assert raised.value.kind == "temporary"
    assert monotonic() - started < 5


@pytest.mark.parametrize("name", ["", "?", "../x", "at://x", "9" * 30, "post\n1", "a" * 5000])
def test_what_is_no_name_of_a_post_is_never_gone(place: RevisitedWorld, name: str) -> None:
    posts = told(place, "post 0")
    reader = place.reader()
    assert isinstance(reader, Revisiting)
    odd = KnownPost(id=name, author="nobody", aliases=(name, f"elsewhere.example/{name}"))
    page = reader.revisit([*known(posts), odd])
    reader.close()
    assert page.deleted == ()


def test_a_local_post_is_gone_once_it_was_deleted(founding: Callable[[type], LocalWorld]) -> None:
    world = founding(LocalWorld)
    world.say(Said("post 0"), Said("post 1"))
    posts = posts_of(world.reader().pages(None))
    assert gone(world, posts) == set()
    with world.microblog.change() as change:
        change.delete(posts[0].id)
    assert gone(world, posts) == {"post 0"}
    world.path.rename(world.path.with_suffix(".away"))
    with pytest.raises(BackendError):
        asked(world, posts)


def test_many_are_asked_about_with_one_call_where_the_server_has_it(
    founding: Callable[[type], Town],
) -> None:
    for kind, calls in ((Town, 1), (OldTown, 1 + 12)):
        world = founding(kind)
        posts = told(world, *(f"post {number}" for number in range(12)))
        before = len(world.server.asked)
        asked(world, posts)
        assert len(world.server.asked) - before == calls
    reader = world.reader()  # it is remembered that this one tells of one at a time
    assert isinstance(reader, Revisiting)
    assert reader.revisits_at_once == revisiting.ONE_BY_ONE


@pytest.mark.parametrize(
    ("following", "closed", "is_gone"),
    [(False, False, False), (True, False, True), (False, True, True)],
)
def test_a_post_for_followers_is_gone_only_where_we_would_still_be_shown_it(
    founding: Callable[[type], Town], following: bool, closed: bool, is_gone: bool
) -> None:
    world = founding(Town)
    posts = told(world, "post 0", "post 1")
    world.delete("post 0")
    world.following = following
    source = MastodonSource(
        name="here", server=world.server.url, contact=CONTACT, token=Secret(SECRET), private=closed
    )
    with closing(source.open(world.path)) as reader:
        page = reader.revisit(known([replace(post, private=True) for post in posts]))
    assert page.deleted == ((posts[0].id,) if is_gone else ())
    assert {post.private for post in page.posts} == {closed}  # kept in by the store


def test_a_repost_goes_with_what_it_reposts_and_when_it_is_taken_back(
    founding: Callable[[type], BlueskyPlace],
) -> None:
    world = founding(BlueskyPlace)
    posts = told(world, "post 0", "post 1", "post 2")
    reposts = [
        KnownPost(id=f"{posts[number].id}#did:plc:luc", author="did:plc:luc",
                  repost_of=posts[number].id)
        for number in (0, 1)
    ]  # fmt: skip
    taken_back = "at://did:plc:luc/app.bsky.feed.repost/3k"
    reposts.append(KnownPost(id=taken_back, author="did:plc:luc", repost_of=posts[2].id))
    world.delete("post 1")
    with closing(world.reader()) as reader:
        assert isinstance(reader, Revisiting)
        page = reader.revisit([*reposts, *known(posts[:1])])
    assert page.deleted == (reposts[1].id, taken_back)
    assert [post.id for post in page.posts] == [posts[0].id]


def test_a_post_of_x_is_known_by_its_newest_version(founding: Callable[[type], XPlace]) -> None:
    world = founding(XPlace)
    posts = told(world, "post 0", "post 1")
    world.edit("post 0", "post 0, mended")
    (mended,) = [post for post in asked(world, posts).posts if post.id == posts[0].id]
    assert mended.alias
    world.edit("post 0, mended", "post 0, mended twice")
    (again,) = [post for post in asked(world, [mended, posts[1]]).posts if post.edited_at]
    assert again.text == "post 0, mended twice"
    world.delete("post 0, mended twice")
    assert asked(world, [again, posts[1]]).deleted == (posts[0].id,)
    assert asked(world, [mended, posts[1]]).deleted == (posts[0].id,)


class Thrifty(Town):
    """A server that says how much it may still be asked."""

    remaining = 300

    def json(self, value: Any, status: int = 200) -> Reply:
        reply = TownWorld.json(self, value, status)
        limits = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": str(self.remaining),
                  "X-RateLimit-Reset": "2999-01-01T00:00:00.000Z"}  # fmt: skip
        return Reply(reply.status, reply.body, {**reply.headers, **limits})


@pytest.mark.parametrize(("remaining", "may"), [(300, True), (111, True), (100, False), (0, False)])
def test_the_last_part_of_what_may_be_asked_is_left_for_new_posts(
    founding: Callable[[type], Thrifty], remaining: int, may: bool
) -> None:
    world = founding(Thrifty)
    world.remaining = remaining
    reader = world.reader()
    list(reader.pages(None))
    assert isinstance(reader, Revisiting)
    assert (reader.revisits_at_once > 0) == may


def test_posts_of_x_that_are_asked_about_are_paid_for_within_a_part_of_the_budget(
    founding: Callable[[type], XPlace], tmp_path: Path
) -> None:
    world = founding(XPlace)
    posts = told(world, *(f"post {number}" for number in range(10)))
    source = world.source(budget_day=20)
    assert source.ledger is not None
    reader = source.open(tmp_path, clock=lambda: world.now)
    assert reader.revisits_at_once == 14
    world.delete("post 3")
    assert reader.revisit(known(posts)).deleted == (posts[3].id,)
    today = world.now.date()
    assert source.ledger.reads("here", today, today) == 9
    assert reader.revisits_at_once == 5
    with pytest.raises(BackendError):
        reader.revisit(known(posts[4:]))
    assert source.ledger.reads("here", today, today) == 9
    assert not world.source(ledger=None).open(tmp_path).revisits_at_once
    reader.close()
