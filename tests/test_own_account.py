"""What `watcher check` says of the account that follows."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alerts.secret import Secret
from rules.model import Account
from watcher import own_account
from watcher.backends.interface import Notice, Ourselves
from watcher.backends.mastodon import MastodonSource
from watcher.backends.mastodon.client import Client
from watcher.checks import DoubtError, follower
from watcher.config import Config, load

CONFIG = """
contact = "https://acme.example/watch"

[[brands]]
name = "Acmé"
domains = ["acme.org"]

[[sources]]
name = "town"
kind = "mastodon"
server = "https://town.example"
query = "#acme"

[[rules]]
name = "talk"
find = 'acmé'
then = ["circle"]

[[channels]]
name = "circle"
kind = "follow"
source = "town"
automatic = ["talk"]
"""


@dataclass
class Mirror:
    """A network that tells of our own account what a test says."""

    found: Ourselves

    def ourselves(self) -> Ourselves:
        return self.found

    def close(self) -> None:
        pass


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., own_account.Looked]:
    path = tmp_path / "watcher.toml"
    path.write_text(CONFIG)
    config = load(path, {})

    def looked(rules: tuple[str, ...] = (), said: str = "", **more: Any) -> own_account.Looked:
        values = {"bio": "The watch of Acmé", "bot": True} | more
        account = Account(network="mastodon", id="1", handle="us@town.example", **values)  # type: ignore[arg-type]
        notices = (Notice(name="1", said=said),) if said else ()
        mirror = Mirror(Ourselves(account=account, notices=notices, rules=rules))
        monkeypatch.setattr(MastodonSource, "open", lambda *_, **__: mirror)
        return own_account.look(config, config.channels[0])  # type: ignore[arg-type]

    looked.config = config  # type: ignore[attr-defined]
    return looked


def test_all_is_well_where_the_bio_says_who_runs_the_account(
    look: Callable[..., own_account.Looked],
) -> None:
    for bio in (
        "ACMÉ",
        "see acme.org",
        "https://acme.example/watch",
        "by the team of acme.example",
    ):
        assert look(bio=bio) == own_account.Looked(
            said="follows as @us@town.example", help=look().help
        )
    assert look(bio="a robot").doubts == ("its bio does not say who runs it",)
    assert look(bio="", verified=("https://acme.org/team",)).doubts == ()


def test_an_account_that_follows_automatically_says_that_it_is_a_bot(
    look: Callable[..., own_account.Looked],
) -> None:
    for bot in (None, False):
        (doubt,) = look(bot=bot).doubts
        assert doubt.startswith("it follows automatically and is not marked as a bot. Mastodon: ")
        assert "https://docs.joinmastodon.org/" in doubt


@pytest.mark.parametrize(
    ("following", "followers", "full"),
    [(7_499, 0, False), (7_500, 0, True), (8_000, 7_000, True), (7_500, 9_000, False)],
)
def test_the_most_that_an_account_may_follow_is_told(
    look: Callable[..., own_account.Looked], following: int, followers: int, full: bool
) -> None:
    doubts = look(following=following, followers=followers).doubts
    assert bool(doubts) is full
    assert not full or "it may follow nobody else" in doubts[0]


def test_the_rules_of_the_server_are_shown_and_what_moderators_said(
    look: Callable[..., own_account.Looked],
) -> None:
    rules = tuple(f"rule {n}" for n in range(12))
    told = look(rules=rules, said="fewer follows, please")
    assert "Rules of the server: rule 0 / rule 1" in told.said
    assert told.said.endswith("rule 9 / and 2 more")
    assert told.doubts == ("moderators say: fewer follows, please",)
    config: Config = look.config  # type: ignore[attr-defined]
    with pytest.raises(DoubtError, match="moderators say"):
        follower(config, config.channels[0])  # type: ignore[arg-type]


def test_a_warning_of_moderators_is_read_as_mastodon_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = MastodonSource(
        name="town", server="https://town.example", query="#acme", token=Secret("token")
    )
    network = source.open(tmp_path)
    told = [
        {
            "id": "9",
            "type": "moderation_warning",
            "moderation_warning": {"text": "less\npush"},
        },
        {"id": "8", "type": "moderation_warning", "moderation_warning": {"action": "silence"}},
        {"id": "7", "type": "moderation_warning"},
        {"id": "6", "type": "follow"},
    ]
    us = {"id": "1", "acct": "us@town.example", "url": "https://town.example/@us"}
    rules = [{"id": "1", "text": "Be\nkind"}, {"id": "2"}, "no rule"]
    for name, answer in (("ourselves", us), ("warnings", told), ("rules", rules)):
        monkeypatch.setattr(Client, name, lambda _, answer=answer: answer)
    found = network.ourselves()  # type: ignore[attr-defined]
    network.close()
    assert [(one.name, one.said) for one in found.notices] == [
        ("9", "less push"),
        ("8", "silence"),
        ("7", "a warning without words"),
    ]
    assert found.rules == ("Be kind",)
    assert found.account.handle == "us@town.example"
