"""A bank's worst fortnight, out of research data that stays where it is: posts of RepLab 2013.

Of some posts only the time, the author and the bank they speak of are known; they come as posts
without words that carry the bank's hashtag. Nothing of the data is written into the project.
"""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alerts import DigestChannel
from alerts.digest.composing import Digest
from alerts.schedule import Slot
from alerts.words.render import Rendered, render
from watcher import mailing, pipeline
from watcher.app import App
from watcher.config import load

BANKS = ("Barclays", "HSBC", "Santander", "BBVA")
BEGAN = datetime(2012, 6, 27, 12, tzinfo=UTC)
"""When the fine for fixing interest rates was made known: about 13:00 in London."""

CONFIG = """
data = "data"
timezone = "Europe/London"

[[brands]]
name = "Barclays"
accounts = ["Barclays", "BarclaysOnline"]
competitors = ["HSBC", "Santander", "BBVA"]

[[brands]]
name = "HSBC"

[[brands]]
name = "Santander"

[[brands]]
name = "BBVA"

[[sources]]
name = "twitter"
kind = "archive"
file = "posts/*.jsonl"
every = "1h"

[[rules]]
name = "barclays"
find = 'brand:"Barclays"'
then = ["daily"]

[[channels]]
name = "daily"
kind = "email"
title = "Barclays"
to = ["ada@acme.example"]
at = "07:00"
"""


class Crisis:
    """The bank's watcher at a moment of its worst fortnight."""

    def __init__(self, data: Path, folder: Path, now: datetime) -> None:
        self.now = now
        (folder / "posts").mkdir()
        (folder / "watcher.toml").write_text(CONFIG)
        self._posts = sorted(_posts(data), key=lambda post: post["created_at"])
        self._folder = folder
        self.app = App.open(load(folder / "watcher.toml", {}), clock=lambda: self.now)

    def go_to(self, now: datetime) -> None:
        """Let time pass until `now`: what was posted since is read and matched."""
        before, self.now = self.now if list((self._folder / "posts").iterdir()) else None, now
        some = [
            post
            for post in self._posts
            if (before is None or before.isoformat() < post["created_at"])
            and post["created_at"] <= now.isoformat()
        ]
        file = self._folder / "posts" / f"{now:%Y%m%d%H%M}.jsonl"
        file.write_text("".join(f"{json.dumps(post)}\n" for post in some))
        for source in self.app.config.sources:
            pipeline.pull(self.app, source)
        pipeline.match(self.app)

    def tell(self) -> None:
        """Have a first digest tell of what was posted before."""
        pipeline.plan(self.app)

    def digest(self, length: timedelta) -> Digest:
        """What the digest of the last so-and-so long holds."""
        [channel] = self.app.config.channels
        assert isinstance(channel, DigestChannel)
        slot = Slot(at=self.now, since=self.now - length, late=False)
        return mailing.digest_of(self.app, channel, slot, self.now)[1]

    def mail(self, length: timedelta) -> Rendered:
        """That digest in words."""
        return render(self.app.templates, self.digest(length))


def _posts(data: Path) -> Iterator[dict[str, Any]]:
    told = set()
    with gzip.open(data / "posts" / "replab.jsonl.gz", "rt") as file:
        for line in filter(_of_a_bank, file):
            row = json.loads(line)
            if row["labels"]["query"] in BANKS:
                told.add(row["id"])
                yield {
                    "id": row["id"],
                    "created_at": _utc(row["created_at"]),
                    "author": row["author"],
                    "text": row["text"],
                    "lang": row["lang"],
                    "reposts": row["reposts"],
                    "likes": row["likes"],
                    "url": f"https://posts.example/{row['id']}",
                    "hashtags": [row["labels"]["query"]],
                }
    with gzip.open(data / "posts" / "replab_volume_notext.jsonl.gz", "rt") as file:
        for line in filter(_of_a_bank, file):
            row = json.loads(line)
            if row["entity"] in BANKS and row["id"] not in told:
                yield {
                    "id": row["id"],
                    "created_at": _utc(row["created_at"]),
                    "author": row["author"],
                    "text": "",
                    "lang": row["lang"],
                    "hashtags": [row["entity"]],
                }


def _of_a_bank(line: str) -> bool:
    return any(bank in line for bank in BANKS)  # reading all as JSON takes seconds


def _utc(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).isoformat()
