"""X's accounts, its refusals, and what the table of a source may say."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.secret import Secret
from rules.keyword import KeywordRule
from rules.model import Account
from tests.contracts.live import SECRET
from tests.contracts.worlds.x import Tally, XSearchWorld
from watcher.backends import XSource
from watcher.backends.http.budget import SHARED
from watcher.backends.interface import BackendError, Network
from watcher.backends.x.client import endpoint
from watcher.backends.x.spending import money


@pytest.fixture
def world(tmp_path: Path) -> Iterator[XSearchWorld]:
    SHARED.forget()
    founded = XSearchWorld(tmp_path)
    yield founded
    founded.close()


@pytest.fixture
def network(world: XSearchWorld) -> Iterator[Network]:
    reader = world.reader()
    assert isinstance(reader, Network)
    yield reader
    reader.close()


def test_lookup_finds_exactly_this_handle(world: XSearchWorld, network: Network) -> None:
    world.x.user("Nordelia", name="Nordelia SA", description="We & you")
    world.x.user("nordelia_info")
    found = network.lookup("@nordelia")
    assert found is not None
    assert (found.network, found.handle, found.display_name) == ("x", "Nordelia", "Nordelia SA")
    assert (found.bio, found.locked, found.followers) == ("We & you", False, 5)
    assert network.lookup("nobody") is None


@pytest.mark.parametrize("handle", ["", "a" * 16, "é", "a b", "../x", "acme@town.example", "@"])
def test_what_can_be_no_handle_is_not_asked_for(
    world: XSearchWorld, network: Network, handle: str
) -> None:
    assert network.lookup(handle) is None
    assert world.server.asked == []


def test_a_suspended_account_is_not_a_free_name(world: XSearchWorld, network: Network) -> None:
    world.x.user("acme", suspended=True)
    with pytest.raises(BackendError, match="does not show the account @acme") as raised:
        network.lookup("acme")
    assert raised.value.kind == "refused"
    assert "taken" in raised.value.help


def test_accounts_are_searched_where_the_plan_has_it(world: XSearchWorld, network: Network) -> None:
    world.x.user("nordelia")
    world.x.user("zed", name="La Nordelia")
    world.x.user("someone", description="at Nordelia since 2020")  # X finds more than names
    found = network.search_accounts("nordelia", 10)
    assert [account.handle for account in found] == ["nordelia", "zed"]
    assert len(network.search_accounts("nordelia", 1)) == 1
    assert network.search_accounts("nothing like it", 5) == ()
    assert network.search_accounts("x", 0) == network.search_accounts("%*", 5) == ()


def test_a_plan_without_account_search_is_told(world: XSearchWorld, network: Network) -> None:
    world.x.finds_users = False
    with pytest.raises(BackendError) as raised:
        network.search_accounts("nordelia", 10)
    assert raised.value.kind == "refused"
    assert raised.value.help.startswith("X offers account search to some plans only")


def test_accounts_are_paid_for_too(world: XSearchWorld) -> None:
    bill = Tally()
    for name in ("acme", "acme_sav"):
        world.x.user(name)
    reader = world.source(ledger=bill).open(world.path, clock=lambda: world.now)
    reader.lookup("acme")
    reader.lookup("nobody")
    reader.search_accounts("acme", 10)
    reader.close()
    assert sum(bill.days.values()) == 3


def test_following_is_refused_with_the_reason(network: Network) -> None:
    assert network.relation("1") == "none"
    for ask in (network.follow, network.unfollow):
        with pytest.raises(BackendError, match="X's rules forbid automated following") as raised:
            ask("1")
        assert raised.value.kind == "refused"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://pbs.twimg.com/a.jpg",
        "https://elsewhere.example/a.jpg",
        "https://pbs.twimg.com.elsewhere.example/a.jpg",
        "https://user@pbs.twimg.com/a.jpg",
        "https://pbs.twimg.com:8443/a.jpg",
        "https://[",
        "file:///etc/passwd",
    ],
)
def test_pictures_come_from_the_host_of_pictures_alone(network: Network, address: str) -> None:
    assert network.avatar(Account(network="x", id="1", handle="a", avatar=address)) is None


def test_checking_costs_nothing_and_tells_what_reading_may_cost(world: XSearchWorld) -> None:
    bill = Tally()
    rules = (KeywordRule(name="a", find="acme"), KeywordRule(name="b", find="renau*"))
    source = world.source(
        ledger=bill, budget_day=500, budget_month=10_000, query="rules", known=rules
    )
    reader = source.open(world.path, clock=lambda: world.now)
    assert reader.check() == (
        "reads at most 500 posts a day (2.50) and 10,000 posts a month (50.00); "
        "1 query asks for 2 rules; rule b cannot be asked for: it can match without any word, "
        "hashtag or account that X could look for; the app has read 0 of 2,000,000 this month"
    )
    reader.close()
    assert bill.days == {}


def test_a_wrong_token_is_refused_and_never_told(world: XSearchWorld) -> None:
    source = replace(world.source(), token=Secret("wr0ng"))
    reader = source.open(world.path)
    with pytest.raises(BackendError) as raised:
        reader.check()
    reader.close()
    assert raised.value.kind == "refused"
    assert "401" in str(raised.value)
    assert "wr0ng" not in f"{raised.value} {raised.value.help} {source!r}"
    assert SECRET not in repr(world.source())


def test_each_endpoint_is_counted_for_itself() -> None:
    assert endpoint("/2/users/12/tweets") == endpoint("/2/users/345/tweets")
    assert endpoint("/2/users/by/username/a") == endpoint("/2/users/by/username/b")
    assert endpoint("/2/users/search") != endpoint("/2/users/12/tweets")


@pytest.mark.parametrize(
    ("amount", "shown"), [(2.5, "2.50"), (0.005, "0.005"), (0, "0.00"), (1234.5, "1,234.50")]
)
def test_money_is_shown_to_the_cent_or_as_small_as_it_is(amount: float, shown: str) -> None:
    assert money(amount) == shown


def table(**more: Any) -> XSource:
    return XSource(**({"name": "x", "token": Secret("t")} | more))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"query": "search:acme lang:en"},
        {"query": "@acme"},
        {"query": "rules", "rules": ("a",)},
        {"look_back": "7d", "budget_day": 10, "cost_per_read": 0},
    ],
)
def test_a_table_may_say(more: dict[str, Any]) -> None:
    assert list(table(**more).problems()) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"query": "acme"}, "'acme' is not something this source can read"),
        ({"query": "search: "}, "is not something this source can read"),
        ({"query": "@"}, "is not something this source can read"),
        ({"query": "@acme@town.example"}, "is not something this source can read"),
        ({"query": f"search:{'a' * 513}"}, "X takes queries of 512 characters, and this has 513"),
        ({"query": "@acme", "rules": ("a",)}, "these rules are not looked for"),
        ({"budget_day": 9}, "X gives 10 posts at once at least"),
        ({"budget_month": 0}, "X gives 10 posts at once at least"),
        ({"cost_per_read": -1.0}, "no price"),
        ({"look_back": "8d"}, "the last 7 days"),
        ({"look_back": "soon"}, "the last 7 days"),
        ({"address": "http://api.x.com"}, "over plain http others may read along"),
    ],
)
def test_a_table_may_not_say(more: dict[str, Any], said: str) -> None:
    (problem,) = table(**more).problems()
    assert said in problem.message
