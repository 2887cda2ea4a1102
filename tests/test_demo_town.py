"""The demo's town: invented, fresh, the same for the same moment, and full of what we look for."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rules import KeywordRule, LookalikeRule
from rules.lookalike import Detector
from rules.matcher import Matcher
from rules.model import Account, Post
from watcher.backends import LocalSource
from watcher.config import load
from watcher.demo import CONFIG, found_town

NOW = datetime(2026, 3, 2, 21, 30, tzinfo=UTC)


@pytest.fixture
def posts(tmp_path: Path) -> list[Post]:
    return read(tmp_path)


def read(folder: Path) -> list[Post]:
    found_town(folder / "town.sqlite", NOW)
    source = LocalSource(name="town", file="town.sqlite")
    return [post for page in source.open(folder).pages(None) for post in page.posts]


def authors(posts: list[Post]) -> list[Account]:
    return list({post.author.key: post.author for post in posts}.values())


def test_the_town_is_the_same_for_the_same_moment(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    assert read(tmp_path / "one") == read(tmp_path / "two")


def test_founding_it_again_adds_nothing(tmp_path: Path) -> None:
    assert read(tmp_path) == read(tmp_path)


def test_everything_was_said_lately_and_in_order(posts: list[Post]) -> None:
    times = [post.posted_at for post in posts]
    assert times == sorted(times)
    assert NOW - timedelta(minutes=15) < times[-1] <= NOW
    assert times[0] > NOW - timedelta(days=8)
    assert len(posts) > 280
    assert len(authors(posts)) > 70


def test_people_answer_quote_and_repost_in_two_languages(posts: list[Post]) -> None:
    assert {post.language for post in posts} == {"fr", "en"}
    assert sum(post.reply_to is not None for post in posts) > 50
    assert sum(post.repost_of is not None for post in posts) > 15
    assert sum(post.quote_of is not None for post in posts) >= 2
    assert sum(post.language == "en" for post in posts) > 60


def test_nothing_in_it_can_be_anybodys(posts: list[Post]) -> None:
    """Domains are those that nobody can own."""
    text = (CONFIG.parent / "town.jsonl").read_text() + CONFIG.read_text()
    domains = set(re.findall(r"(?:https?://|@|domains = \[\")([\w-]+(?:\.[a-z]{2,})+)", text))
    handles = {account.handle for account in authors(posts)}
    assert {d for d in domains if not d.endswith(".example")} <= handles


@pytest.fixture
def config_folder(tmp_path: Path) -> Path:
    shutil.copy(CONFIG, tmp_path / "watcher.toml")
    return tmp_path


def test_the_configuration_is_good_and_each_rule_finds_something(
    config_folder: Path, posts: list[Post]
) -> None:
    config = load(config_folder / "watcher.toml")
    assert config.warnings == ()
    rules = [rule for rule in config.rules if isinstance(rule, KeywordRule)]
    found = Matcher(rules, config.definitions).match(posts)
    for rule in rules:
        assert sum(match.rule == rule.name for match in found) >= 5, rule.name


def test_the_impostors_are_found_and_the_friends_are_not(
    config_folder: Path, posts: list[Post]
) -> None:
    config = load(config_folder / "watcher.toml")
    rules = [rule for rule in config.rules if isinstance(rule, LookalikeRule)]
    detector = Detector(rules, config.brands)
    suspects = detector.accounts(authors(posts))
    names = {suspect.name for suspect in suspects}
    assert names >= {
        *("nordeIia", "n0rdel1a", "nordelia_support", "nordela", "nordeila"),
        *("service_clients_7741", "train_aide24"),
    }
    assert not names & {"nordelia", "nordelia_info", "nordelia_fans", "cordelia_gray", "voltrame"}
    domains = {suspect.name for suspect in detector.domains(posts)}
    assert domains >= {"nordelia-remboursement.example", "nordelia-refund.example"}
    assert "nordelia.example" not in domains
    assert len({technique for suspect in suspects for technique in suspect.techniques}) >= 5
