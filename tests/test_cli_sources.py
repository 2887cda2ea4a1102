"""`watcher sources` and the status of several networks, as a person sees them."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.cli_fixtures import terminal
from tests.faults import Asked, Loopback, Reply
from tests.terminal import NOW, Terminal, compare
from watcher.allowances import leave
from watcher.backends.http.budget import Budget, Budgets
from watcher.backends.interface import Gap, Page
from watcher.config import load
from watcher.store import Store

__all__ = ["terminal"]

HEAD = """\
data = "data"
timezone = "Europe/Paris"
languages = ["en", "fr"]
contact = "ada@acme.example"

[[brands]]
name = "Nordelia"

"""
RULES = """
[[rules]]
name = "mentions"
find = 'nordelia OR #nordelia'
then = []

[[rules]]
name = "complaints"
find = '(nordelia OR "grand cru") (refund OR late) -is:own'
then = []

[[rules]]
name = "press"
find = 'from:press nordelia'
then = []
"""
SOURCES = """
[[sources]]
name = "town"
kind = "mastodon"
server = "https://town.example"
query = "#coffee"

[[sources]]
name = "hall"
kind = "mastodon"
server = "https://hall.example"
query = "local"

[[sources]]
name = "live"
kind = "bluesky"
query = "jetstream"
keep = { any = ["nordelia"] }

[[sources]]
name = "paid"
kind = "x"
token = "${X_BEARER_TOKEN}"
query = "@nordelia"
budget_day = 300

[[sources]]
name = "blog"
kind = "feed"
url = "https://blog.example/feed.xml"

[[sources]]
name = "old"
kind = "archive"
file = "old.jsonl"
enabled = false
"""


@pytest.fixture
def networks(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal beside a watcher of several networks, each with a trouble of its own."""
    monkeypatch.setenv("X_BEARER_TOKEN", "secret")
    (terminal.folder / "watcher.toml").write_text(HEAD + SOURCES + RULES)
    (terminal.folder / "data").mkdir()
    with closing(Store.open(load(terminal.folder / "watcher.toml").store_url)) as store:
        _read(store, "town", NOW - timedelta(minutes=2), gap=(9, 8, "town.example was down"))
        _read(store, "hall", NOW - timedelta(minutes=9))
        _read(store, "blog", NOW - timedelta(hours=1))
        store.record_stream(
            "live", NOW - timedelta(hours=3), NOW, timedelta(minutes=12), reached_newest=False
        )
        kept_away = Page(posts=(), cursor="1", more=True, left_out=48_200)
        store.save_page("live", kept_away, NOW - timedelta(hours=2))
        store.reserve_reads("paid", NOW.date(), 300, least=10, of_day=None, of_month=None)
        error = "the day's budget is spent"
        store.record_pull("paid", NOW, NOW, reached_newest=False, error=error)
        for minutes in (20, 10):
            then = NOW - timedelta(minutes=minutes)
            error = "blog.example answered with HTML where a feed belongs"
            store.record_pull("blog", then, then, reached_newest=False, error=error)
    leave(terminal.folder / "data", _throttled())
    return terminal


def _read(
    store: Store, name: str, at: datetime, *, gap: tuple[int, int, str] | None = None
) -> None:
    gaps = ()
    if gap:
        since, until, why = gap
        gaps = (
            Gap(since=NOW - timedelta(hours=since), until=NOW - timedelta(hours=until), why=why),
        )
    long_ago = NOW - timedelta(hours=20)
    store.record_pull(name, long_ago, long_ago, reached_newest=True)
    store.save_page(name, Page(posts=(), cursor="1", more=False, gaps=gaps), at)
    store.record_pull(name, at, at, reached_newest=True)


def _throttled() -> Budgets:
    class At(Budgets):
        """Budgets at the terminal's time."""

        def of(self, host: str, account: str = "") -> Budget:
            return self._budgets.setdefault((host, account), Budget(host, clock=lambda: NOW))

    budgets = At()
    reset = (NOW + timedelta(minutes=4)).isoformat()
    limits = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "212"}
    budgets.of("town.example").note(200, {**limits, "X-RateLimit-Reset": reset})
    budgets.of("hall.example").note(429, {"Retry-After": "240"})
    return budgets


def test_the_list_tells_what_was_read_missed_and_spent(networks: Terminal) -> None:
    seen = networks.type("sources", "list", columns=100)
    assert seen.code == 0
    compare("cli-sources", f"$ watcher sources list\n{seen.screen}")


def test_the_list_for_programs_has_the_same(networks: Terminal) -> None:
    by_name = {
        one["name"]: one for one in json.loads(networks.pipe("sources", "list", "--json").out)
    }
    assert {name: one["left_out"] for name, one in by_name.items() if one["left_out"]} == {
        "live": 48_200
    }
    assert list(by_name) == ["town", "hall", "live", "paid", "blog", "old"]
    assert len(by_name["town"]["windows"]) == 2
    assert by_name["town"]["gaps"][0]["why"] == "town.example was down"
    assert by_name["town"]["limits"][0]["remaining"] == 212
    assert by_name["hall"]["state"] == "throttled, goes on in 4 min"
    assert by_name["live"]["behind_seconds"] == 720
    assert by_name["paid"]["spent"]["cost_today"] == pytest.approx(1.5)
    assert by_name["blog"]["failures"] == 2
    assert by_name["old"]["state"] == "off"


def test_the_status_of_several_networks(networks: Terminal) -> None:
    compare("cli-status-networks", "$ watcher status\n" + networks.type("status").screen)


def test_without_sources_the_list_says_so(terminal: Terminal) -> None:
    (terminal.folder / "watcher.toml").write_text(HEAD)
    assert "no [[sources]] are configured" in terminal.type("sources", "list").screen


def test_a_damaged_file_of_limits_is_as_none(networks: Terminal) -> None:
    (networks.folder / "data" / "limits.json").write_text('[{"host": 4}]')
    assert networks.pipe("sources", "list").code == 0


def test_the_check_of_several_networks(networks: Terminal) -> None:
    with Loopback(_town) as server:
        path = networks.folder / "watcher.toml"
        text = path.read_text()
        for host in ("town.example", "hall.example", "blog.example"):
            text = text.replace(f"https://{host}", server.url)
        path.write_text(text.replace('kind = "x"\n', f'kind = "x"\naddress = "{server.url}"\n'))
        seen = networks.pipe("sources", "check", "town", "hall", "PAID", "blog", "--timeout", "5")
    assert seen.code == 1
    told = seen.out.replace(server.host, "HOST")
    compare("cli-sources-check", f"$ watcher sources check town hall PAID blog\n{told}")


def test_who_names_an_unknown_source_is_told_the_known_ones(networks: Terminal) -> None:
    seen = networks.pipe("sources", "check", "twon")
    assert seen.code == 2
    assert "town" in seen.err


def _town(asked: Asked) -> Reply:
    answers = {
        "/api/v1/timelines/tag/coffee": [],
        "/api/v2/instance": {"domain": "town.example", "version": "4.3.0"},
        "/2/usage/tweets": {"data": {"project_usage": "480", "project_cap": "10000"}},
    }
    if asked.path in answers:
        kind = {"Content-Type": "application/json"}
        return Reply(200, json.dumps(answers[asked.path]).encode(), kind)
    if asked.path == "/feed.xml":
        feed = b"<rss version='2.0'><channel><title>Blog</title></channel></rss>"
        return Reply(200, feed, {"Content-Type": "application/rss+xml"})
    return Reply(404, b"{}", {"Content-Type": "application/json"})


# --- suggest --------------------------------------------------------------------------------------


@pytest.fixture
def logged_in(terminal: Terminal) -> Iterator[Terminal]:
    """A terminal where somebody has logged in to two networks, and nothing is configured yet."""
    (terminal.folder / "watcher.toml").write_text(HEAD + RULES)
    folder = terminal.folder / "data" / "logins"
    folder.mkdir(parents=True)
    held = {"server": "https://town.example", "account": "acme", "token": "x"}
    (folder / "mastodon-town.example.json").write_text(json.dumps(held))
    held = {"server": "https://bsky.social", "handle": "acme.bsky.social", "session": ""}
    (folder / "bluesky-acme.bsky.social.json").write_text(json.dumps(held))
    return terminal


def test_the_fewest_sources_are_proposed_to_be_pasted(logged_in: Terminal) -> None:
    seen = logged_in.type("sources", "suggest", columns=100)
    compare("cli-sources-suggest", f"$ watcher sources suggest\n{seen.screen}")


def pasted(at: Terminal) -> list[str]:
    """Paste what is proposed, and return what is proposed after that."""
    path = at.folder / "watcher.toml"
    path.write_text(path.read_text() + at.pipe("sources", "suggest").out)
    config = load(path, {"X_BEARER_TOKEN": "x"})
    assert config.warnings == ()
    after = json.loads(at.pipe("sources", "suggest", "--json").out)
    return [one["table"]["query"] for one in after["sources"]]


def test_what_was_pasted_loads_and_is_not_proposed_again(logged_in: Terminal) -> None:
    assert pasted(logged_in) == []


def test_without_a_log_in_a_sifted_stream_takes_the_place_of_searches(
    terminal: Terminal,
) -> None:
    source = '[[sources]]\nname = "press"\nkind = "bluesky"\nquery = "@press.bsky.social"\n'
    (terminal.folder / "watcher.toml").write_text(HEAD + RULES + source)
    (draft,) = json.loads(terminal.pipe("sources", "suggest", "--json").out)["sources"]
    assert draft["table"]["query"] == "jetstream"
    assert draft["table"]["keep"] == {"any": ["#nordelia", '"grand cru"', "nordelia"]}
    assert draft["rules"] == ["mentions", "complaints"]
    assert pasted(terminal) == []


def test_a_public_timeline_feeds_every_rule(terminal: Terminal) -> None:
    source = '[[sources]]\nname = "t"\nkind = "mastodon"\nserver = "https://town.example"\n'
    (terminal.folder / "watcher.toml").write_text(HEAD + RULES + source)
    answer = json.loads(terminal.pipe("sources", "suggest", "--json").out)
    assert answer["sources"] == []
    assert {one["rule"] for one in answer["fed"]} == {"mentions", "complaints", "press"}


def test_a_rule_that_cannot_be_asked_for_needs_all_that_the_server_has(
    logged_in: Terminal,
) -> None:
    path = logged_in.folder / "watcher.toml"
    path.write_text(path.read_text() + "\n[[rules]]\nname = 'begun'\nfind = 'norde*'\nthen = []\n")
    answer = json.loads(logged_in.pipe("sources", "suggest", "--json").out)
    towns = [one["table"] for one in answer["sources"] if one["network"] == "mastodon"]
    assert [table["query"] for table in towns] == ["public"]
    assert [(one["rule"], one["network"]) for one in answer["unaskable"]] == [("begun", "bluesky")]


def test_on_x_one_source_asks_for_all_rules(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", "secret")
    token = 'token = "${X_BEARER_TOKEN}"\n'
    source = f'[[sources]]\nname = "us"\nkind = "x"\n{token}query = "@nordelia"\n'
    (terminal.folder / "watcher.toml").write_text(HEAD + RULES + source)
    (draft,) = json.loads(terminal.pipe("sources", "suggest", "--json").out)["sources"]
    assert draft["table"]["rules"] == ["mentions", "complaints", "press"]
    assert pasted(terminal) == []


def test_where_no_network_is_known_it_is_said_how_to_get_to_one(terminal: Terminal) -> None:
    (terminal.folder / "watcher.toml").write_text(HEAD + RULES)
    seen = terminal.pipe("sources", "suggest")
    assert seen.out == ""
    assert "`watcher login bluesky` logs in" in seen.err


def test_a_foreign_file_among_the_log_ins_is_passed_over(logged_in: Terminal) -> None:
    folder: Path = logged_in.folder / "data" / "logins"
    (folder / "mastodon-bad.json").write_text("[")
    (folder / "other.json").write_text("[]")
    assert logged_in.pipe("sources", "suggest").code == 0


# --- a first configuration ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "asks"),
    [("Bluesky", "jetstream"), ("https://Town.example/", "public at town.example")],
)
def test_a_first_configuration_may_read_a_network(
    network: str, asks: str, terminal: Terminal
) -> None:
    words = ("init", "--brand", 'Crédit "Vert"', "--email", "ada@acme.example", "--yes")
    assert terminal.pipe(*words, "--network", network).code == 0
    config = load(terminal.folder / "watcher.toml")
    assert config.warnings == ()
    assert [source.asks for source in config.sources] == [asks]
    assert json.loads(terminal.pipe("sources", "suggest", "--json").out)["sources"] == []


def test_a_network_may_be_typed_where_it_is_asked_for(terminal: Terminal) -> None:
    keys = "Acme\nada@acme.example\nblue\nhttp://town.example\nbluesky\n"
    seen = terminal.pipe("init", text=keys)
    assert seen.code == 0
    assert "over plain http others may read along" in seen.out + seen.err
    (source,) = load(terminal.folder / "watcher.toml").sources
    assert source.kind == "bluesky"


def test_a_file_and_a_network_are_one_too_many(terminal: Terminal) -> None:
    (terminal.folder / "posts.jsonl").write_text("")
    words = ("init", "--archive", "posts.jsonl", "--network", "bluesky", "--yes")
    assert terminal.pipe(*words).code == 2
