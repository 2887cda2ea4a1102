"""The turns of the service's steps: one of a kind at a time, and as often as they are asked for."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from watcher.app import App
from watcher.config import load
from watcher.leading import TRY_EVERY, Standby
from watcher.presence import SignsOfLife
from watcher.pulse import Pulse
from watcher.schedule import Schedule
from watcher.service import Service
from watcher.store import StoreError, Turn


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    path = tmp_path / "watcher.toml"
    path.write_text(
        'data = "data"\n'
        + "".join(
            f'[[sources]]\nname = "{name}"\nkind = "local"\nfile = "town.sqlite"\n'
            for name in ("town", "match")
        )
    )
    with App.open(load(path)) as app:
        yield app


def schedule_of(app: App, pulse: Pulse) -> Schedule:
    return Schedule(
        app,
        steps=1,
        pulse=pulse,
        stopping=threading.Event(),
        leads=lambda: True,
        passed=lambda _: None,
    )


def at_once(step: Callable[[], object]) -> bool:
    step()
    return True


def test_each_run_of_a_step_that_is_asked_for_again_and_again_is_measured(app: App) -> None:
    pulse = Pulse()
    schedule = schedule_of(app, pulse)
    ended: list[int] = []

    def step() -> None:
        figures = pulse.steps()["match"]
        ended.append(sum(figures.counts))
        if len(ended) < 4:
            schedule.soon("match")

    schedule._guard("match", at_once, step)
    assert ended == [0, 1, 2, 3]
    assert schedule.under_way == ()


def test_a_step_that_fails_waits_for_its_next_turn(app: App) -> None:
    schedule = schedule_of(app, Pulse())
    runs: list[int] = []

    def step() -> None:
        runs.append(1)
        schedule.soon("match")
        raise StoreError("no disk")

    schedule._guard("match", at_once, step)
    assert len(runs) == 1
    assert schedule.trouble == "match: no disk"


@pytest.mark.parametrize(
    ("taken", "waits"), [(Turn.DONE, {"match"}), (Turn.OPEN, {"town", "match"})]
)
def test_a_source_counts_as_read_only_when_another_has_read_it(
    app: App, monkeypatch: pytest.MonkeyPatch, taken: Turn, waits: set[str]
) -> None:
    service = Service(app)
    monkeypatch.setattr(app.store, "take_turn", lambda *_: taken)
    for name in ("pull town", "match"):
        assert not service._schedule._in_turn(name, timedelta(seconds=2), lambda: None)
    assert service._to_look_at == waits


@pytest.mark.server
@pytest.mark.drill
def test_who_cannot_lead_though_nobody_else_does_tries_again_after_a_pause(
    tmp_path: Path,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = tmp_path / "watcher.toml"
    path.write_text(f'data = "data"\n[store]\nurl = "{postgres_url}"\n')
    tried: list[float] = []
    enough = threading.Event()

    def refused(_: SignsOfLife, role: str) -> None:
        if role == "leads":
            tried.append(time.monotonic())
            if len(tried) == 4:
                enough.set()
            raise StoreError("the database takes no writes")

    monkeypatch.setattr(SignsOfLife, "plays", refused)
    with App.open(load(path)) as app:
        standby = Standby(app)
        thread = threading.Thread(target=standby.work)
        thread.start()
        came = enough.wait(60)
        standby.stop()
        thread.join(60)
    assert came
    assert tried[3] - tried[0] >= 3 * TRY_EVERY.total_seconds()
    assert caplog.text.count("cannot lead: the database takes no writes") == 1
    assert "answers again" not in caplog.text
