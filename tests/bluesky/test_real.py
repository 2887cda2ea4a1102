"""On a real Bluesky network: its own directory, personal data server and AppView."""

import io
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from alerts.secret import Secret
from rules.model import Post
from tests.bluesky.real import Person, RealNetwork
from watcher.backends import BlueskySource
from watcher.backends.bluesky.keep import Keep
from watcher.backends.bluesky.network import BlueskyNetwork
from watcher.backends.bluesky.position import Position
from watcher.backends.http.errors import host_of
from watcher.backends.interface import BackendError, Network, Stream

pytestmark = pytest.mark.server

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
NUMBERS = count(1)

Open = Callable[..., BlueskyNetwork]


@pytest.fixture
def someone(bluesky: RealNetwork) -> Callable[[str], Person]:
    """Make an account of a name that no other test uses."""
    return lambda name: bluesky.person(f"{name}-{next(NUMBERS)}")


@pytest.fixture
def us(someone: Callable[[str], Person]) -> Person:
    return someone("ours")


@pytest.fixture
def opened(bluesky: RealNetwork, us: Person, tmp_path: Path) -> Iterator[Open]:
    """Open a source of the network, logged in as us."""
    password = Secret(us.app_password())
    readers = []

    def open_(query: str, **more: Any) -> BlueskyNetwork:
        source = BlueskySource(
            name="here", query=query, server=bluesky.pds, account=us.handle, password=password,
            contact="watch@acme.example", data=tmp_path, **more,
        )  # fmt: skip
        assert list(source.problems()) == []
        readers.append(source.open(tmp_path))
        return readers[-1]

    yield open_
    for reader in readers:
        reader.close()


def posts(reader: BlueskyNetwork, cursor: str | None = None) -> tuple[list[Post], str]:
    """Read everything; return it and the cursor behind it."""
    found = list(reader.pages(cursor))
    return [post for page in found for post in page.posts], found[-1].cursor


def texts(reader: BlueskyNetwork, cursor: str | None = None) -> list[str]:
    return [post.text for post in posts(reader, cursor)[0]]


def test_a_search_brings_what_is_new_oldest_first_and_replies_know_whom_they_answer(
    bluesky: RealNetwork, someone: Callable[[str], Person], opened: Open
) -> None:
    marie, word = someone("marie"), f"Nordelia{next(NUMBERS)}"
    first = marie.write(
        "app.bsky.feed.post",
        {"$type": "app.bsky.feed.post", "text": f"{word} is late",
         "createdAt": "2026-03-01T08:00:00Z", "langs": ["en"]},
    )  # fmt: skip
    bluesky.settle()
    found, cursor = posts(opened(f"search:{word}"))
    assert [(post.text, post.author.handle, post.language) for post in found] == [
        (f"{word} is late", marie.handle, "en")
    ]
    assert found[0].id == first["uri"]
    assert texts(opened(f"search:{word}"), cursor) == []

    reference = {"uri": first["uri"], "cid": first["cid"]}
    someone("luc").post(
        f"so is my {word}", at=START + timedelta(hours=1),
        reply={"root": reference, "parent": reference},
    )  # fmt: skip
    marie.post(f"{word}: an old story", at=START - timedelta(days=400))
    bluesky.settle()
    late, cursor = posts(opened(f"search:{word}"), cursor)
    assert [post.text for post in late] == [f"{word}: an old story", f"so is my {word}"]
    assert late[1].reply_to == first["uri"]
    assert texts(opened(f"search:{word}"), cursor) == []


def test_an_author_is_followed_by_id_when_the_handle_changes(
    bluesky: RealNetwork, someone: Callable[[str], Person], opened: Open
) -> None:
    marie = someone("marie")
    query = f"@{marie.handle}"
    marie.post("before", at=START)
    bluesky.settle()
    found, cursor = posts(opened(query))
    assert [post.text for post in found] == ["before"]
    marie.rename(f"marie-{next(NUMBERS)}")
    marie.post("after", at=START + timedelta(hours=1))
    bluesky.settle()
    (post,), _ = posts(opened(query), cursor)
    assert (post.text, post.author.handle, post.author.id) == ("after", marie.handle, marie.did)
    with pytest.raises(BackendError, match="nobody has the handle") as raised:
        texts(opened(query))
    assert raised.value.kind == "gone"


def test_home_shows_whom_we_follow_and_reposts_are_posts_of_who_passed_them_on(
    bluesky: RealNetwork, someone: Callable[[str], Person], opened: Open
) -> None:
    marie, luc = someone("marie"), someone("luc")
    network = opened("home")
    assert network.follow(marie.did) == "following"
    original = luc.write(
        "app.bsky.feed.post",
        {"$type": "app.bsky.feed.post", "text": "by Luc", "createdAt": "2026-03-01T08:00:00Z"},
    )
    marie.post("by Marie", at=START)
    repost = marie.write(
        "app.bsky.feed.repost",
        {"$type": "app.bsky.feed.repost", "createdAt": "2026-03-01T09:00:00Z",
         "subject": {"uri": original["uri"], "cid": original["cid"]}},
    )  # fmt: skip
    bluesky.settle()
    found, _ = posts(network)
    assert [(post.text, post.author.handle) for post in found] == [
        ("by Marie", marie.handle),
        ("by Luc", marie.handle),
    ]
    assert (found[1].id, found[1].repost_of) == (repost["uri"], original["uri"])


def test_lists_and_feeds_are_read(
    bluesky: RealNetwork, someone: Callable[[str], Person], us: Person, opened: Open
) -> None:
    marie = someone("marie")
    uris = [marie.post(f"post {i}", at=START + timedelta(minutes=i)) for i in range(3)]
    made = us.write(
        "app.bsky.graph.list",
        {"$type": "app.bsky.graph.list", "name": "towns", "createdAt": "2026-03-01T08:00:00Z",
         "purpose": "app.bsky.graph.defs#curatelist"},
    )["uri"]  # fmt: skip
    us.write(
        "app.bsky.graph.listitem",
        {"$type": "app.bsky.graph.listitem", "list": made, "subject": marie.did,
         "createdAt": "2026-03-01T08:00:00Z"},
    )  # fmt: skip
    address = f"at://{us.did}/app.bsky.feed.generator/towns"
    did = bluesky.feed([uris[2], uris[0]])
    us.write(
        "app.bsky.feed.generator",
        {"$type": "app.bsky.feed.generator", "did": did, "displayName": "Towns",
         "createdAt": "2026-03-01T08:00:00Z"},
        rkey="towns",
    )  # fmt: skip
    bluesky.settle()
    listed = opened(f"list:{made}")
    assert "answers" in listed.check()
    assert texts(listed) == ["post 0", "post 1", "post 2"]
    found, cursor = posts(opened(f"feed:{address}"))
    assert [post.text for post in found] == ["post 0", "post 2"]
    assert texts(opened(f"feed:{address}"), cursor) == []
    with pytest.raises(BackendError) as raised:
        opened(f"list:at://{us.did}/app.bsky.graph.list/none").check()
    assert raised.value.kind == "gone"


def test_accounts_are_found_by_handle_and_by_id(
    bluesky: RealNetwork, someone: Callable[[str], Person], opened: Open
) -> None:
    marie = someone("norsk")
    marie.profile(displayName="La Nordélia", description="Trains")
    bluesky.settle()
    network = opened("home")
    assert isinstance(network, Network)
    assert not isinstance(network, Stream)
    found = network.lookup(f"@{marie.handle.upper()}")
    assert found is not None
    assert (found.id, found.display_name, found.bio) == (marie.did, "La Nordélia", "Trains")
    assert network.lookup(marie.did) == found
    for nobody in ("", "nobody.test", "no handle", "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"):
        assert network.lookup(nobody) is None
    assert {account.id for account in network.search_accounts("norsk", 10)} == {marie.did}
    assert network.search_accounts("norsk", 0) == ()
    for text in ("%", "_", "'", "\\", "a\x00b", "🚆" * 500):
        assert network.search_accounts(text, 5) == ()


def test_an_avatar_is_the_picture_as_its_owner_gave_it(
    bluesky: RealNetwork, someone: Callable[[str], Person], opened: Open
) -> None:
    marie = someone("marie")
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    marie.profile(avatar=marie.blob(out.getvalue(), "image/png"))
    bluesky.settle()
    network = opened("home")
    found = network.lookup(marie.handle)
    assert found is not None
    assert network.avatar(found) == out.getvalue()


def test_following_twice_is_one_follow_and_can_be_undone(
    bluesky: RealNetwork, someone: Callable[[str], Person], us: Person, opened: Open
) -> None:
    marie = someone("marie")
    bluesky.settle()
    network = opened("home")
    assert network.relation(marie.did) == "none"
    assert network.follow(marie.did) == "following"
    assert network.follow(marie.did) == "following"
    assert network.relation(marie.did) == "following"
    bluesky.settle()
    assert opened("home").follow(marie.did) == "following"
    found = network.lookup(marie.handle)
    assert found is not None
    assert found.followers == 1
    network.unfollow(marie.did)
    network.unfollow(marie.did)
    assert network.relation(marie.did) == "none"
    with pytest.raises(BackendError) as raised:
        network.follow("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
    assert raised.value.kind == "gone"


@pytest.mark.parametrize("blocker", ["they", "we"])
def test_a_block_on_either_side_is_not_followed(
    bluesky: RealNetwork,
    someone: Callable[[str], Person],
    us: Person,
    opened: Open,
    blocker: str,
) -> None:
    marie = someone("marie")
    by, whom = (marie, us) if blocker == "they" else (us, marie)
    by.write(
        "app.bsky.graph.block",
        {"$type": "app.bsky.graph.block", "subject": whom.did, "createdAt": "2026-03-01T08:00:00Z"},
    )
    bluesky.settle()
    network = opened("home")
    assert network.relation(marie.did) == "blocked"
    with pytest.raises(BackendError, match="blocked") as raised:
        network.follow(marie.did)
    assert raised.value.kind == "refused"


def test_who_asks_not_to_be_shown_to_strangers_writes_private_posts(
    bluesky: RealNetwork, someone: Callable[[str], Person], opened: Open
) -> None:
    shy, word = someone("shy"), f"Nordelia{next(NUMBERS)}"
    labels = {
        "$type": "com.atproto.label.defs#selfLabels",
        "values": [{"val": "!no-unauthenticated"}, {"val": "bot"}],
    }
    shy.profile(displayName="Shy", labels=labels)
    shy.post(f"about {word}", at=START)
    someone("loud").post(f"about {word}, too", at=START + timedelta(minutes=1))
    bluesky.settle()
    found, _ = posts(opened(f"search:{word}"))
    assert [post.private for post in found] == [True, False]
    assert found[0].author.bot is True


def test_a_session_is_kept_between_runs_for_its_owner_only(
    us: Person, opened: Open, tmp_path: Path
) -> None:
    opened("home").check()
    (file,) = (tmp_path / "logins").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    opened("home").check()
    assert file.read_bytes() == before, "no second log-in was needed"


def test_a_wrong_password_is_refused_in_words(
    bluesky: RealNetwork, us: Person, tmp_path: Path
) -> None:
    source = BlueskySource(
        name="here", query="home", server=bluesky.pds, account=us.handle,
        password=Secret("wrong-password"), data=tmp_path,
    )  # fmt: skip
    with pytest.raises(BackendError, match="does not let") as raised:
        source.open(tmp_path).check()
    assert raised.value.kind == "refused"
    assert "wrong-password" not in f"{raised.value}{raised.value.help}"


def test_the_repository_stream_tells_posts_names_and_deletions_and_resumes_exactly(
    bluesky: RealNetwork, someone: Callable[[str], Person], opened: Open
) -> None:
    marie, word = someone("marie"), f"Nordelia{next(NUMBERS)}"
    address = bluesky.pds.replace("http", "ws")
    stream = {"url": address, "begin": "oldest", "keep": Keep(any=(word,))}
    reader = opened("repos", **stream)
    assert isinstance(reader, Stream)
    assert "streams" in reader.check()
    cursor = None
    for page in reader.pages(None):
        cursor = page.cursor
    uris = [marie.post(f"{word} {i}", at=START + timedelta(minutes=i)) for i in range(5)]
    marie.post("of something else", at=START)
    got, left_out = [], 0
    for _ in range(9):
        page = next(iter(opened("repos", **stream).pages(cursor)))
        got += page.posts
        left_out += page.left_out
        cursor = page.cursor
        if not page.more:
            break
    assert [post.id for post in got] == uris
    assert left_out == 1
    assert {post.author.handle for post in got} == {marie.handle}
    marie.rename(f"marie-{next(NUMBERS)}")
    marie.delete(uris[0])
    (page,) = opened("repos", **stream).pages(cursor)
    assert page.deleted == (uris[0],)
    assert page.posts == ()
    (again,) = opened("repos", **stream).pages(page.cursor)
    assert (again.posts, again.deleted) == ((), ())


def test_what_comes_after_a_first_reading_of_a_quiet_network_is_not_missed(
    bluesky: RealNetwork, someone: Callable[[str], Person], opened: Open
) -> None:
    marie, word = someone("marie"), f"Nordelia{next(NUMBERS)}"
    stream = {"url": bluesky.pds.replace("http", "ws"), "keep": Keep(any=(word,))}
    (nothing,) = opened("repos", **stream).pages(None)
    assert nothing.posts == ()
    uri = marie.post(word, at=START)
    *_, page = opened("repos", **stream).pages(nothing.cursor)
    assert [post.id for post in page.posts] == [uri]
    (again,) = opened("repos", **stream).pages(page.cursor)
    assert again.posts == ()


def test_a_cursor_from_before_the_network_was_set_up_anew_is_told_as_a_gap(
    bluesky: RealNetwork, opened: Open
) -> None:
    reader = opened("repos", url=bluesky.pds.replace("http", "ws"), begin="oldest")
    *_, last = reader.pages(None)
    ahead = Position.load(last.cursor, reading := {"query": "repos", "at": host_of(bluesky.pds)})
    assert ahead.mark is not None
    ahead.mark += 1_000_000
    gap, *rest = reader.pages(ahead.dump(reading, times=False))
    assert "begins anew" in gap.gaps[0].why
    assert [post for page in rest for post in page.posts], "what it has is read again"
