"""The stream drill: `kill -9` in the middle of a stream, ten times; then every post is counted.

    python -m tests.stream_drill --posts 100000 --kills 10

A service reads numbered posts as fast as it can; each time it is opened again the stream repeats
some before the cursor, as networks do. Lost must be 0, stored twice 0, found twice 0.
"""

import argparse
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from watcher.search import FolderIndex
from watcher.store import Store

ROOT = Path(__file__).resolve().parent.parent

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


@dataclass(frozen=True)
class Report:
    """What the drill counted."""

    posts: int
    kills: int
    lost: int
    twice: int
    """Posts stored or found more than once."""
    unmatched: int
    """Posts that the rule should have found and did not."""
    unindexed: int
    seconds: float

    @property
    def kept(self) -> bool:
        """Whether the promise held."""
        return self.lost == self.twice == self.unmatched == self.unindexed == 0


def drill(*, posts: int, kills: int, folder: Path, seed: int = 0) -> Report:
    """Run the drill in a folder; the seed repeats the places of the kills, not the races."""
    started = time.monotonic()
    (folder / "watcher.toml").write_text(CONFIG)
    chance = random.Random(seed)
    margin = posts // 50
    for place in (*sorted(chance.sample(range(margin, posts - margin), kills)), None):
        _run_until(folder, posts, place)
    return _count(folder, posts, kills, time.monotonic() - started)


def _run_until(folder: Path, posts: int, place: int | None) -> None:
    """Run a service until so many posts are stored and kill it; None: until all are matched."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fake_stream", folder / "watcher.toml", str(posts)],
            cwd=ROOT, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        for stored, matched in _progress(folder / "data" / "watcher.sqlite"):
            if process.poll() is not None:
                raise RuntimeError(f"it ended:\n{(folder / 'log').read_text()[-3000:]}")
            if min(stored, matched) >= posts or (place is not None and stored >= place):
                return
    finally:
        process.kill()
        process.wait()


def _progress(database: Path) -> Iterator[tuple[int, int]]:
    """Yield the number of the newest post and of the newest one matched, as often as is cheap."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        time.sleep(0.01)
        if not database.exists():
            continue
        try:
            with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
                (stored,) = connection.execute("SELECT max(rid) FROM posts").fetchone()
                query = "SELECT rid FROM progress WHERE name = 'match'"
                matched = connection.execute(query).fetchone()
        except sqlite3.OperationalError:  # it is being made
            continue
        yield stored or 0, matched[0] if matched else 0
    raise RuntimeError("the stream did not come to its end")


def _count(folder: Path, posts: int, kills: int, seconds: float) -> Report:
    store = Store.open(f"sqlite:///{folder / 'data' / 'watcher.sqlite'}")
    index = FolderIndex.open(folder / "data" / "index")
    with closing(store), closing(index):
        index.catch_up(store)
        stored = Counter(one.post.id for one in store.posts_after(0, 2 * posts))
        found = Counter(one.post.id for one in store.matches(limit=2 * posts))
        return Report(
            posts=posts,
            kills=kills,
            lost=sum(stored[f"n{number}"] == 0 for number in range(posts)),
            twice=sum(n > 1 for n in (*stored.values(), *found.values())),
            unmatched=sum(found[f"n{number}"] == 0 for number in range(0, posts, 100)),
            unindexed=abs(posts - index.documents()),
            seconds=round(seconds, 1),
        )


def main() -> int:
    """Run the drill from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="watcher-drill-") as folder:
        report = drill(
            posts=options.posts, kills=options.kills, folder=Path(folder), seed=options.seed
        )
    print(f"seed {options.seed}: the promise {'held' if report.kept else 'WAS BROKEN'}")
    for name, value in asdict(report).items():
        print(f"  {name:10} {value}")
    return 0 if report.kept else 1


if __name__ == "__main__":
    sys.exit(main())
