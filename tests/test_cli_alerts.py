"""`watcher silence` and `watcher ack`, as they are seen."""

import json
from datetime import timedelta

from tests.cli_fixtures import acme, terminal
from tests.terminal import Terminal, compare
from tests.test_cli_screens import screens

__all__ = ["acme", "terminal"]

STORM = """
[[rules]]
name = "storm"
find = "acme"
rate = { kind = "frequency", at_least = 2 }
then = ["daily"]
"""


def test_silences_on_the_screen(acme: Terminal) -> None:
    commands = [
        ("silence", "list"),
        ("silence", "add", "--for", "4h", "--because", "x"),
        ("silence", "add", "--rule", "amce", "--for", "4h", "--because", "x"),
        ("silence", "add", "--rule", "acme", "--for", "soon", "--because", "x"),
        ("silence", "add", "--rule", "acme", "--for", "91d", "--because", "x"),
        ("silence", "add", "--find", "(launch", "--for", "4h", "--because", "x"),
        ("silence", "add", "--rule", "ACME", "--for", "4h", "--because", "our launch"),
        ("silence", "list"),
        ("silence", "expire", "1", "--by", "lou"),
        ("silence", "list"),
        ("silence", "list", "--state", "expired"),
        ("silence", "expire", "7"),
    ]
    compare("cli-silence", screens(acme, *commands))
    [one] = json.loads(acme.pipe("silence", "list", "--state", "all", "--json").out)
    assert (one["id"], one["active"], one["rule"], one["ended_by"]) == (1, False, "acme", "lou")


def test_urgent_news_is_acknowledged_on_the_screen(acme: Terminal) -> None:
    path = acme.folder / "watcher.toml"
    path.write_text(path.read_text() + STORM)
    for _ in range(2):
        acme.pipe("local", "post", "@zoe", "acme burns")
    acme.pipe("once")
    acme.now += timedelta(minutes=40)
    commands = [
        ("ack",),
        ("ack", "1", "--all"),
        ("ack", "9"),
        ("ack", "1"),
        ("ack", "1", "--by", "lou"),
        ("ack", "--all"),
        ("digests", "list"),
        ("alarms", "list", "--rule", "storm"),
    ]
    compare("cli-ack", screens(acme, *commands))
    [digest] = json.loads(acme.pipe("digests", "list", "--json").out)
    assert (digest["urgent"], digest["acknowledged_by"]) == (True, "ada")


def test_a_hostile_silence_does_no_harm_on_the_screen(acme: Terminal) -> None:
    acme.pipe("silence", "add", "--author", "\x1b[31mann", "--for", "1h", "--because", "a\x1bb")
    assert "\x1b[31mann" not in acme.pipe("silence", "list").out
