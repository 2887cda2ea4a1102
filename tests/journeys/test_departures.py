"""An account that leaves its network: its posts go, out of mails too, and nobody follows it."""

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from alerts.model import DeliveryState, ProposalState
from tests.contracts.live import SECRET
from tests.contracts.world import FOUNDED
from tests.contracts.worlds.mastodon import TownSociety
from watcher import mailing, pipeline
from watcher.app import App
from watcher.backends.http.budget import SHARED
from watcher.backends.mastodon import features
from watcher.config import load

pytestmark = pytest.mark.drill  # each walks the whole way, in a second or more

DAY = timedelta(days=1)
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

[[rules]]
name = "acme"
find = "acme"
then = ["now", "circle"]

[[channels]]
name = "now"
kind = "email"
send = "instant"
to = ["ada@acme.example"]

[[channels]]
name = "circle"
kind = "follow"
source = "nora"
min_age_days = 0
"""
SOURCE = """
[[sources]]
name = "{name}"
kind = "mastodon"
server = "{server}"
token = "${{TOKEN}}"
query = "@{name}"
"""


class Place:
    """A town, an app that reads two accounts of it, and a clock that the test moves."""

    def __init__(self, folder: Path) -> None:
        SHARED.forget()
        features.forget()
        self.now = FOUNDED + DAY
        self.town = TownSociety(folder)
        for name in ("nora", "luc"):
            self.town.account(name)
            self.town.write(name, f"acme, says {name}")
        sources = [
            SOURCE.format(name=name, server=self.town.server.url) for name in ("nora", "luc")
        ]
        (folder / "watcher.toml").write_text(CONFIG + "".join(sources))
        config = load(folder / "watcher.toml", env={"TOKEN": SECRET})
        self.app = App.open(config, clock=lambda: self.now)

    def walk(self) -> list[str]:
        """Pull, match, index and plan; return what went wrong."""
        errors = [pipeline.pull(self.app, one).error for one in self.app.config.sources]
        pipeline.match(self.app)
        pipeline.index(self.app)
        pipeline.plan(self.app)
        return [error for error in errors if error]

    def texts(self) -> list[str]:
        return [one.post.text for one in self.app.store.posts_after(0, 100)]

    def proposals(self) -> dict[str, tuple[ProposalState, str]]:
        """State and note of each proposal by the name of who is to be followed."""
        records = self.app.store.proposals()
        return {
            one.proposal.account.handle.partition("@")[0]: (one.state, one.note) for one in records
        }

    def mails(self) -> list[str]:
        """The words of those that wait."""
        texts = []
        for one in self.app.store.deliveries(state=DeliveryState.PENDING):
            payload = self.app.store.delivery(one.id).payload
            part = message_from_bytes(payload, EmailMessage, policy=default).get_body(("plain",))
            texts.append(str(part.get_content()).replace("\u200b", "") if part else "")
        return texts


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    with place.app:
        yield place
    place.town.close()


@pytest.mark.parametrize("how", ["suspend", "delete"])
def test_who_leaves_takes_posts_and_waiting_proposals_along(place: Place, how: str) -> None:
    assert place.walk() == []
    assert place.texts() == ["acme, says nora", "acme, says luc"]
    proposed = (ProposalState.PROPOSED, "")
    assert place.proposals() == {"nora": proposed, "luc": proposed}
    (mail,) = place.mails()
    assert "says nora" in mail
    getattr(place.town, how)("nora")
    place.now += timedelta(hours=1)
    (error,) = place.walk()
    assert "@nora" in error
    assert place.texts() == ["acme, says luc"]
    assert place.proposals() == {
        "nora": (ProposalState.REFUSED, "the account left its network"),
        "luc": proposed,
    }
    (record,) = [one for one in place.app.store.proposals() if one.state == ProposalState.REFUSED]
    events = place.app.store.follow_events(record.id)
    assert [(one.event, one.by) for one in events][-1] == ("refused", "watcher")
    mailing.renew(place.app)
    (mail,) = place.mails()
    assert "says nora" not in mail
    assert "@nora@" not in mail, "nobody is proposed who is not there"
    assert "@luc@127.0.0.1" in mail


def test_a_follow_that_was_made_stays_in_the_books(place: Place) -> None:
    place.walk()
    store = place.app.store
    (record,) = [one for one in store.proposals() if "nora" in one.proposal.account.handle]
    for state in (ProposalState.APPROVED, ProposalState.TRYING, ProposalState.FOLLOWED):
        store.decide(record.id, state, "", "watcher", place.now)
    place.town.suspend("nora")
    place.walk()
    assert place.proposals()["nora"] == (ProposalState.FOLLOWED, "")


def test_a_proposal_that_was_approved_is_not_carried_out_any_more(place: Place) -> None:
    place.walk()
    store = place.app.store
    (record,) = [one for one in store.proposals() if "nora" in one.proposal.account.handle]
    store.decide(record.id, ProposalState.APPROVED, "", "kim", place.now)
    place.town.suspend("nora")
    place.walk()
    assert place.proposals()["nora"] == (ProposalState.REFUSED, "the account left its network")


def test_it_is_told_as_long_as_the_source_is_there(place: Place) -> None:
    place.walk()
    place.town.suspend("nora")
    for _ in range(3):
        place.now += timedelta(hours=1)
        (error,) = place.walk()
        assert "has suspended @nora" in error
    state = next(one for one in place.app.store.source_states() if one.name == "nora")
    assert state.failures == 3
