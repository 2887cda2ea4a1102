"""What is done to a live watcher, each with the same counting at the end."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.crash_drill.counting import Report, count
from tests.crash_drill.post_office import PostOffice
from tests.crash_drill.watched_town import Town, Watcher, free_port
from tests.servers import MissingServerError, Postgres


@dataclass(frozen=True)
class Effort:
    """How much is done."""

    kills: int = 500
    """Random kills; the other scenarios take a share of it."""
    points: int = 1
    """Every so manieth named point is a place to die."""


@dataclass
class Stage:
    """One run of a scenario: the town, its post office, and the watcher."""

    chance: random.Random
    office: PostOffice
    town: Town
    watcher: Watcher
    crashes: int = 0

    def run_until_killed(self) -> None:
        """Start the service and kill it: one in ten while it starts, four in ten while a mail is
        taken, the others at a random moment."""
        self.watcher.start()
        luck = self.chance.random()
        if luck > 0.1:
            self.watcher.wait_until_watching()
        if luck > 0.6:
            self.office.wait_for_mail(3)
        else:
            time.sleep(self.chance.uniform(0, 0.8))
        self.kill()

    def kill(self) -> None:
        """Kill the service, and count that."""
        self.watcher.kill()
        self.crashes += 1


@contextmanager
def stage(
    folder: Path, seed: int, *, store: str = "", channel: str = "now", rude: bool = True
) -> Iterator[Stage]:
    """A town that writes, an open post office, and a watcher that is not started yet."""
    chance = random.Random(seed)
    office = PostOffice(random.Random(seed), free_port(), rude=rude)
    office.open()
    try:
        town = Town(folder, office)
        yield Stage(chance, office, town, Watcher(folder, office, store=store, channel=channel))
    finally:
        office.close()


def counted(on: Stage, started: float, *, hours: bool = False) -> Report:
    """Stop writing, let one run finish what is left, and count."""
    if on.town.is_alive():
        on.town.stop()
    if not (on.watcher.movable or on.watcher.has_ended()):
        on.watcher.stop()
    on.watcher.movable = True
    if on.watcher.has_ended():
        on.watcher.start()
        on.watcher.wait_until_watching()
    on.watcher.settle(on.town.written, hours=hours)
    on.watcher.stop()
    spent = time.monotonic() - started
    return count(on.crashes, on.town.written, on.office, on.watcher, spent)


def random_kills(effort: Effort, seed: int, folder: Path) -> Report:
    """Kill a live service again and again; now and then start a second one beside it."""
    started = time.monotonic()
    with stage(folder, seed) as on:
        on.town.start()
        for number in range(effort.kills):
            on.run_until_killed()
            if number % 10 == 9:
                _two_at_once(on)
        return counted(on, started)


def _two_at_once(on: Stage) -> None:
    """Start two services in the same moment: one must work, and the other must end and say why."""
    first = on.watcher.start()
    log = on.watcher.log
    second = on.watcher.start()
    until = time.monotonic() + 60
    while first.poll() is None and second.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    codes = (first.poll(), second.poll())
    said = log.read_text(errors="replace") + on.watcher.log.read_text(errors="replace")
    for service in (first, second):
        if service.poll() is None:
            os.killpg(service.pid, 9)
            service.wait()
            on.crashes += 1
    if codes not in {(1, None), (None, 1)} or "another" not in said.lower():
        raise RuntimeError(f"two at once ended with {codes}:\n{said[-2000:]}")


def every_point(effort: Effort, seed: int, folder: Path) -> Report:
    """Die at every named point of the walk in turn, each time with something new to tell."""
    started = time.monotonic()
    with stage(folder, seed) as on:
        at = 1
        while True:
            on.town.say()
            died = _once(on.watcher, at)
            if died:
                on.crashes += 1
            elif len((folder / "passed").read_text().splitlines()) < at:
                break
            at += effort.points
        return counted(on, started)


def _once(watcher: Watcher, at: int) -> bool:
    """Run `watcher once` that kills itself at a boundary; whether it came to that."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash_drill.mortal", str(watcher.folder), "once"],
        env=watcher.environment() | {"DIES_AT": str(at)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1, -9):
        raise RuntimeError(f"the run that was to die at {at} said:\n{done.stdout}{done.stderr}")
    return done.returncode == -9


def server_restarts(effort: Effort, seed: int, folder: Path) -> Report:
    """The store is in PostgreSQL, whose server is restarted while the service runs; kills too."""
    started = time.monotonic()
    server = Postgres(durable=True)
    try:
        server.execute("CREATE DATABASE drill TEMPLATE template0")
        with stage(folder, seed, store=server.url("drill")) as on:
            on.town.start()
            for _ in range(max(3, effort.kills // 50)):
                on.watcher.start()
                on.watcher.wait_until_watching()
                for _ in range(3):
                    on.office.wait_for_mail(3)
                    time.sleep(on.chance.uniform(0, 0.3))
                    server.restart(immediate=on.chance.random() < 0.5)
                    on.crashes += 1
                time.sleep(on.chance.uniform(0, 0.5))
                on.kill()
            return counted(on, started)
    finally:
        server.stop()


def clock_jumps(effort: Effort, seed: int, folder: Path) -> Report:
    """The clock jumps hours and days, both ways, over both changes of the clock, under kills."""
    started = time.monotonic()
    with stage(folder, seed, channel="hours") as on:
        on.watcher.movable = True
        on.town.start()
        moments = [*_changes_of_the_clock(), *(on.chance.uniform(-5, 5) * 86400 for _ in range(6))]
        for _ in range(max(1, effort.kills // 250)):
            for wrong in moments:
                on.watcher.set_clock(wrong)
                on.watcher.start()
                on.watcher.wait_until_watching()
                for hours in (0, 1, 2, on.chance.uniform(-6, 6)):  # while it runs
                    on.watcher.set_clock(wrong + hours * 3600)
                    on.office.wait_for_mail(4)
                on.kill()
        on.watcher.set_clock(max(moments) + 86400)
        return counted(on, started, hours=True)


def _changes_of_the_clock() -> list[float]:
    """Seconds from now until shortly before each change of the clocks of Paris, within a year."""
    now, hour = datetime.now(UTC), timedelta(hours=1)
    before = now.replace(minute=50, second=0)
    moments = (before + number * hour for number in range(-366 * 24, 366 * 24))
    return [(one - now).total_seconds() for one in moments if _offset(one) != _offset(one + hour)]


def _offset(moment: datetime) -> timedelta | None:
    return moment.astimezone(ZoneInfo("Europe/Paris")).utcoffset()


def full_disk(effort: Effort, seed: int, folder: Path) -> Report:
    """The data folder's disk fills up again and again while the service runs, and has room again.

    The disk is a small one of its own, which only root may make.
    """
    started = time.monotonic()
    data = folder / "data"
    data.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=60m,mode=700", "tmpfs", data]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        raise MissingServerError("only root may make a small disk")
    ballast = data / "ballast"
    try:
        with stage(folder, seed) as on:
            on.town.start()
            for _ in range(max(3, effort.kills // 40)):
                on.watcher.start()
                on.watcher.wait_until_watching()
                for _ in range(2):
                    on.office.wait_for_mail(2)
                    _fill(ballast)
                    time.sleep(on.chance.uniform(0.2, 1.5))
                    if on.chance.random() < 0.3:
                        on.kill()
                        ballast.unlink()
                        on.watcher.start()
                        on.watcher.wait_until_watching()
                    else:
                        ballast.unlink()
                on.kill()
            return counted(on, started)
    finally:
        subprocess.run(["umount", "-l", data], check=True)


def _fill(ballast: Path) -> None:
    """Write until there is no room for another octet."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


SCENARIOS: dict[str, Callable[[Effort, int, Path], Report]] = {
    "random kills": random_kills,
    "every named point": every_point,
    "database restarts": server_restarts,
    "clock jumps": clock_jumps,
    "full disk": full_disk,
}


def run(name: str, effort: Effort, seed: int, folder: Path) -> Report:
    """Run one scenario in a folder; the seed repeats the moments, not the races."""
    return SCENARIOS[name](effort, seed, folder)
