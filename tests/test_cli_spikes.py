"""`watcher spikes replay` at the command line, over a series and over stored posts."""

import json
from datetime import UTC, datetime, timedelta

from tests.cli_fixtures import CONFIG, acme, terminal
from tests.terminal import Terminal, compare
from tests.test_cli_screens import screens

__all__ = ["acme", "terminal"]

START = datetime(2026, 3, 2, tzinfo=UTC)


def series(acme: Terminal) -> str:
    hour = timedelta(hours=1)
    rows = [(START + n * hour, 200 if n in (130, 131) else 8 + n % 3) for n in range(24 * 7)]
    path = acme.folder / "mentions.csv"
    path.write_text("time,count\n" + "".join(f"{at.isoformat()},{n}\n" for at, n in rows))
    marks = acme.folder / "crises.json"
    since = START + 130 * hour
    marks.write_text(json.dumps([[since.isoformat(), (since + 6 * hour).isoformat()]]))
    return str(path)


def test_a_series_is_replayed_at_several_heights(acme: Terminal) -> None:
    path = series(acme)
    marks = str(acme.folder / "crises.json")
    told = screens(
        acme,
        ("spikes", "replay", "--counts", path, "--windows", marks),
        ("spikes", "replay", "--counts", path, "--height", "40"),
        ("spikes", "replay"),
        ("spikes", "replay", "--brand", "Acme", "--height", "0.5"),
    )
    compare("cli-spikes", told.replace(str(acme.folder), "."))
    assert "there is no such file" in acme.pipe("spikes", "replay", "--counts", "nope.csv").err
    assert "holds no counts" in " ".join(
        acme.pipe("spikes", "replay", "--counts", marks).err.split()
    )
    found = json.loads(acme.pipe("spikes", "replay", "--counts", path, "--json").out)
    assert [one["height"] for one in found] == [2.0, 3.0, 5.0]
    assert all(one["alarms"] == 1 for one in found)


def test_stored_posts_of_a_brand_are_replayed(acme: Terminal) -> None:
    replayed = ("spikes", "replay", "--find", "acme", "--json")
    before = json.loads(acme.pipe(*replayed).out)
    acme.pipe("local", "post", "@ann", "Acme again")
    acme.pipe("once")
    after = json.loads(acme.pipe(*replayed).out)
    assert [one["alarms"] for one in (*before, *after)] == [0] * len((*before, *after))
    assert len(after) == 3


def test_a_brand_is_replayed_over_the_posts_that_speak_of_it(terminal: Terminal) -> None:
    """What its own account writes and what is not about it speaks of it nowhere else either."""
    own = 'name = "Acme"\naccounts = ["acme"]\ncontext = ["café"]\nrelevance = "context"'
    (terminal.folder / "watcher.toml").write_text(CONFIG.replace('name = "Acme"', own))
    for handle, words in (
        ("acme", "Acme café is open"),
        ("ann", "the Acme café again"),
        ("ben", "my acme tent"),
        ("cy", "acme café, no"),
        ("dee", "nothing"),
    ):
        assert terminal.pipe("local", "post", f"@{handle}", words).code == 0
    assert terminal.pipe("once").code == 0
    terminal.now += timedelta(days=1)
    beside = json.loads(terminal.pipe("brands", "Acme", "--json").out)
    assert beside["share_of_voice"]["posts"] == 2
    assert terminal.pipe("spikes", "replay", "--brand", "acme").out.startswith("2 posts from")
    assert "no brand called 'acmi'" in terminal.pipe("spikes", "replay", "--brand", "acmi").err
