"""From a post to a follow and back, over a real microblog: pauses, stops, crashes, second looks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.model import ProposalState
from rules.errors import WatcherError
from tests.journeys.test_crash import Crash
from watcher import following, own_account, pipeline
from watcher.app import App
from watcher.backends.interface import BackendError, Notice, Ourselves
from watcher.backends.local import LocalNetwork, Microblog, NewPost, Profile
from watcher.config import load
from watcher.store import Store

pytestmark = pytest.mark.drill  # each walks the whole way, in a second or more

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CONFIG = """
contact = "social@acme.example"

[[brands]]
name = "Nordelia"
accounts = ["nordelia"]

[[sources]]
name = "town"
kind = "local"
file = "town.db"
account = "nordelia"

[[rules]]
name = "talk"
find = "nordelia"
then = ["circle"]

[[channels]]
name = "circle"
kind = "follow"
source = "town"
automatic = ["talk"]
jitter = 0
dry_run = false
"""


class Place:
    """A microblog, an app over it, and a clock that the test moves."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.now, self.folder = START, folder
        self.town = Microblog.found(folder / "town.db", START)
        with self.town.change() as town:
            town.account("nordelia", START - timedelta(days=90))
        self.open(more)

    def open(self, more: str = "") -> None:
        path = self.folder / "watcher.toml"
        path.write_text(CONFIG + more)
        self.app = App.open(load(path, {}), clock=lambda: self.now)

    def say(self, *people: str, text: str = "@nordelia nordelia is nice", **profile: Any) -> None:
        with self.town.change() as town:
            for who in people:
                town.account(who, START - timedelta(days=90), Profile(**profile))
                town.post(NewPost(author=who, text=text, posted_at=self.now))
        pipeline.pull(self.app, self.app.config.sources[0])
        pipeline.match(self.app)
        assert [one.error for one in pipeline.plan(self.app) if one.error] == []

    def follow(self, *, minutes: float = 0) -> following.Followed:
        self.now += timedelta(minutes=minutes)
        return following.follow(self.app)

    def states(self) -> dict[str, str]:
        records = self.app.store.proposals()
        return {one.proposal.account.handle: str(one.state) for one in records}

    def relation(self, who: str) -> str:
        source = self.app.config.sources[0]
        network = source.open(self.folder)
        assert isinstance(network, LocalNetwork)
        account = network.lookup(who)
        assert account is not None
        return network.relation(account.id)

    @property
    def store(self) -> Store:
        return self.app.store


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.app.close()


def test_follows_leave_one_after_the_other_and_two_on_the_first_day(place: Place) -> None:
    place.say("marie", "luc", "aya")
    assert place.follow().held == ()
    assert place.follow().held == ("circle: too soon after the last one",)
    place.follow(minutes=10)
    assert place.follow(minutes=60).held == ("circle: 2 a day are followed already",)
    place.follow(minutes=24 * 60)
    assert set(place.states().values()) == {"followed"}
    assert {place.relation(who) for who in ("marie", "luc", "aya")} == {"following"}


def test_a_block_stops_the_channel_until_a_person_resumes_it(place: Place) -> None:
    place.say("marie")
    place.say("luc", text="@nordelia nordelia again")
    with place.town.change() as town:
        town.block("marie", "nordelia")
        town.block("luc", "nordelia")
    assert "blocked" in place.follow().error
    assert sorted(place.states().values()) == ["approved", "refused"]
    later = place.follow(minutes=24 * 60)
    assert later.lines == ()
    assert later.held[0].startswith("circle: stopped: ")
    with place.town.change() as town:
        town.account("zoe", START - timedelta(days=90))
    assert place.store.resume_follows("circle", "kim", "we talked", place.now)
    assert "blocked" in place.follow().error  # the other one has blocked us, too
    assert set(place.states().values()) == {"refused"}


def test_moderators_are_heeded_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.say("marie")
    ourselves = LocalNetwork.ourselves

    def warned(network: LocalNetwork) -> Ourselves:
        notice = Notice(name="7", said="please follow fewer people")
        return Ourselves(account=ourselves(network).account, notices=(notice,))

    monkeypatch.setattr(LocalNetwork, "ourselves", warned)
    assert "moderators say: please follow fewer people" in place.follow().error
    assert (place.states(), place.relation("marie")) == ({"marie": "approved"}, "none")
    assert place.follow(minutes=60).held == (
        "circle: stopped: moderators say: please follow fewer people",
    )
    place.store.resume_follows("circle", "kim", "", place.now)
    place.follow()
    assert place.states() == {"marie": "followed"}


@pytest.mark.parametrize(("retry_after", "minutes"), [(None, 15), (3600.0, 60), (9e9, 24 * 60)])
def test_a_pause_lasts_as_long_as_the_network_says_and_a_quarter_of_an_hour_at_least(
    place: Place, monkeypatch: pytest.MonkeyPatch, retry_after: float | None, minutes: int
) -> None:
    place.say("marie")
    with monkeypatch.context() as patch:

        def refuse(*_: object) -> str:
            raise BackendError("too many requests", kind="temporary", retry_after=retry_after)

        patch.setattr(LocalNetwork, "relation", refuse)
        assert "too many requests" in place.follow().error
    assert place.follow(minutes=minutes - 1).held == ("circle: too soon after the last one",)
    place.follow(minutes=1)
    assert place.states() == {"marie": "followed"}
    (record,) = place.store.proposals()
    assert "paused" in [one.event for one in place.store.follow_events(record.id)]


def test_a_follow_whose_answer_was_lost_is_ours_and_made_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.say("marie")
    with monkeypatch.context() as patch:
        follow, asked = LocalNetwork.follow, []

        def lost(network: LocalNetwork, account_id: str) -> str:
            asked.append(follow(network, account_id))
            raise BackendError("no answer", kind="temporary")

        patch.setattr(LocalNetwork, "follow", lost)
        assert "no answer" in place.follow().error
    assert place.states() == {"marie": "trying"}
    place.follow(minutes=15)
    assert (place.states(), len(place.store.pace("circle", place.now).recent)) == (
        {"marie": "followed"},
        1,
    )


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_between_claim_and_record_loses_nothing_and_follows_once(
    place: Place, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    place.say("marie")
    follow = LocalNetwork.follow

    def die(network: LocalNetwork, account_id: str) -> str:
        if when == "after":
            follow(network, account_id)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(LocalNetwork, "follow", die)
        with pytest.raises(Crash):
            place.follow()
    assert place.states() == {"marie": "trying"}
    place.app.close()
    place.open()
    place.follow(minutes=1)
    place.follow(minutes=60)
    assert (place.states(), place.relation("marie")) == ({"marie": "followed"}, "following")
    assert len(place.store.pace("circle", place.now).recent) == 1


def test_who_asks_bots_to_stay_away_in_the_meantime_is_left_alone(place: Place) -> None:
    place.say("marie")
    with place.town.change() as town:
        town.account("marie", START - timedelta(days=90), Profile(bio="#nobot"))
    assert place.follow().lines == ("@marie: @marie asks bots to stay away",)
    assert (place.states(), place.relation("marie")) == ({"marie": "refused"}, "none")


def test_only_the_best_wait_and_the_others_come_when_somebody_decides(tmp_path: Path) -> None:
    place = Place(tmp_path, "open = 1\n")
    place.say("marie", text="nordelia is nice")
    place.say("luc", text="nordelia again")
    place.say("aya")
    assert place.states() == {"marie": "proposed"}
    (first,) = place.store.proposals()
    place.store.decide(first.id, ProposalState.REFUSED, "", "kim", place.now)
    pipeline.plan(place.app)
    assert place.states() == {"marie": "refused", "aya": "approved"}
    pipeline.plan(place.app)
    assert place.states() == {"marie": "refused", "aya": "approved", "luc": "proposed"}
    place.now += timedelta(days=31)
    pipeline.plan(place.app)
    assert place.states()["luc"] == "expired"
    place.app.close()


def test_why_somebody_was_left_alone_is_known(place: Place) -> None:
    place.say("robby", bot=True)
    (one,) = place.store.passed_over(handle="robby")
    assert str(one.reason) == "@robby is a bot."


def test_check_wants_a_bio_that_says_who_runs_the_account(place: Place) -> None:
    (channel,) = place.app.config.channels
    looked = own_account.look(place.app.config, channel)  # type: ignore[arg-type]
    assert looked.doubts == ("its bio does not say who runs it",)
    assert "Run by social@acme.example" in looked.help
    for bio in ("Run by social@acme.example", "The Nordelia watch", "see acme.example"):
        with place.town.change() as town:
            town.account("nordelia", START - timedelta(days=90), Profile(bio=bio))
        looked = own_account.look(place.app.config, channel)  # type: ignore[arg-type]
        assert (looked.doubts, looked.said) == ((), "follows as @nordelia")


def test_undoing_takes_the_follow_back_for_ever(place: Place) -> None:
    place.say("marie")
    place.follow()
    (record,) = place.store.proposals()
    assert following.undo_follow(place.app, record.id, "kim") == "@marie: unfollowed"
    assert place.relation("marie") == "none"
    place.say("marie", text="@nordelia nordelia is still nice")
    place.follow(minutes=24 * 60)
    assert (place.states(), place.relation("marie")) == ({"marie": "undone"}, "none")
    with pytest.raises(WatcherError):
        place.store.decide(record.id, ProposalState.APPROVED, "", "kim", place.now)
