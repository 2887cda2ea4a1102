"""Real servers asked what became of posts: deleted, edited, hidden from us, and still there."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.secret import Secret
from rules.model import Post
from tests.bluesky.real import PASSWORD, RealNetwork
from tests.contracts.live import CONTACT
from tests.contracts.test_revisiting import known
from tests.contracts.world import FOUNDED
from tests.mastodon_town import Town, _town, town
from watcher.backends import BlueskySource
from watcher.backends.bluesky.network import BlueskyNetwork
from watcher.backends.interface import Page
from watcher.backends.mastodon import revisiting

pytestmark = pytest.mark.drill

__all__ = ["_town", "town"]


@pytest.mark.parametrize("who", ["acme", ""])
def test_a_town_is_asked_for_many_at_once(town: Town, who: str) -> None:
    revisiting.forget()
    numbers = town.say("first", "second", "third")
    with closing(town.network("public", who)) as network:
        posts = [post for page in network.pages(None) for post in page.posts]
        assert network.revisit(known(posts)).deleted == ()
        town.edit(numbers[0], "first, mended")
        town.delete(numbers[1])
        page = network.revisit(known(posts))
        assert page.deleted == (posts[1].id,)
        assert {post.text for post in page.posts} == {"first, mended", "third"}
        assert network.revisits_at_once == revisiting.AT_ONCE
        town.delete(numbers[0])
        town.delete(numbers[2])
        assert set(network.revisit(known(posts)).deleted) == {post.id for post in posts}


@pytest.mark.server
def test_bluesky_tells_what_is_deleted_from_what_a_block_hides(
    bluesky: RealNetwork, tmp_path: Path
) -> None:
    us, ann, bob = (bluesky.person(f"revisit-{name}") for name in ("us", "ann", "bob"))
    uris = [ann.post(f"post {n}", at=FOUNDED + n * timedelta(minutes=1)) for n in range(3)]
    hidden = bob.post("post of bob", at=FOUNDED)
    bluesky.settle()
    source = BlueskySource(
        name="here", query=f"@{ann.handle}", server=bluesky.pds, account=us.handle,
        password=Secret(PASSWORD), contact=CONTACT, data=tmp_path,
    )  # fmt: skip
    us.session  # noqa: B018 - makes the account
    with closing(source.open(tmp_path)) as network:
        posts = read(network)
        with closing(replace(source, query=f"@{bob.handle}").open(tmp_path)) as other:
            posts += read(other)
        assert {post.id for post in posts} == {*uris, hidden}
        assert asked(network, posts).deleted == ()
        ann.delete(uris[1])
        block = {"subject": us.did, "createdAt": "2026-03-01T08:00:00Z"}
        bob.write("app.bsky.graph.block", {"$type": "app.bsky.graph.block", **block})
        bluesky.settle()
        page = asked(network, posts)
        assert page.deleted == (uris[1],)
        assert {post.id for post in page.posts} == {uris[0], uris[2]}
        for uri in (uris[0], uris[2]):
            ann.delete(uri)
        bluesky.settle()
        assert set(asked(network, posts).deleted) == set(uris)
        bluesky.take_down(bob.did)
        bluesky.settle()
        assert asked(network, posts).deleted


def read(network: BlueskyNetwork) -> list[Post]:
    return [post for page in network.pages(None) for post in page.posts]


def asked(network: BlueskyNetwork, posts: list[Post]) -> Page:
    assert network.revisits_at_once >= len(posts)
    return network.revisit(known(posts))
