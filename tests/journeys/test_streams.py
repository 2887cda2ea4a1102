"""Streams at work: quick to a match, back after a break, never ahead of the rules, soon at rest."""

import statistics
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from tests import stream_drill
from tests.fake_stream import OVERLAP, FakeStream
from watcher import pipeline, service, streams
from watcher.app import App
from watcher.backends import ArchiveSource
from watcher.backends.interface import BackendError, Gap, Page
from watcher.config import load
from watcher.service import Service
from watcher.store import Appended, Store
from watcher.streams import Pause

ROOT = Path(__file__).resolve().parents[2]

CONFIG = """
data = "data"

[[brands]]
name = "Nordelia"

[[sources]]
name = "river"
kind = "archive"
file = "nothing"

[[rules]]
name = "talk"
find = "nordelia"
then = []
"""


def until(condition: Callable[[], object], told: Callable[[], object] = str) -> None:
    """Wait for a condition, at most half a minute."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {told()}"
        time.sleep(0.005)


@pytest.fixture
def river(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> FakeStream:
    """The stream behind every archive source."""
    stream = FakeStream()
    monkeypatch.setattr(ArchiveSource, "stream", True, raising=False)
    monkeypatch.setattr(ArchiveSource, "open", lambda *_, **__: stream)
    monkeypatch.setattr(streams, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(streams, "HOPELESS_PAUSE", 0.02)
    monkeypatch.setattr(service, "CONFIG_EVERY", timedelta(seconds=0.1))
    caplog.set_level("INFO", "watcher")
    return stream


class Inside:
    """A service in a thread of this process."""

    def __init__(self, folder: Path, grace: float = 20) -> None:
        self.path = folder / "watcher.toml"
        if not self.path.exists():
            self.path.write_text(CONFIG)
        self.app = App.open(load(self.path))
        self.service = Service(self.app, grace=timedelta(seconds=grace))
        self.left: tuple[str, ...] = ()
        self._thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        self.left = self.service.work()

    def __enter__(self) -> "Inside":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.service.stopping.set()
        self._thread.join(30)
        self.app.close()
        assert not self._thread.is_alive()

    @property
    def store(self) -> Store:
        return self.app.store

    def matches(self) -> int:
        return self.store.status().matches


def test_a_post_of_a_stream_is_matched_within_a_second(tmp_path: Path, river: FakeStream) -> None:
    with Inside(tmp_path) as inside:
        until(lambda: river.opened)
        waits = []
        for number in range(9):
            river.texts[number] = "nordelia again"
            written = time.monotonic()
            river.posts = number + 1
            until(lambda n=number: inside.matches() == n + 1)
            waits.append(time.monotonic() - written)
        assert statistics.median(waits) < 1


def test_a_stream_that_breaks_is_told_opened_again_and_read_on(
    tmp_path: Path, river: FakeStream, caplog: pytest.LogCaptureFixture
) -> None:
    river.posts = 300
    with Inside(tmp_path) as inside:
        until(lambda: inside.store.count_posts() == 300)
        river.broken = BackendError("the river ran dry", kind="temporary")
        until(lambda: river.opened > 3, lambda: caplog.text)
        until(lambda: inside.store.source_states()[0].failures > 1)
        assert caplog.text.count("stream river: the river ran dry") == 1
        (state,) = inside.store.source_states()
        assert state.last_error == "the river ran dry"
        river.broken, river.posts = None, 600
        until(lambda: inside.store.count_posts() == 600)
        until(lambda: "stream river: works again" in caplog.text)
        until(lambda: inside.store.source_states()[0].failures == 0)


@pytest.fixture
def overtaken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Another process that reads each source on, once, just before a page of it is appended."""
    sources: list[str] = []
    append = Store.append

    def after_another(
        store: Store, source: str, cursor: str | None, page: Page, now: datetime
    ) -> Appended:
        if source not in sources:
            sources.append(source)
            append(store, source, cursor, page, now)
        return append(store, source, cursor, page, now)

    monkeypatch.setattr(Store, "append", after_another)
    return sources


def test_a_stream_that_another_process_reads_on_has_not_failed(
    tmp_path: Path, river: FakeStream, overtaken: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    river.posts = 600
    (tmp_path / "watcher.toml").write_text(CONFIG + "[store]\nlog = true\n")
    with Inside(tmp_path) as inside:
        until(lambda: inside.store.count_posts() == 600, lambda: caplog.text)
        until(lambda: inside.store.source_states()[0].last_success)
        now = datetime.now(UTC)
        (seen,) = inside.store.coverage(["river"], now - timedelta(hours=1), now)
        assert (overtaken, seen.failures) == (["river"], 0)
        assert not [one for one in caplog.records if one.levelname == "ERROR"]


def test_a_pull_that_another_process_overtakes_leaves_the_word_to_it(
    tmp_path: Path, river: FakeStream, overtaken: list[str]
) -> None:
    river.posts = 600
    path = tmp_path / "watcher.toml"
    path.write_text(CONFIG + "[store]\nlog = true\n")
    with App.open(load(path)) as app:
        (source,) = app.config.sources
        assert not pipeline.pull(app, source).error
        (state,) = app.store.source_states()
        assert (overtaken, state.last_pull, state.failures) == (["river"], None, 0)
        assert pipeline.pull(app, source).new == 350 + OVERLAP
        (state,) = app.store.source_states()
        assert (state.last_success, state.failures) == (state.last_pull, 0)
        assert app.store.log_backlog() == 600 + OVERLAP


def test_a_broken_stream_holds_up_nobody_else(tmp_path: Path, river: FakeStream) -> None:
    river.broken = BackendError("refused", kind="refused")
    other = '\n[[sources]]\nname = "town"\nkind = "local"\nfile = "town.db"\nevery = "1s"\n'
    (tmp_path / "watcher.toml").write_text(CONFIG + other)
    with Inside(tmp_path) as inside:
        until(lambda: len(inside.store.source_states()) == 2)


def test_what_lies_behind_is_told_and_is_no_success(
    tmp_path: Path, river: FakeStream, caplog: pytest.LogCaptureFixture
) -> None:
    river.posts, river.behind = 10, timedelta(minutes=7)
    with Inside(tmp_path) as inside:
        until(lambda: "stream river: 7 minutes behind" in caplog.text)
        until(lambda: inside.store.source_states()[0].behind is not None)
        (state,) = inside.store.source_states()
        assert (state.behind, state.last_success) == (timedelta(minutes=7), None)
        river.behind = timedelta()
        until(lambda: "stream river: caught up" in caplog.text)
        until(lambda: inside.store.source_states()[0].last_success)
        now = datetime.now(UTC)
        (seen,) = inside.store.coverage(["river"], now - timedelta(hours=1), now)
        assert (seen.pulls, seen.posts) == (1, 10)


def test_gaps_and_deletions_of_a_stream_are_kept(tmp_path: Path, river: FakeStream) -> None:
    now = datetime.now(UTC)
    gap = Gap(since=now - timedelta(minutes=9), until=now - timedelta(minutes=5), why="throttled")
    river.posts = 3
    with Inside(tmp_path) as inside:
        until(lambda: inside.store.count_posts() == 3)
        river.pages_once = (
            Page(posts=(), cursor="3", more=True, gaps=(gap,)),
            Page(posts=(), cursor="3", more=True, deleted=("n1",)),
        )
        until(lambda: inside.store.count_posts() == 2)
        (seen,) = inside.store.coverage(["river"], now - timedelta(hours=1), datetime.now(UTC))
        assert seen.gaps == ((gap.since, gap.until, "throttled"),)


def test_while_rules_are_behind_nothing_more_is_read(
    tmp_path: Path, river: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    matching = pipeline.match

    def held(app: App, **more: Callable[[], bool]) -> pipeline.Matched:
        go_on.wait(30)
        return matching(app, **more)

    monkeypatch.setattr(pipeline, "match", held)
    monkeypatch.setattr(streams, "MOST_WAITING", 1000)
    river.posts = 5_000
    with Inside(tmp_path) as inside:
        until(lambda: inside.store.backlog() > 1000)
        taken = river.taken
        time.sleep(0.3)  # it would have taken thousands
        assert river.taken == taken <= 1000 + 2 * river.page
        go_on.set()
        until(lambda: inside.store.count_posts() == 5_000)
        until(lambda: inside.matches() == 50)


def test_streams_end_within_seconds(tmp_path: Path, river: FakeStream) -> None:
    river.posts = 10**9
    with Inside(tmp_path) as inside:
        until(lambda: inside.store.count_posts() > 500)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert inside.left == ()


def test_one_that_does_not_end_is_named(tmp_path: Path, river: FakeStream) -> None:
    river.deaf = threading.Event()
    with Inside(tmp_path, grace=0.3) as inside:
        until(lambda: river.opened)
    assert inside.left == ("stream river",)
    river.deaf.set()


def test_a_stream_follows_the_configuration(tmp_path: Path, river: FakeStream) -> None:
    with Inside(tmp_path) as inside:
        until(lambda: river.opened == 1)
        inside.path.write_text(CONFIG.replace('"nordelia"', '"nordelia sea"'))
        until(lambda: inside.service.app is not inside.app)
        assert river.opened == 1
        inside.path.write_text(CONFIG.replace('"nothing"', '"another"'))
        until(lambda: river.opened == 2)
        inside.path.write_text(CONFIG.replace('"nothing"', '"another"\nenabled = false'))
        until(lambda: not inside.service._streams._open)


def test_once_reads_a_stream_by_pages(tmp_path: Path, river: FakeStream) -> None:
    river.posts = 600
    (tmp_path / "watcher.toml").write_text(CONFIG)
    with App.open(load(tmp_path / "watcher.toml")) as app:
        pulled = pipeline.pull(app, app.config.sources[0])
        assert (pulled.new, pulled.error) == (600, "")
        assert pipeline.pull(app, app.config.sources[0]).new == 0


def test_pauses_grow_are_spread_and_heed_what_was_asked_for() -> None:
    random = Random(7)
    pause = Pause()
    seconds = []
    for _ in range(12):
        seconds.append(pause.after(BackendError("x", kind="temporary"), random))
        pause = pause.longer()
    assert all(low <= one <= high for one, low, high in zip(
        seconds, (2.0**n / 2 for n in range(8)), (2.0**n for n in range(8)), strict=False
    ))  # fmt: skip
    assert 150 <= seconds[-1] <= 300
    assert Pause().after(BackendError("x", kind="refused"), random) >= 30
    asked = BackendError("x", kind="temporary", retry_after=700.0)
    assert Pause().after(asked, random) == 700
    endless = BackendError("x", kind="temporary", retry_after=1e9)
    assert Pause(failures=10**6).after(endless, random) == 3600


@pytest.mark.drill
def test_ten_kills_of_a_stream_lose_nothing_and_store_nothing_twice(tmp_path: Path) -> None:
    report = stream_drill.drill(posts=10_000, kills=10, folder=tmp_path)
    assert report.kept, report
