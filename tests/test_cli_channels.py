"""The commands about channels that are no mails."""

import json
from collections.abc import Iterator

import pytest

from tests.cli_fixtures import CONFIG, acme, terminal
from tests.faults import Loopback, Reply
from tests.terminal import Terminal

__all__ = ["acme", "terminal"]

CHANNELS = """
[[channels]]
name = "team"
kind = "notify"
url = "${TEAM}"
send = "instant"

[[channels]]
name = "crm"
kind = "webhook"
url = "${HOOK}"
secret = "${KEY}"
send = "instant"

[[channels]]
name = "press"
kind = "feed"
file = "feeds/press"
send = "instant"
"""


@pytest.fixture
def web(acme: Terminal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A server that chats and webhooks are posted to."""
    with Loopback(lambda _: Reply()) as server:
        monkeypatch.setenv("TEAM", f"ntfy://{server.host}/s3cret-topic")
        monkeypatch.setenv("HOOK", f"{server.url}/s3cret-path")
        monkeypatch.setenv("KEY", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")
        text = CONFIG.replace('then = ["daily"]', 'then = ["daily", "team", "crm", "press"]')
        (acme.folder / "watcher.toml").write_text(text + CHANNELS)
        assert acme.pipe("local", "post", "@zoe", "acme at last").code == 0
        yield server


def test_what_leaves_is_said_by_its_kind(acme: Terminal, web: Loopback) -> None:
    once = acme.pipe("once")
    assert "wrote a digest for team: 1 message" in once.out
    assert "wrote a digest for crm: 1 webhook call" in once.out
    assert "wrote a digest for press: 1 feed update" in once.out
    assert "1 message, 1 webhook call, 1 feed update" in once.out
    listed = acme.pipe("deliveries", "list").out
    for words in ("team", "notify", "ntfy", "crm", "webhook", "press", "feed"):
        assert words in listed
    told = json.loads(acme.pipe("deliveries", "list", "--json").out)
    kinds = {one["channel"]: one["kind"] for one in told}
    assert kinds == {"team": "notify", "crm": "webhook", "press": "feed"} | (
        {"daily": "email"} if "daily" in kinds else {}
    )
    assert "webhook" in acme.pipe("digests", "list").out
    assert "messages: " in acme.pipe("status").out


@pytest.mark.drill
def test_each_message_can_be_read(acme: Terminal, web: Loopback) -> None:
    acme.pipe("once")
    ids = {
        one["kind"]: str(one["id"])
        for one in json.loads(acme.pipe("deliveries", "list", "--json").out)
    }
    note = acme.pipe("deliveries", "show", ids["notify"]).out
    assert "of team (notify): sent" in note
    assert "acme at last" in note
    assert '"type": "brand-watch.digest"' in acme.pipe("deliveries", "show", ids["webhook"]).out
    assert "press: " in acme.pipe("deliveries", "show", ids["feed"]).out


@pytest.mark.drill
def test_a_message_can_be_looked_at_before_it_leaves(acme: Terminal, web: Loopback) -> None:
    for channel in ("team", "crm", "press"):
        shown = acme.pipe("digests", "preview", channel)
        assert shown.code == 0
        assert shown.out.strip()
    assert web.asked == []


@pytest.mark.drill
def test_check_tries_each_way_out_and_sends_nothing(acme: Terminal, web: Loopback) -> None:
    checked = acme.pipe("check")
    assert "channel team" in checked.out
    assert "ntfy: an address of ntfy" in checked.out
    assert "127.0.0.1 answers" in checked.out
    assert "press.atom" in checked.out
    assert web.asked == []


def test_check_says_what_apprise_does_not_know(
    acme: Terminal, web: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM", "nothing://s3cret-topic")
    checked = acme.pipe("check")
    assert checked.code == 1
    assert "Apprise knows no service with such an address" in checked.out + checked.err
    assert "s3cret" not in checked.out + checked.err


@pytest.mark.drill
def test_no_command_shows_what_is_secret(acme: Terminal, web: Loopback) -> None:
    web.answer = lambda asked: Reply(403, f"go away, {asked.target}".encode())
    screens = [acme.pipe(*words) for words in (
        ("check",), ("once",), ("status",), ("deliveries", "list"), ("digests", "list"),
        ("digests", "preview", "team"), ("deliveries", "list", "--json"),
    )]  # fmt: skip
    told = "".join(one.out + one.err for one in screens)
    assert "403" in told
    assert "s3cret" not in told
