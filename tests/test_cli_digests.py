"""`watcher digests send|show`: out of turn, and as it was sent."""

import json
from contextlib import closing

from tests.cli_fixtures import acme, terminal
from tests.store.samples import NOON, mails, waiting
from tests.terminal import Terminal
from watcher.config import load
from watcher.presence import alone
from watcher.store import Store

__all__ = ["acme", "terminal"]


def spoken(acme: Terminal) -> None:
    assert acme.pipe("local", "post", "@zoe", "My acme hinge broke").code == 0


def test_a_digest_leaves_before_its_time_and_tells_nothing_twice(acme: Terminal) -> None:
    spoken(acme)
    assert acme.pipe("once").code == 0
    first = acme.pipe("digests", "list", "--json").out
    spoken(acme)
    acme.pipe("local", "post", "@ann", "acme again, and again")
    acme.pipe("once")
    sent = acme.pipe("digests", "send", "daily")
    assert (sent.code, sent.out) == (0, "wrote 2 mails, sent 2\n")
    assert len(json.loads(acme.pipe("digests", "list", "--json").out)) == len(json.loads(first)) + 1
    again = acme.pipe("digests", "send", "DAILY")
    assert (again.code, again.out) == (0, "nothing waits for daily: nothing was sent\n")


def test_a_digest_is_shown_from_the_bytes_that_were_sent(acme: Terminal) -> None:
    spoken(acme)
    acme.pipe("once")
    if not json.loads(acme.pipe("digests", "list", "--json").out):
        acme.pipe("digests", "send", "daily")
    shown = acme.pipe("digests", "show", "1")
    assert shown.code == 0
    assert "digest 1 of daily, written " in shown.out
    assert "ada@acme.example: sent" in shown.out
    assert "My *acme* hinge broke" in shown.out
    assert acme.pipe("digests", "show", "1", "--html", "seen.html").code == 0
    page = (acme.folder / "seen.html").read_text()
    assert "hinge broke" in page
    assert "cid:" not in page
    told = json.loads(acme.pipe("digests", "show", "1", "--json").out)
    assert [one["to"] for one in told["deliveries"]] == ["bob@acme.example", "ada@acme.example"]
    assert acme.pipe("digests", "show", "1", "--to", "bob@acme.example").code == 0


def test_what_was_never_sent_is_a_mistake(acme: Terminal) -> None:
    assert "there is no digest 9" in acme.pipe("digests", "show", "9").err
    nobody = acme.pipe("digests", "show", "1", "--to", "cy@acme.example")
    assert nobody.code != 0
    assert (
        "there is no channel of messages called 'dayly'"
        in acme.pipe("digests", "send", "dayly").err
    )


def test_a_running_watcher_sends_what_is_written_before_its_time(acme: Terminal) -> None:
    for text in ("acme", "acme again"):
        acme.pipe("local", "post", "@ann", text)
        acme.pipe("once")
    config = load(acme.folder / "watcher.toml", {})
    with alone(config.data, config.store_url), closing(Store.open(config.store_url)) as store:
        other = waiting(store, channel="other")
        store.freeze("other", NOON, other, mails("cy@acme.example"), NOON, "")
        under_way = store.claim_delivery(NOON)
        assert under_way is not None
        sent = acme.pipe("digests", "send", "daily")
        assert (sent.code, sent.err) == (0, "")
        assert sent.out == "wrote 2 mails, to be sent by the watcher that is running\n"
        assert [one.attempts for one in store.deliveries(limit=2)] == [0, 0]
        store.handing_over(under_way.attempt, NOON)  # it was not ended under its hands
