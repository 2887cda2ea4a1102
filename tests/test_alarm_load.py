"""How many alarms a week a person can look at becomes a score, and `watcher check` says which."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import LookalikeRule
from tests.store.samples import account, post
from watcher import checks
from watcher.backends.interface import Page
from watcher.config import load
from watcher.impostors.alarm_load import ASSUMED, Load, explained, load_of
from watcher.store import Store

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULE = LookalikeRule(name="names", alarms_a_week=5.0)


@given(st.floats(0.1, 1000), st.floats(1, 1e7), st.integers(1, 50), st.floats(1.1, 10))
def test_more_accounts_never_lower_the_score_and_more_alarms_never_raise_it(
    alarms: float, accounts: float, brands: int, more: float
) -> None:
    rule = LookalikeRule(name="names", alarms_a_week=alarms)
    score = rule.for_load(accounts, brands).min_score
    assert 0.1 <= score <= 1
    assert rule.for_load(accounts * more, brands).min_score >= score
    patient = LookalikeRule(name="names", alarms_a_week=alarms * more)
    assert patient.for_load(accounts, brands).min_score <= score


def test_a_rule_with_a_score_keeps_it() -> None:
    rule = LookalikeRule(name="names", min_score=0.42)
    assert rule.for_load(1e9, 100) is rule


def test_a_week_is_watched_before_anything_is_measured(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'w.db'}")
    assert (
        load_of(store, NOW) == load_of(None, NOW) == Load(accounts_a_week=ASSUMED, measured=False)
    )
    posts = tuple(post(f"p{n}", author=account(str(n), f"a{n}")) for n in range(130))
    store.save_page("town", Page(posts=posts, cursor="1", more=False), NOW)
    assert not load_of(store, NOW + timedelta(days=6)).measured
    assert load_of(store, NOW + timedelta(days=7)).accounts_a_week == 200
    assert load_of(store, NOW + timedelta(days=14)).accounts_a_week == 100
    store.close()


def test_what_it_comes_to_is_said() -> None:
    said, kept = explained(RULE, Load(accounts_a_week=100_000, measured=True), 3)
    assert kept
    assert said.startswith("min_score 0.")
    assert said.endswith("100,000 new accounts (as measured) and 3 brands")
    assert not explained(RULE, Load(accounts_a_week=1e9, measured=True), 3)[1]


CONFIG = """
[mail]
kind = "outbox"
folder = "mails"

[[brands]]
name = "Nordelia"

[[rules]]
name = "names"
kind = "lookalike"
alarms_a_week = {alarms}
"""


@pytest.mark.parametrize(("alarms", "state"), [("5", "ok"), ("0.001", "warning")])
def test_check_says_what_it_comes_to(tmp_path: Path, alarms: str, state: str) -> None:
    path = tmp_path / "watcher.toml"
    path.write_text(CONFIG.format(alarms=alarms))
    outcomes = {one.what: one for one in checks.run(load(path, {}), 20)}
    assert outcomes["rule names"].state == state
    assert "false alarms a week" in outcomes["rule names"].answer
