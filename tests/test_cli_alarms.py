"""Alarms at the command line: counted by `once`, shown by a preview, written into the mail."""

import json

from tests.cli_fixtures import acme, terminal
from tests.terminal import Terminal

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
    assert json.loads(acme.pipe("once", "--json").out)["matched"]["alarms"] == 0
