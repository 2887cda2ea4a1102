"""Alarms at the command line: counted by `once`, shown by a preview, written into the mail."""

import json

from tests.cli_fixtures import acme, terminal
from tests.terminal import Terminal, compare
from tests.test_cli_screens import screens

__all__ = ["acme", "terminal"]


def test_an_alarm_is_counted_previewed_and_mailed(acme: Terminal) -> None:
    path = acme.folder / "watcher.toml"
    rate = 'find = "acme"\nrate = { kind = "frequency", at_least = 2, within = "1h" }'
    path.write_text(path.read_text().replace('find = "acme"', rate))
    assert ", 0 new suspects\n" in acme.pipe("once").out
    for who in ("@ann", "@bob"):
        acme.pipe("local", "post", who, "Acme again")
    done = acme.pipe("once")
    assert "2 matches, 0 new suspects, 1 alarm\n" in done.out
    shown = acme.pipe("digests", "preview", "daily").out
    assert "! acme: 2 posts within 1 hour." in shown
    once = json.loads(acme.pipe("once", "--json").out)["matched"]
    assert (once["alarms"], once["rates_failed"], once["rates_cut"]) == (0, {}, [])


def test_alarms_are_listed(acme: Terminal) -> None:
    path = acme.folder / "watcher.toml"
    rate = 'find = "acme"\nrate = { kind = "new_term", field = "domain", learn = "0d" }'
    path.write_text(path.read_text().replace('find = "acme"', rate))
    before = screens(acme, ("alarms", "list"), ("alarms", "list", "--rule", "amce"))
    acme.pipe("local", "post", "@ann", "Acme again https://acme-login.example/x")
    acme.pipe("once")
    acme.pipe("local", "post", "@bob", "Acme, and https://café.example")
    acme.pipe("once")
    after = screens(acme, ("alarms", "list"), ("alarms", "list", "--rule", "ACME", "-n", "1"))
    compare("cli-alarms", before + "\n" + after)
    [_, first] = json.loads(acme.pipe("alarms", "list", "--json").out)
    assert (first["kind"], first["group"]) == ("new_term", "acme-login.example")
    assert len(first["posts"]) == 1
    assert first["reason"] == "acme-login.example appears for the first time in 30d."
