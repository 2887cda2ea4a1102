"""Suspects are watched on: what they do later is seen, told once, and judged by what is known."""

import base64
import email
import email.policy
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image, ImageDraw

from rules.model import Brand, Verdict
from tests.store.conftest import empty
from watcher import pipeline
from watcher.app import App
from watcher.backends.interface import BackendError
from watcher.backends.local.microblog import Microblog, NewPost, Profile
from watcher.backends.local.network import LocalNetwork
from watcher.config import load
from watcher.store import Store, SuspectDetail

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LONG_AGO = START - timedelta(days=700)
ZEBULON = Brand(name="Zebulon")
BIO = "Nordelia builds quiet heat pumps for old houses. Ask us anything, we answer from 8 to 18."

CONFIG = """
data = "data"

[mail]
kind = "outbox"
folder = "mails"

[[brands]]
name = "Nordelia"
accounts = ["nordelia"]
domains = ["nordelia.example"]

[[sources]]
name = "town"
kind = "local"
file = "town.db"

[[rules]]
name = "names"
kind = "lookalike"
then = ["daily"]

[[channels]]
name = "daily"
kind = "email"
at = "08:00"
timezone = "UTC"
when_empty = "skip"
to = ["ada@acme.example"]
"""


def logo(colour: str = "navy") -> str:
    """A picture as the address of an avatar."""
    image = Image.new("RGB", (64, 64), "white")
    draw = ImageDraw.Draw(image)
    for n in range(5):
        draw.ellipse([n * 11, (n * 37) % 50, n * 11 + 20, (n * 37) % 50 + 14], fill=colour)
    out = io.BytesIO()
    image.save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


class Street:
    """A microblog, an app over it, and a clock that the test moves."""

    looked: pipeline.Looked
    """What looking at pictures brought at the last walk."""

    def __init__(self, app: App, store: Store) -> None:
        self.now = START
        self.folder = app.config.folder
        for path in self.folder.glob("town.db*"):
            path.unlink()
        self.town = Microblog.found(self.folder / "town.db", START)
        self.app = replace(app, store=store, clock=lambda: self.now)
        self.say("nordelia", "We are open.", Profile(display_name="Nordelia", bio=BIO))

    def say(self, who: str, text: str = "hello", profile: Profile | None = None) -> None:
        self.now += timedelta(minutes=1)
        with self.town.change() as town:
            town.account(who, LONG_AGO, profile)
            town.post(NewPost(author=who, text=text, posted_at=self.now))

    def rename(self, was: str, now: str) -> None:
        with self.town.change() as town:
            town.rename(was, now)
        self.say(now)

    def walk(self) -> pipeline.Matched:
        self.now += timedelta(minutes=1)
        pipeline.pull(self.app, self.app.config.sources[0])
        matched = pipeline.match(self.app)
        self.looked = pipeline.look(self.app)
        again = pipeline.match(self.app)
        return replace(
            matched,
            suspects=matched.suspects + again.suspects,
            changed=matched.changed + again.changed,
        )

    def mail(self) -> str:
        """The text of the next day's digest; empty where none goes out."""
        self.now = (self.now + timedelta(days=1)).replace(hour=8, minute=1)
        pipeline.plan(self.app)
        pipeline.deliver(self.app)
        texts = []
        for path in sorted(self.folder.glob("mails/*.eml")):
            part = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = part.get_body(("plain",))
            assert body is not None
            texts.append(body.get_content())
            path.unlink()
        assert len(texts) < 2
        return "".join(texts)

    @property
    def suspect(self) -> SuspectDetail:
        """The only suspect there is."""
        (record,) = self.app.store.suspects()
        return self.app.store.suspect(record.id)

    def judge(self, verdict: Verdict) -> None:
        self.app.store.judge(self.suspect.record.id, verdict, "", "kim", self.now)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.suspect.history]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One app for all of them, on a store that each test replaces by its own."""
    folder = tmp_path_factory.mktemp("street")
    (folder / "watcher.toml").write_text(CONFIG)
    with App.open(load(folder / "watcher.toml", {})) as app:
        yield app


@pytest.fixture
def street(app: App, sqlite_opened: tuple[str, Store]) -> Street:
    """A street on SQLite."""
    empty(sqlite_opened[1])
    return Street(app, sqlite_opened[1])


@pytest.fixture
def any_street(app: App, store: Store) -> Street:
    """A street on either database."""
    return Street(app, store)


def test_a_thousand_posts_from_one_squatter_are_one_suspect_and_one_line_of_one_digest(
    any_street: Street,
) -> None:
    with any_street.town.change() as town:
        town.account("nordelia_support", LONG_AGO)
        for n in range(1000):
            at = any_street.now + timedelta(seconds=n)
            town.post(NewPost(author="nordelia_support", text=f"offer {n}", posted_at=at))
    assert any_street.walk().suspects == 1
    assert any_street.suspect.record.posts == 1000
    lines = any_street.mail().splitlines()
    assert [line for line in lines if line.startswith("  @nordelia_support")] == [
        "  @nordelia_support"
    ]
    assert [digest.suspects for digest in any_street.app.store.digests()] == [1]
    for n in range(3):
        any_street.say("nordelia_support", f"another offer {n}")
        any_street.walk()
        assert any_street.mail() == ""
    assert any_street.kinds() == ["raised"]


def test_a_dismissed_suspect_stays_quiet_whatever_it_says(any_street: Street) -> None:
    any_street.say("nordelia_support")
    any_street.walk()
    any_street.mail()
    any_street.judge(Verdict.DISMISSED)
    for n in range(5):
        any_street.say("nordelia_support", f"hello {n}", Profile(bio=f"I like day {n}"))
        any_street.walk()
        assert any_street.mail() == ""
    assert any_street.suspect.record.verdict is Verdict.DISMISSED
    assert any_street.kinds() == ["raised", "judged"]


@pytest.mark.parametrize("verdict", [Verdict.DISMISSED, Verdict.PARODY])
def test_a_dismissed_suspect_that_copies_the_bio_comes_back_and_says_so(
    any_street: Street, verdict: Verdict
) -> None:
    any_street.say("nordelia_support")
    any_street.walk()
    any_street.mail()
    any_street.judge(verdict)
    any_street.say("nordelia_support", profile=Profile(bio=BIO))
    assert any_street.walk().changed == 1
    assert any_street.suspect.record.verdict is Verdict.OPEN
    returned = any_street.suspect.history[-1]
    assert (returned.kind, str(returned.what)) == (
        "returned",
        "Its description repeats that of @nordelia.",
    )
    assert returned.before is not None
    assert returned.score is not None
    assert returned.score > returned.before
    told = any_street.mail()
    assert "It has changed since:" in told
    assert "description repeats" in told
    assert any_street.mail() == ""


def test_a_dismissed_suspect_that_leads_to_a_lookalike_domain_comes_back(street: Street) -> None:
    street.say("nordelia_support")
    street.walk()
    street.judge(Verdict.DISMISSED)
    street.say("nordelia_support", "win at https://nordeIia-promo.example/now")
    street.walk()
    by_name = {one.suspect.subject: one for one in street.app.store.suspects()}
    domain = by_name.pop("domain:nordeiia-promo.example")
    (back,) = by_name.values()
    assert (domain.verdict, back.verdict) == (Verdict.OPEN, Verdict.OPEN)
    assert "links:nordeiia-promo.example" in back.suspect.signs


def test_a_domain_that_a_person_cleared_leads_nobody_astray(street: Street) -> None:
    street.say("marie", "see https://nordeIia-promo.example/now")
    street.walk()
    street.judge(Verdict.DISMISSED)
    street.say("nordelia_support", "win at https://nordeIia-promo.example/now")
    street.walk()
    (found,) = street.app.store.suspects(kind="account")
    assert not any(sign.startswith("links:") for sign in found.suspect.signs)


def test_clearing_a_domain_says_nothing_untrue_of_those_who_lead_there(street: Street) -> None:
    street.say("nordelia_support", "win at https://nordeIia-promo.example/now")
    street.walk()
    (domain,) = street.app.store.suspects(kind="domain")
    street.app.store.judge(domain.id, Verdict.DISMISSED, "", "ada", street.now)
    street.say("nordelia_support", "still https://nordeIia-promo.example/now")
    street.walk()
    (found,) = street.app.store.suspects(kind="account")
    told = [str(event.what) for event in street.app.store.suspect(found.id).history[1:]]
    assert told == ['That it led to "nordeiia-promo.example" no longer counts against it.']


def test_a_parody_is_raised_once_it_no_longer_says_so(street: Street) -> None:
    street.say("nordeliasupport", profile=Profile(bio="Parody account. Not affiliated."))
    street.walk()
    assert street.app.store.suspects() == ()  # it says what it is
    street.say("nordeliasupport", profile=Profile(bio="We answer all your questions."))
    street.walk()
    assert street.kinds() == ["raised"]


def test_a_judged_parody_that_no_longer_says_so_comes_back(street: Street) -> None:
    street.say("nordelia_support")
    street.walk()
    street.say("nordelia_support", profile=Profile(bio="Parody account. Not affiliated."))
    street.walk()
    street.judge(Verdict.PARODY)
    street.say("nordelia_support", profile=Profile(bio="We answer all your questions."))
    street.walk()
    assert street.suspect.record.verdict is Verdict.OPEN
    assert "no longer says that it is a parody" in str(
        next(event.what for event in street.suspect.history if event.kind == "returned")
    )


def test_what_becomes_of_a_confirmed_suspect_is_told_once(any_street: Street) -> None:
    any_street.say("nordelia_support")
    any_street.walk()
    any_street.mail()
    any_street.judge(Verdict.CONFIRMED)
    any_street.rename("nordelia_support", "nordelia_helpdesk")
    any_street.walk()
    detail = any_street.suspect
    assert detail.record.verdict is Verdict.CONFIRMED
    assert detail.record.suspect.name == "nordelia_helpdesk"
    assert any_street.kinds() == ["raised", "judged", "renamed"]
    told = any_street.mail()
    assert "@nordelia_helpdesk" in told
    assert "nordelia_support" in told
    any_street.say("nordelia_helpdesk")
    any_street.walk()
    assert any_street.mail() == ""


def test_a_suspect_of_ours_is_left_in_peace(street: Street) -> None:
    street.say("nordelia_support")
    street.walk()
    street.judge(Verdict.OURS)
    street.say("nordelia_support", profile=Profile(bio=BIO, display_name="Nordelia"))
    street.walk()
    assert street.kinds() == ["raised", "judged"]
    assert street.mail() == ""


def test_an_open_suspect_is_brought_up_to_date_and_tells_what_changed(street: Street) -> None:
    street.say("nordelia_support")
    street.walk()
    before = street.suspect.record.suspect.score
    street.say("nordelia_support", profile=Profile(display_name="Nordelia"))
    street.walk()
    changes = street.suspect.history[1:]
    assert {"renamed", "changed"} == {event.kind for event in changes}
    assert all((event.before, event.by) == (before, "") for event in changes)
    assert changes[-1].score == street.suspect.record.suspect.score > before
    assert "copied-display-name" in street.suspect.record.suspect.techniques


def test_a_suspect_that_gave_the_name_up_says_so(street: Street) -> None:
    street.say("nordelia_support")
    street.walk()
    street.rename("nordelia_support", "marie")
    street.walk()
    assert street.suspect.record.suspect.score == 0
    assert street.kinds() == ["raised", "renamed"]


def test_the_own_picture_under_another_name_is_seen(street: Street) -> None:
    street.say("nordelia", profile=Profile(avatar=logo()))
    street.say("nordelia_support", profile=Profile(avatar=logo("blue")))
    street.walk()
    assert "copied-avatar" in street.suspect.record.suspect.signs
    street.judge(Verdict.DISMISSED)
    street.say("nordelia_support", profile=Profile(avatar="elsewhere.png"))
    street.walk()
    assert street.looked.failed == 0
    assert street.suspect.record.verdict is Verdict.DISMISSED


def test_a_picture_that_cannot_be_read_is_counted_and_stops_nothing(street: Street) -> None:
    broken = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\nno").decode()
    street.say("nordelia", profile=Profile(avatar=broken))
    street.say("nordelia_support", profile=Profile(avatar=broken))
    street.walk()
    assert street.looked.failed == 1  # the other has nothing to be held against
    street.walk()
    assert street.looked.failed == 0
    assert street.suspect.record.suspect.signs == ("posts",)


def test_whoever_answers_the_customers_of_the_brand_is_scored_higher(street: Street) -> None:
    street.say("nordelia_support")
    street.walk()
    before = street.suspect.record.suspect.score
    street.say("marie", "@nordelia my heat pump is broken")
    street.say("nordelia_support", "@marie tell us your card number")
    street.walk()
    assert "answers" in street.suspect.record.suspect.signs
    assert street.suspect.record.suspect.score > before


def test_a_name_that_resembles_no_brand_is_never_raised(street: Street) -> None:
    street.say("nordelia", profile=Profile(avatar=logo()))
    street.say("marie", "https://nordelia.example", Profile(bio=BIO, avatar=logo()))
    street.say("marie", "@nordelia hello")
    street.walk()
    assert street.app.store.suspects() == ()


def test_the_own_accounts_are_never_raised_whatever_they_do(any_street: Street) -> None:
    for bio in (BIO, "other", ""):
        any_street.say("nordelia", "see https://nordelia.example/shop", Profile(bio=bio))
        any_street.walk()
    assert any_street.app.store.suspects() == ()


def test_links_seen_before_a_brand_was_known_are_looked_at_again(any_street: Street) -> None:
    for n in range(3):
        any_street.say("marie", f"see https://zebulon-support.example/{n}")
    any_street.walk()
    assert any_street.app.store.suspects() == ()
    config = replace(any_street.app.config, brands=(*any_street.app.config.brands, ZEBULON))
    any_street.app = any_street.app.reconfigured(config)
    assert any_street.walk().suspects == 1
    assert any_street.suspect.record.suspect.subject == "domain:zebulon-support.example"
    assert any_street.suspect.record.posts == 3
    assert any_street.walk().suspects == 0


def test_a_network_that_does_not_answer_for_pictures_stops_nothing(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise BackendError("no answer", kind="temporary")

    monkeypatch.setattr(LocalNetwork, "avatar", refuse)
    street.say("nordelia", profile=Profile(avatar=logo()))
    street.say("nordelia_support", profile=Profile(avatar=logo()))
    street.walk()
    assert street.looked.failed == 1
    street.walk()
    assert street.looked.failed == 0  # a day has to go by
    monkeypatch.undo()
    street.now += timedelta(days=2)
    street.walk()
    assert "copied-avatar" in street.suspect.record.suspect.signs
