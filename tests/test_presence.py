"""One watcher for each data folder and for each database."""

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from watcher.presence import BusyError, Heartbeat, alone, alone_in, database_held
from watcher.store import Store, StoreError

HOLDER = """
import sys
from pathlib import Path
from watcher.presence import alone
with alone(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables, not in any data folder of these tests."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shared' / 'watcher.sqlite'}"
    return str(request.getfixturevalue("postgres_url"))


def test_a_second_watcher_of_a_data_folder_is_refused(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path / name}" for name in ("one.sqlite", "two.sqlite")]
    with (
        alone(tmp_path, urls[0]),
        pytest.raises(BusyError, match="watching with the data in"),
        alone(tmp_path, urls[1]),
    ):
        pass


@pytest.mark.parametrize(
    ("leader", "who"), [("", "process 7 is"), ("process 12 on crow", "process 12 on crow is")]
)
def test_in_the_data_folder_of_a_leader_it_is_said_who_leads(
    tmp_path: Path, leader: str, who: str
) -> None:
    now = datetime.now(UTC)
    url = "postgresql+psycopg://watcher:s3cret@127.0.0.1:1/watcher"
    with alone_in(tmp_path):
        Heartbeat(pid=7, started=now, beat=now, leader=leader).leave(tmp_path)
        with pytest.raises(BusyError, match=who) as raised, alone(tmp_path, url):
            pass
    assert "it does every step by itself" in raised.value.help
    assert "folder" not in raised.value.help
    assert "s3cret" not in f"{raised.value} {raised.value.help}"


def test_a_second_watcher_of_a_database_is_refused_whatever_its_data_folder(
    tmp_path: Path, store_url: str
) -> None:
    with alone(tmp_path / "a", store_url):
        Store.open(store_url).close()
        with (
            pytest.raises(BusyError, match="watching with the database") as raised,
            alone(tmp_path / "b", store_url),
        ):
            pass
        assert "[store] url" in raised.value.help
    with alone(tmp_path / "b", store_url):
        pass


def test_watchers_of_different_databases_work_side_by_side(tmp_path: Path, store_url: str) -> None:
    with alone(tmp_path / "a", store_url), alone(tmp_path / "b", f"sqlite:///{tmp_path / 'x'}"):
        pass


def test_a_refused_watcher_lets_go_of_its_data_folder(tmp_path: Path, store_url: str) -> None:
    other = f"sqlite:///{tmp_path / 'x'}"
    with alone(tmp_path / "a", store_url):
        with pytest.raises(BusyError), alone(tmp_path / "b", store_url):
            pass
        with alone(tmp_path / "b", other):
            pass


def test_one_database_under_two_names_is_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "named.sqlite").symlink_to(tmp_path / "real" / "x.sqlite")
    with alone(tmp_path / "a", f"sqlite:///{tmp_path / 'real' / 'x.sqlite'}"):
        for other in ("link/x.sqlite", "named.sqlite", "a/../real/x.sqlite"):
            with pytest.raises(BusyError), alone(tmp_path / "b", f"sqlite:///{tmp_path / other}"):
                pass


@pytest.mark.drill
def test_a_killed_watcher_leaves_no_lock(tmp_path: Path, store_url: str) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "a"), store_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BusyError), alone(tmp_path / "b", store_url):
            pass
        holder.kill()
    until = time.monotonic() + 30
    while True:  # a server learns of a broken connection a moment later
        try:
            with alone(tmp_path / "a", store_url):
                return
        except BusyError:
            assert time.monotonic() < until


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="only Linux has /proc")
def test_a_folder_that_takes_no_file_is_not_taken_for_one_in_use() -> None:
    with (
        pytest.raises(BusyError, match="the folder /proc cannot be locked") as raised,
        database_held("sqlite:////proc/watcher.sqlite"),
    ):
        pass
    assert "writable" in raised.value.help


def test_a_server_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    url = "postgresql+psycopg://watcher:s3cret@127.0.0.1:1/watcher"
    with pytest.raises(StoreError, match="does not answer") as raised, alone(tmp_path, url):
        pass
    assert "s3cret" not in f"{raised.value} {raised.value.help}"


def test_an_error_of_the_work_is_not_taken_for_one_of_the_lock(
    tmp_path: Path, store_url: str
) -> None:
    with pytest.raises(ZeroDivisionError), alone(tmp_path / "a", store_url):
        raise ZeroDivisionError
    with alone(tmp_path / "a", store_url):
        pass
