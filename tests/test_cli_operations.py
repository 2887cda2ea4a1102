"""What docs/operations.md promises an operator holds."""

import json
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli_fixtures import _demo_folder, acme, demo, terminal
from tests.terminal import Terminal
from watcher.service import GRACE

pytestmark = pytest.mark.drill  # each walks the whole way, in a second or more

__all__ = ["_demo_folder", "acme", "demo", "terminal"]

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "operations.md").read_text()
DATA = Path("watcher-data")


def unit() -> str:
    found = re.search(r"```ini\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def test_the_unit_waits_longer_than_the_service_takes_to_stop() -> None:
    wait = re.search(r"TimeoutStopSec=(\d+)", unit())
    assert wait
    assert int(wait[1]) > GRACE.total_seconds()
    assert f"gets {GRACE.total_seconds():.0f} seconds" in unit()


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    path = tmp_path / "watcher.service"
    path.write_text(unit().replace("/usr/local/bin/watcher", "/bin/true"))
    done = subprocess.run([program, "verify", str(path)], capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if "watcher.service" in line] == []


def test_a_backup_is_enough_to_go_on(demo: Terminal) -> None:
    """The database alone, without the index: as the page says."""
    posts = json.loads(demo.pipe("status", "--json").out)["posts"]
    demo.pipe("suspects", "confirm", "6", "--note", "fraud")
    with (
        closing(sqlite3.connect(DATA / "watcher.sqlite")) as source,
        closing(sqlite3.connect("backup.sqlite")) as copy,
    ):
        source.backup(copy)
    shutil.rmtree(DATA)
    DATA.mkdir()
    Path("backup.sqlite").rename(DATA / "watcher.sqlite")
    seen = demo.pipe("once")
    assert "pulled town: 0 new posts" in seen.out
    assert f"indexed {posts} posts" in seen.out
    assert "no mail was due" in seen.out
    assert demo.pipe("search", "nordelia", "-n", "1").out
    assert json.loads(demo.pipe("suspects", "show", "6", "--json").out)["verdict"] == "confirmed"


def test_a_database_of_a_newer_program_is_left_alone(demo: Terminal) -> None:
    with closing(sqlite3.connect(DATA / "watcher.sqlite")) as database:
        database.execute("UPDATE watcher_version SET version_num = '9999'")
        database.commit()
    seen = demo.pipe("status")
    assert seen.code == 1
    assert "the database is newer than this program" in seen.err
    assert "restore the backup" in seen.err


def test_old_posts_go_and_suspects_stay(demo: Terminal) -> None:
    path = Path("watcher.toml")
    path.write_text(path.read_text() + "\n[store]\nkeep_days = 30\n")
    before = json.loads(demo.pipe("status", "--json").out)
    demo.now += timedelta(days=31)
    seen = demo.pipe("once", "--json")
    after = json.loads(demo.pipe("status", "--json").out)
    assert json.loads(seen.out)["forgotten"] == before["posts"] - after["posts"] > 0
    assert after["suspects"] == before["suspects"]
    assert after["posts"] > 0  # those that speak for a suspect, and those that wait


def test_a_source_that_fails_is_told_by_cron_and_by_status(acme: Terminal) -> None:
    path = acme.folder / "watcher.toml"
    path.write_text(
        path.read_text() + '[[sources]]\nname = "gone"\nkind = "archive"\nfile = "gone.jsonl"\n'
    )
    seen = acme.pipe("once")
    assert seen.code == 1
    assert "there is no file" in seen.err
    status = json.loads(acme.pipe("status", "--json").out)
    assert [source["failures"] for source in status["sources"]] == [1, 0]


MESSAGES = re.findall(r"^\| `([^`|]*)`", PAGE.split("## What a message means")[1], re.MULTILINE)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_of_the_page_is_one_of_the_program(message: str) -> None:
    """The longest stretch between what varies stands in the code."""
    part = max(re.split(r"\.\.\.|\d+|: ", message), key=len).strip().rstrip(":")
    if part in ("watcher.toml", "skipped", "failed", "times"):
        return
    code = "".join(
        path.read_text() for room in ("watcher", "alerts", "rules") for path in
        (ROOT / room).rglob("*.py")
    )  # fmt: skip
    assert part in code


def test_a_long_path_of_a_mail_is_shown_by_the_name_of_its_file(demo: Terminal) -> None:
    short = demo.type("deliveries", "show", "1", columns=60).screen
    assert "  sent  written to …/000001-" in short
    wide = demo.type("deliveries", "show", "1", columns=400).screen
    assert "/watcher-data/outbox/000001-" in wide
    assert "/watcher-data/outbox/000001-" in demo.pipe("deliveries", "show", "1").out
