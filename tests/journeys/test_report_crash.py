"""A report is written and mailed once, wherever the process dies."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import watcher.store.channels
from tests.journeys.test_crash import AtName, Crash, Saboteur
from tests.reports.conftest import CONFIG, FIRST, NOW, posts
from tests.store.samples import page
from watcher import pipeline
from watcher.app import App
from watcher.config import load
from watcher.store import DeliveryRecord

pytestmark = pytest.mark.drill

READERS = ["ada@acme.example", "zoe@acme.example"]
LAST_READ = "public_posts"
"""The last thing that is asked of the store before a report is saved."""


@dataclass
class World:
    """A configuration, and the store beside it, which outlives the process."""

    path: Path

    def app(self) -> App:
        return App.open(load(self.path, {}), clock=lambda: NOW)

    def live(self, saboteur: Saboteur) -> None:
        with self.app() as app:
            pipeline.plan(replace(app, store=saboteur.around(app.store, "store")))

    def reports(self) -> list[DeliveryRecord]:
        with self.app() as app:
            found = app.store.deliveries(limit=100)
        return [one for one in found if one.channel == "weekly report"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "watcher.toml")
    world.path.write_text(CONFIG)
    with world.app() as app:
        some = [post for n, post in enumerate(posts()) if n % 60 == 0]
        app.store.save_page("square", page(*some), FIRST)
        app.store.record_pull("square", FIRST, NOW, reached_newest=True)
        pipeline.match(app)
    return world


def recovered(world: World) -> list[DeliveryRecord]:
    """Start twice more, as a process that died is; return the mails of the report."""
    for _ in range(2):
        world.live(Saboteur())
    return world.reports()


@pytest.mark.parametrize("name", [f"before store.{LAST_READ}", f"after store.{LAST_READ}"])
def test_a_crash_while_a_report_is_gathered_leaves_nothing_and_it_is_written_once(
    world: World, name: str
) -> None:
    with pytest.raises(Crash):
        world.live(AtName(name))
    assert world.reports() == []
    assert sorted(one.recipient for one in recovered(world)) == READERS


def test_a_crash_within_the_saving_leaves_no_half_of_a_report(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: Callable[..., None] = watcher.store.channels.write_deliveries

    def dies(*args: object) -> None:
        whole(*args)
        raise Crash

    monkeypatch.setattr(watcher.store.channels, "write_deliveries", dies)
    with pytest.raises(Crash):
        world.live(Saboteur())
    assert world.reports() == []
    monkeypatch.undo()
    assert sorted(one.recipient for one in recovered(world)) == READERS


class AfterReport(Saboteur):
    """Lets the process die as soon as a report was saved, which is after all other channels."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def boundary(self, name: str) -> None:
        if name == "after store.freeze" and self.world.reports():
            raise Crash(name)


def test_a_crash_after_the_saving_sends_what_was_saved(world: World) -> None:
    with pytest.raises(Crash):
        world.live(AfterReport(world))
    saved = {one.id: one.message_id for one in world.reports()}
    assert len(saved) == len(READERS)
    assert {one.id: one.message_id for one in recovered(world)} == saved
    with world.app() as app:
        pipeline.deliver(app)
    assert [one.state for one in world.reports()] == ["sent", "sent"]
