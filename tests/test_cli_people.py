"""`watcher people` and `watcher inbox`, as a person and as a program see them."""

import json

from tests.cli_fixtures import acme, terminal
from tests.terminal import Terminal, compare
from tests.test_cli_screens import screens

__all__ = ["acme", "terminal"]


def test_who_matters_and_who_waits_are_shown(acme: Terminal) -> None:
    path = acme.folder / "watcher.toml"
    path.write_text(
        path.read_text().replace('name = "Acme"\n', 'name = "Acme"\naccounts = ["acme"]\n')
    )
    before = screens(acme, ("people",), ("inbox",), ("inbox", "handled"))
    acme.pipe("local", "post", "@ann", "@acme still waiting for my refund, Acme!")
    acme.pipe("local", "post", "@bob", "@ann @acme me too")
    acme.pipe("once")
    acme.now = acme.now.replace(hour=19)
    listed = screens(acme, ("people", "acme"), ("inbox", "--after", "1h"))
    (entry, *_) = json.loads(acme.pipe("inbox", "--after", "1h", "--json").out)["waiting"]
    number = str(entry["number"])
    after = screens(
        acme,
        ("inbox", "later", number),
        ("inbox", "done", number, "--note", "called"),
        ("inbox", "reopen", number),
        ("inbox", "handled"),
        ("inbox", "done", "999"),
        ("people", "acne"),
    )
    compare("cli-people", "\n".join((before, listed, after)))
    found = json.loads(acme.pipe("people", "--json").out)
    assert found["brands"] == ["Acme"]
