"""A post that is changed or deleted: found no more, told no more, and out of mails not sent."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from alerts.model import DeliveryState
from rules.model import Account, Post
from watcher import mailing, pipeline
from watcher.app import App
from watcher.backends.interface import Page
from watcher.config import load

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CONFIG = """
data = "data"

[mail]
kind = "smtp"
host = "127.0.0.1"
port = 1
security = "none"
from = "watcher@acme.example"

[[brands]]
name = "Acme"

[[sources]]
name = "square"
kind = "local"
file = "square.db"
keep_days = 30

[[rules]]
name = "acme"
find = "acme"
then = ["now"]

[[channels]]
name = "now"
kind = "email"
send = "instant"
to = ["ada@acme.example", "bob@acme.example"]
"""


@dataclass
class World:
    """An App at a time that the test sets."""

    app: App
    now: datetime = NOON

    def page(self, *posts: Post, **more: object) -> None:
        whole = Page(posts=posts, cursor="1", more=False, **more)  # type: ignore[arg-type]
        self.app.store.save_page("square", whole, self.now)
        pipeline.match(self.app)
        pipeline.index(self.app)

    def found(self, word: str) -> list[str]:
        from watcher.cli.expression import understood

        config = self.app.config
        node, reading = understood(word, config).compiled(config.definitions)
        return [hit.post.text for hit in self.app.index.search(
            node, self.app.store, reading=reading).hits]  # fmt: skip

    def in_index(self, word: str) -> bool:
        folder = self.app.config.data / "index"
        return any(
            word.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file()
        )

    def mails(self) -> dict[str, str]:
        """What would be sent, by recipient."""
        texts = {}
        for one in self.app.store.deliveries(state=DeliveryState.PENDING):
            payload = self.app.store.delivery(one.id).payload
            part = message_from_bytes(payload, EmailMessage, policy=default).get_body(("plain",))
            texts[one.recipient] = str(part.get_content()) if part else ""
        return texts


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "watcher.toml").write_text(CONFIG)
    world = World.__new__(World)
    world.now = NOON
    with App.open(load(tmp_path / "watcher.toml"), clock=lambda: world.now) as app:
        world.app = app
        yield world


def post(id: str, text: str) -> Post:
    author = Account(network="town", id=id, handle=f"by{id}")
    return Post(network="town", id=id, author=author, text=text, posted_at=NOON)


def changed(one: Post, text: str) -> Post:
    return replace(one, text=text, edited_at=NOON + timedelta(minutes=1))


def test_a_deleted_post_is_found_no_more_and_leaves_the_index_within_a_week(world: World) -> None:
    world.page(post("1", "acme zebra"), post("2", "acme horse"))
    world.page(deleted=("1",))
    assert (world.found("zebra"), world.found("acme")) == ([], ["acme horse"])
    world.now += timedelta(days=7)
    pipeline.index(world.app)
    assert not world.in_index("zebra")
    assert world.app.index.documents() == 1
    assert world.app.store.departures(world.now) == ()


def test_the_newest_post_may_go_without_a_part_of_the_index_being_made_again(world: World) -> None:
    world.page(*[post(str(n), f"acme {n}") for n in range(60)])
    world.page(deleted=("59",))
    world.page(post("60", "acme once more"))
    assert world.app.index.notes == ()
    assert len(world.found('"once more"')) == 1


def test_a_changed_post_is_found_by_its_new_words_only(world: World) -> None:
    before = post("1", "acme zebra")
    world.page(before)
    world.now += timedelta(minutes=5)
    world.page(changed(before, "acme horse"))
    assert (world.found("zebra"), world.found("horse")) == ([], ["acme horse"])
    world.page(changed(before, "acme horse"), before)
    assert world.found("acme") == ["acme horse"]


def test_mails_that_wait_are_made_again_without_what_was_deleted(world: World) -> None:
    world.page(post("1", "acme zebra"), post("2", "acme horse"))
    pipeline.plan(world.app)
    assert all("zebra" in text for text in world.mails().values())
    assert pipeline.deliver(world.app).later == 2  # nobody listens
    world.page(deleted=("1",))
    world.now += timedelta(hours=1)
    pipeline.deliver(world.app)
    assert len(world.mails()) == 2
    for text in world.mails().values():
        assert "zebra" not in text
        assert "horse" in text
    (digest,) = world.app.store.digests()
    assert digest.summary == "1 post"


def test_mails_of_which_nothing_is_left_are_withdrawn(world: World) -> None:
    world.page(post("1", "acme zebra"))
    pipeline.plan(world.app)
    world.page(deleted=("1",))
    pipeline.deliver(world.app)
    assert world.mails() == {}


def test_mails_that_wait_tell_the_new_words(world: World) -> None:
    before = post("1", "acme zebra")
    world.page(before)
    pipeline.plan(world.app)
    world.now += timedelta(minutes=5)
    world.page(changed(before, "acme horse"))
    mailing.renew(world.app)
    assert all("horse" in text and "zebra" not in text for text in world.mails().values())


def test_a_channel_that_is_gone_mails_nothing_that_was_deleted(world: World) -> None:
    world.page(post("1", "acme zebra"), post("2", "acme horse"))
    pipeline.plan(world.app)
    world.page(deleted=("1",))
    config = replace(world.app.config, channels=())
    world.app = world.app.reconfigured(config)
    mailing.renew(world.app)
    assert world.mails() == {}


def test_posts_are_kept_as_long_as_their_source_says(world: World) -> None:
    world.page(post("1", "about something else"))
    world.now += timedelta(days=29)
    assert pipeline.forget(world.app) == 0
    world.now += timedelta(days=2)
    assert pipeline.forget(world.app) == 1
