"""`watcher forget` as a person types it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli_fixtures import CONFIG, terminal
from tests.terminal import Terminal, compare

pytestmark = pytest.mark.drill  # each walks the whole way, in a second or more

__all__ = ["terminal"]


@pytest.fixture(scope="session")
def _read(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which Zoe and Kim spoke of the brand, and a mail told of it; made once."""
    folder = tmp_path_factory.mktemp("read")
    config = CONFIG.replace('send = "daily"\nat = "08:00"', 'send = "instant"')
    (folder / "watcher.toml").write_text(config)
    with pytest.MonkeyPatch.context() as patch:
        at = Terminal(folder, patch)
        for who, text in (
            ("@zoe", "Bonjour"),
            ("@zoe", "acme is late, says Zoe"),
            ("@kim", "acme is fine, says Kim"),
        ):
            assert at.pipe("local", "post", who, text).code == 0
        assert at.pipe("once").code == 0
    return folder


@pytest.fixture
def read(_read: Path, terminal: Terminal) -> Terminal:
    """A terminal in a copy of it."""
    shutil.copytree(_read, terminal.folder, dirs_exist_ok=True)
    return terminal


def shown(at: Terminal, *words: str, **more: str) -> str:
    return f"$ watcher {' '.join(words)}\n" + at.type(*words, **more).screen


def indexed(at: Terminal) -> bytes:
    """Return all that the files of the search index hold."""
    index = at.folder / "data" / "index"
    return b"".join(path.read_bytes() for path in index.rglob("*") if path.is_file())


def test_a_person_is_erased_and_kept_out(read: Terminal) -> None:
    seen = shown(read, "forget", "@zoe", keys="y\n")
    seen += shown(read, "search", "acme") + shown(read, "status").splitlines()[-1] + "\n"
    assert read.pipe("local", "post", "@zoe", "acme once more").code == 0
    assert read.pipe("once").code == 0
    seen += shown(read, "search", "acme") + shown(read, "forget", "--undo", "local:zoe")
    compare("cli-forget", seen)
    (hit,) = json.loads(read.pipe("search", "acme", "--json").out)
    assert hit["author"] == "kim"
    assert json.loads(read.pipe("status", "--json").out)["forgotten"] == 0


def test_nothing_is_erased_unless_somebody_agrees(read: Terminal) -> None:
    assert read.type("forget", "@zoe", keys="n\n").code == 1
    refused = read.pipe("forget", "@zoe")
    assert (refused.code, "add --yes" in refused.err) == (2, True)
    assert len(json.loads(read.pipe("search", "acme", "--json").out)) == 2


def test_no_file_of_the_data_folder_holds_the_words_any_more(read: Terminal) -> None:
    said = json.loads(read.pipe("forget", "@zoe", "--yes", "--json").out)
    assert (said["posts"], said["posts_erased"], said["index_cleared"]) == (2, 2, True)
    assert b"account:local" in indexed(read)
    assert b"zoe" not in indexed(read)


def test_who_was_never_seen_can_be_kept_out(read: Terminal) -> None:
    unknown = read.pipe("forget", "@nobody", "--yes")
    assert (unknown.code, "network:handle" in unknown.err) == (2, True)
    assert read.pipe("forget", "local:nobody", "--yes").code == 0
    assert read.pipe("local", "post", "@nobody", "acme, acme").code == 0
    assert read.pipe("once").code == 0
    assert "nobody" not in read.pipe("search", "acme").out
    assert read.pipe("forget", "--undo", "local:somebody").code == 2


def test_a_damaged_file_of_the_archive_is_told_when_all_else_is_cleared(read: Terminal) -> None:
    config = read.folder / "watcher.toml"
    config.write_text(config.read_text() + '\n[store]\nlog = true\narchive = "kept"\n')
    (read.folder / "kept").mkdir()
    (read.folder / "kept" / "log-2026-01-01.parquet").write_bytes(b"no")
    done = read.pipe("forget", "@zoe", "--yes")
    assert done.code != 0
    assert "log-2026-01-01.parquet" in done.err
    assert b"zoe" not in indexed(read)


def test_a_pending_mail_is_made_again_without_the_person(read: Terminal) -> None:
    assert read.pipe("local", "post", "@zoe", "acme burns").code == 0
    assert read.pipe("local", "post", "@kim", "acme shines").code == 0
    path = read.folder / "watcher.toml"
    nobody_there = 'kind = "smtp"\nhost = "127.0.0.1"\nport = 1\nsecurity = "none"'
    mail = path.read_text().replace('kind = "outbox"', nobody_there)
    path.write_text(mail.replace('folder = "outbox"\n', ""))
    read.now = read.now.replace(hour=9)
    read.pipe("once")
    assert "pending" in read.pipe("deliveries", "list").out
    assert "burns" in read.pipe("deliveries", "show", "3").out
    assert read.pipe("forget", "@zoe", "--yes").code == 0
    shown = read.pipe("deliveries", "show", "3").out
    assert "shines" in shown
    assert "burns" not in shown
    assert "zoe" not in shown
