"""The review of suspects: one key per verdict, undo, safe to leave at any moment."""

from collections.abc import Callable, Sequence
from datetime import datetime

import click

from rules.model import Verdict
from watcher.cli.console import safe, stdout
from watcher.cli.sidebyside import names_of, side_by_side
from watcher.cli.suspects import called, print_detail
from watcher.config import Config
from watcher.store import Store, SuspectRecord

KEYS = {
    "c": Verdict.CONFIRMED,
    "d": Verdict.DISMISSED,
    "o": Verdict.OURS,
}
HELP = "[c]onfirm it imitates us   [d]ismiss   [o]urs   [s]kip   [n]ote   [m]ore   [u]ndo   [q]uit"


class Review:
    """Walks through suspects. Every verdict is stored at once, so leaving loses nothing."""

    def __init__(
        self,
        config: Config,
        store: Store,
        records: Sequence[SuspectRecord],
        by: str,
        clock: Callable[[], datetime],
    ) -> None:
        self.config = config
        self.store = store
        self.records = list(records)
        self.by = by
        self.clock = clock
        self.at = 0
        self.note = ""
        self.judged: list[tuple[int, Verdict]] = []
        """What was decided here: the position, and the verdict it had before."""

    def run(self, read_key: Callable[[], str]) -> None:
        """Ask about each suspect in turn; `read_key` returns one key at a time."""
        screen = stdout()
        if not self.records:
            screen.say("nothing to review: no suspect fits the filter")
            return
        screen.say(HELP, "")
        while self.at < len(self.records):
            self._present()
            if not self._act(read_key):
                break
        screen.say(f"{len(self.judged)} judged, {len(self.records) - self.at} left")

    def _present(self) -> None:
        record = self.records[self.at]
        suspect = record.suspect
        screen = stdout()
        screen.say(
            f"{self.at + 1}/{len(self.records)}  {called(record)}  looks like "
            f"{safe(suspect.brand, 40)}  score {suspect.score:.2f}  "
            f"{', '.join(suspect.techniques)}"
        )
        for candidate in names_of(suspect):
            screen.say(*side_by_side(self.config.brands, suspect.brand, candidate))
        screen.say(f"  {safe(str(suspect.reason), 300)}")
        if record.account and record.account.bio:
            screen.note(f"  {safe(record.account.bio, 160)}")
        screen.note(f"  {record.posts} posts seen, first on {record.first_seen:%Y-%m-%d}")

    def _act(self, read_key: Callable[[], str]) -> bool:
        """Take keys until one settles this suspect; False ends the review."""
        screen = stdout()
        while True:
            try:
                key = read_key().lower()
            except (KeyboardInterrupt, EOFError):
                return False
            if key in KEYS:
                self._judge(KEYS[key])
                return True
            if key in ("s", " ", "\r", "\n"):
                screen.say("  skipped", "")
                self.at += 1
                return True
            if key == "u":
                if self._undo():
                    return True
                screen.say("  nothing to undo")
            elif key == "n":
                self.note = click.prompt("  note", default="", show_default=False)
            elif key == "m":
                print_detail(self.config, self.store.suspect(self.records[self.at].id))
            elif key in ("q", "\x03", "\x04", "\x1b"):
                return False
            else:
                screen.say(f"  {HELP}")

    def _judge(self, verdict: Verdict) -> None:
        before = self.records[self.at]
        self.records[self.at] = self.store.judge(
            before.id, verdict, self.note, self.by, self.clock()
        )
        self.judged.append((self.at, before.verdict))
        stdout().say(f"  {verdict}", "")
        self.note = ""
        self.at += 1

    def _undo(self) -> bool:
        if not self.judged:
            return False
        self.at, verdict = self.judged.pop()
        record = self.records[self.at]
        self.records[self.at] = self.store.judge(
            record.id, verdict, "taken back", self.by, self.clock()
        )
        stdout().say(f"  took back {called(record)}", "")
        return True
