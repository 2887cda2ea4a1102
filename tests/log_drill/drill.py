"""The drill itself: step by step more is appended, and in each step somebody is killed."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.log_drill.cast import ADA, Actor, Cast
from tests.log_drill.counting import Report, count
from tests.log_drill.flood import Flood
from tests.log_drill.mails import told

MOST_UNTOLD = 100
"""So many alarms wait for a mail at most: a mail names no more than 200 posts."""
BACKEND, SERVER = "a connection of PostgreSQL", "PostgreSQL"
_SHARES = {"worker": 9, "appender": 8, "leader": 3}


@dataclass
class Killed:
    """What was killed."""

    by_kind: dict[str, int] = field(default_factory=dict)
    within: int = 0
    """How many of them had a transaction open just before."""

    def note(self, kind: str, *, within: bool = False) -> None:
        """Count one more."""
        self.by_kind[kind] = self.by_kind.get(kind, 0) + 1
        self.within += within


def drill(
    *, posts: int, kills: int, server_kills: int, folder: Path, seed: int, keep: str = "all",
    workers: int = 3, tell: Callable[[str], None] = lambda _: None,
) -> Report:  # fmt: skip
    """Run the drill in a folder; the seed repeats who is killed and where, not the races."""
    started = time.monotonic()
    chance = random.Random(seed)
    cast = Cast(folder, seed, keep=keep, workers=workers)
    killed = Killed()
    try:
        flood = cast.begin(posts)
        victims = _victims(chance, kills, server_kills)
        for at, victim in enumerate(victims):
            gate = flood.pages * (at + 1) // len(victims)
            _step(cast, flood, gate, victim, chance, killed)
            tell(
                f"{time.monotonic() - started:.0f} s: {at + 1} of {len(victims)} kills, {victim}; "
                f"{cast.appended():,} appended, {cast.worked_off():,} worked off"
            )
        _settle(cast, flood)
        tell(f"{time.monotonic() - started:.0f} s: nothing is left to do")
        spent = time.monotonic() - started
        return count(cast, flood, killed.by_kind, killed.within, spent)
    finally:
        cast.close()


def _victims(chance: random.Random, kills: int, server_kills: int) -> Sequence[str]:
    """Return who is killed in each step: all kinds, in any order, PostgreSQL in one way or two."""
    kinds = [kind for kind, share in _SHARES.items() for _ in range(share)]
    victims = [kinds[at * len(kinds) // kills % len(kinds)] for at in range(kills)]
    victims += [SERVER if at % 2 == 0 else BACKEND for at in range(server_kills)]
    chance.shuffle(victims)
    return victims


def _step(
    cast: Cast, flood: Flood, gate: int, victim: str, chance: random.Random, killed: Killed
) -> None:
    """Let more be appended, kill in the midst of it, start again, and wait for what is missing."""
    before, after = cast.appended(), flood.said(gate)
    # What is killed while it works off is killed by how much is worked off.
    done = cast.worked_off if victim in ("worker", "leader") else cast.appended
    begun = done()
    place = begun + chance.uniform(0.05, 0.9) * max(1, after - max(begun, before))
    cast.open_gate(gate)
    cast.until(lambda: done() >= min(place, after))
    time.sleep(chance.uniform(0, 0.1))
    _kill(cast, victim, chance, killed)
    cast.until(lambda: cast.appended() >= after)
    alarms = flood.alarms(gate)
    cast.until(lambda: len(alarms - set(told(cast.office.mails, ADA))) <= MOST_UNTOLD)


def _kill(cast: Cast, victim: str, chance: random.Random, killed: Killed) -> None:
    if victim == SERVER:
        cast.server.kill()
        killed.note(victim)
        cast.server.start_again()
        return
    if victim == BACKEND:
        _kill_backend(cast, chance)
        killed.note(victim)
        cast.until(lambda: cast.ask("SELECT 1"))
        return
    actor = _one_of(cast, victim, chance)
    killed.note(victim, within=cast.is_within(actor))
    actor.kill()
    actor.start()  # the others work on meanwhile, and may be killed before it works again


def _one_of(cast: Cast, kind: str, chance: random.Random) -> Actor:
    """Choose one that works by now."""
    some = {"leader": cast.services, "appender": cast.appenders, "worker": cast.workers}[kind]
    cast.until(lambda: any(one.is_ready for one in some))
    ready = [one for one in some if one.is_ready and one.runs]
    if kind == "leader":
        pids = {int(one) for (one,) in cast.ask("SELECT pid FROM workers WHERE role = 'leads'")}
        ready = [one for one in ready if one.process and one.process.pid in pids] or ready
    return chance.choice(ready or some)


def _kill_backend(cast: Cast, chance: random.Random) -> None:
    """Kill the server's process for one connection, one in a transaction if there is any."""
    query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
    busy = cast.ask(f"{query} AND xact_start IS NOT NULL AND pid <> pg_backend_pid()")
    pids = [int(one) for (one,) in busy or cast.ask(query)]
    psutil.Process(chance.choice(pids)).kill()


def _settle(cast: Cast, flood: Flood) -> None:
    """Wait until nothing is left to do, and let all end in good order."""
    cast.open_gate(flood.pages)
    cast.until(lambda: not any(one.runs for one in cast.appenders))
    cast.until(lambda: cast.worked_off() == flood.said(flood.pages))
    waiting = "SELECT count(*) FROM queue WHERE channel = 'now' AND taken IS NULL"
    pending = "SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending')"
    cast.until(lambda: cast.ask("SELECT 1") and not cast.number(waiting) + cast.number(pending))
    cast.until(lambda: all(one.is_ready for one in (*cast.workers, *cast.services)))
    for one in (*cast.workers, *cast.services):
        one.stop()
