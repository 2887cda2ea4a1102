"""Several `watcher run` on one database: one leads, the others stand by and take over."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.journeys.leading_world import RECIPIENTS, Runner, World, until
from tests.servers import Postgres
from tests.smtp import Inbox

pytestmark = [pytest.mark.drill, pytest.mark.server, pytest.mark.timeout(1200)]

TAKEOVER = 2.0
"""Seconds within which another one leads."""
LEASE = 10.0
"""Seconds for which a leader may give no sign to the server that it goes on."""
SUSPENDED = 20.0


@pytest.fixture
def world(tmp_path: Path, postgres_url: str, inbox: Inbox) -> Iterator[World]:
    world = World(tmp_path, postgres_url, inbox)
    yield world
    world.close()


def started(world: World, number: int = 3) -> Runner:
    """Start so many watchers, and return the one that leads when the others stand by."""
    for _ in range(number):
        world.runner().start()
    leader = world.leader()
    stand_by(world, leader)
    return leader


def stand_by(world: World, leader: Runner) -> None:
    """Wait until all others that live stand by."""
    words = f"standing by: process {leader.pid} on "
    others = [one for one in world.runners if one is not leader and one.is_running()]
    until(lambda: all(words in one.said() for one in others), world.logs)


def taken_over(world: World, former: Runner, began: float) -> tuple[Runner, float]:
    """Wait until another one does the schedule; return it, and the seconds since `began`."""
    others = [one for one in world.runners if one is not former and one.is_running()]
    before = {one.name: one.said().count("watching") for one in others}

    def new() -> list[Runner]:
        return [one for one in others if one.said().count("watching") > before[one.name]]

    until(new, world.logs)
    return new()[0], time.monotonic() - began


def check(world: World, posts: int, *, kills: int = 0, changes: int = 0) -> None:
    """Count what arrived and what was done, when nothing runs any more.

    A mail may come twice, byte for byte, where its sender was killed while it was handed over. A
    turn that was cut off is done again by the next leader: once for each change.
    """
    for recipient in RECIPIENTS:
        told = world.told(recipient)
        assert set(told) == set(range(posts))
        assert set(told.values()) <= {1}, told
    assert world.inbox.differing() == []
    copies = world.inbox.copies().values()
    assert sum(number - 1 for number in copies) <= kills, world.inbox.copies()
    assert world.doubled_digests() == []
    for source in ("town", "square"):
        again = world.pulls(source) - world.turns(f"pull {source}")
        assert -kills <= again <= changes, (source, again)


def test_of_three_one_leads_and_each_slot_is_taken_once(world: World) -> None:
    leader = started(world)
    others = [one for one in world.runners if one is not leader]
    for _ in range(3):
        posts = 1 + world.say()
        until(lambda posts=posts: world.all_told(posts), world.logs)
    until(lambda: world.turns("pull town") >= 10, world.logs)
    assert world.ask("SELECT count(DISTINCT by) FROM slots") == [(1,)]
    told = f"standing by since .* \\(process {others[0].pid}\\): process {leader.pid} on .* leads"
    code, said = others[0].call("status")
    assert code == 0
    assert re.search(told, said), said
    code, said = others[0].call("once")
    assert code == 1
    assert f"process {leader.pid} on " in said  # who stands by in this folder does no step
    bystander = world.runner()
    code, said = bystander.call("once")
    assert code == 1
    assert f"process {leader.pid} on " in said
    assert "is already watching with the database" in said
    assert [one.stop() for one in others] == [0, 0]
    assert all("watching" not in one.said() for one in others)
    assert leader.stop() == 0
    check(world, posts)
    assert all(one.said().count("standing by") == 1 for one in others)
    gone = world.ask("SELECT count(*) FROM workers WHERE stopped IS NOT NULL")
    assert gone == [(3,)]


def test_another_leads_within_two_seconds_of_a_kill(world: World) -> None:
    leader = started(world)
    posts, took = 0, []
    for _ in range(4):
        posts = 1 + world.say()
        time_to_die = world.turns("pull town") + 2
        until(lambda at=time_to_die: world.turns("pull town") >= at, world.logs)
        began = time.monotonic()
        leader.kill()
        killed, (leader, seconds) = leader, taken_over(world, leader, began)
        took.append(seconds)
        killed.start()
        stand_by(world, leader)
        turns = world.turns("pull town")
        until(lambda at=turns: world.turns("pull town") > at + 1, world.logs)
    print(f"seconds to take over: {', '.join(f'{one:.2f}' for one in took)}")
    assert max(took) <= TAKEOVER
    until(lambda: world.all_told(posts), world.logs)
    assert [one.stop() for one in world.runners] == [0, 0, 0]
    check(world, posts, kills=4, changes=4)


def test_a_leader_whose_lock_is_lost_steps_down_before_it_acts_twice(world: World) -> None:
    leader = started(world)
    posts = 0
    former, done = leader, None
    for number in range(3):
        posts = 1 + world.say()
        until(lambda posts=posts: world.all_told(posts), world.logs)
        assert former is leader or world.done_by(former) == done
        began = time.monotonic()
        world.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE application_name LIKE 'watcher:{leader.pid}@%'"
        )
        until(lambda leader=leader: "leading no more" in leader.said(), world.logs)
        former, (leader, seconds) = leader, taken_over_again(world, began)
        print(f"stepped down, and another led within {seconds:.2f} s")
        assert seconds <= TAKEOVER + 1, number
        done = world.done_by(former)
    assert former.is_running()
    posts = 1 + world.say()
    until(lambda: world.all_told(posts), world.logs)
    assert former is leader or world.done_by(former) == done
    assert [one.stop() for one in world.runners] == [0, 0, 0]
    check(world, posts, changes=3)
    told = sum(one.said().count("leading no more") for one in world.runners)
    assert told == 3


def test_a_leader_that_is_suspended_finds_another_one_in_its_place(world: World) -> None:
    former = started(world)
    posts = 1 + world.say()
    until(lambda: world.all_told(posts), world.logs)
    began = time.monotonic()
    former.suspend()
    leader, seconds = taken_over(world, former, began)
    print(f"another led {seconds:.2f} s after the leader was suspended")
    assert seconds <= LEASE + TAKEOVER
    done = world.done_by(former)
    posts = 1 + world.say()
    until(lambda: world.all_told(posts), world.logs)
    until(lambda: time.monotonic() - began >= SUSPENDED)
    former.resume()
    until(lambda: "leading no more" in former.said(), world.logs)
    stand_by(world, leader)
    posts = 1 + world.say()
    turns = world.turns("pull town")
    until(lambda: world.all_told(posts), world.logs)
    until(lambda: world.turns("pull town") > turns + 2, world.logs)
    assert world.leader() is leader
    assert world.done_by(former) == done
    assert [one.stop() for one in world.runners] == [0, 0, 0]
    check(world, posts, changes=1)


def taken_over_again(world: World, began: float) -> tuple[Runner, float]:
    """Wait until one leads, be it the former one; return it, and the seconds since `began`."""
    watching = [one.said().count("watching") for one in world.runners]
    total = sum(one.said().count("leading no more") for one in world.runners) + 1

    def led() -> bool:
        return sum(one.said().count("watching ") for one in world.runners) == total

    until(led, lambda: (watching, world.logs()))
    return world.leader(), time.monotonic() - began


def test_all_survive_a_restart_of_the_server_and_one_leads_again(
    tmp_path: Path, inbox: Inbox
) -> None:
    server = Postgres(durable=True)
    server.execute("CREATE DATABASE shared TEMPLATE template0")
    world = World(tmp_path, server.url("shared"), inbox)
    try:
        started(world)
        for immediate in (True, False):
            posts = 1 + world.say()
            until(lambda posts=posts: world.all_told(posts), world.logs)
            server.restart(immediate=immediate)
            stand_by(world, world.leader())
            posts = 1 + world.say()
            until(lambda posts=posts: world.all_told(posts), world.logs)
            assert all(one.is_running() for one in world.runners)
            assert len(world.leaders()) == 1
        assert [one.stop() for one in world.runners] == [0, 0, 0]
        check(world, posts, kills=2, changes=2)
    finally:
        world.close()
        server.stop()


def test_a_clock_that_is_set_doubles_no_slot(world: World, faketime: Path) -> None:
    wrong = world.folder / "clock"

    def set_clock(hours: int) -> None:
        wrong.with_suffix(".new").write_text(f"{hours * 3600:+d}")
        wrong.with_suffix(".new").replace(wrong)

    set_clock(3)
    moved = world.runner().start(
        LD_PRELOAD=str(faketime), FAKETIME_TIMESTAMP_FILE=str(wrong), FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1", NO_FAKE_STAT="1",
    )  # fmt: skip
    assert world.leader() is moved
    other = world.runner().start()
    stand_by(world, moved)
    for hours in (3, -2, 5):
        set_clock(hours)
        posts = 1 + world.say()
        until(lambda posts=posts: world.all_told(posts), world.logs)
        turns = world.turns("pull town")
        until(lambda at=turns: world.turns("pull town") > at + 2, world.logs)
    began = time.monotonic()
    moved.kill()
    other, seconds = taken_over(world, moved, began)
    assert seconds <= TAKEOVER
    posts = 1 + world.say()
    until(lambda: world.all_told(posts), world.logs)
    now = datetime.now(UTC).timestamp() * 1_000_000
    assert world.ask(f"SELECT count(*) FROM slots WHERE abs(at - {now}) > 400e6") == [(0,)]
    assert world.ask(f"SELECT count(*) FROM digests WHERE abs(slot - {now}) > 600e6") == [(0,)]
    assert other.stop() == 0
    check(world, posts, kills=1, changes=1)


def test_one_that_stands_by_takes_up_a_changed_configuration(world: World) -> None:
    leader = started(world, 2)
    other = next(one for one in world.runners if one is not leader)
    for one in world.runners:
        fresh = one.path.with_suffix(".new")
        fresh.write_text(world.config.replace('name = "square"', 'name = "place"'))
        fresh.replace(one.path)
    leader.kill()
    taken_over(world, leader, time.monotonic())
    until(lambda: world.turns("pull place") > 0, world.logs)
    assert other.stop() == 0
