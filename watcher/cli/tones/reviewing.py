"""`watcher tones review`: one post after the other, one key per tone, undo."""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import click

from watcher.cli import Settings
from watcher.cli.console import Screen, ago, safe, stdout
from watcher.cli.keyboard import Keyboard, Resized, TerminalKeyboard
from watcher.cli.links import defused, suspect_domains
from watcher.cli.names import MistakeError, brand_names, completing, limit
from watcher.cli.suspects.subject import who
from watcher.cli.tones.listing import called, posts_of
from watcher.store import SaidTone, Store, ToneRecord

RECENT = timedelta(days=28)
TONES: dict[str, SaidTone] = {
    "-": "negative", "n": "negative", "0": "neutral", "o": "neutral",
    "+": "positive", "p": "positive",
}  # fmt: skip
LEAVE = ("q", "\x03", "\x04", "\x1b", "")
KEYS = "[n]egative  [o] neutral  [p]ositive   [s]kip  [u]ndo  [q]uit"
HELP = (
    "  n or -   it speaks ill of the brand      p or +  it speaks well of it",
    "  o or 0   neither, or both                s       decide another time",
    "  u        take the last one back          q       leave; what was said is kept",
)


@click.command()
@click.option("--brand", shell_complete=completing(brand_names), help="Only posts about it.")
@limit(50)
@click.pass_obj
def review(settings: Settings, brand: str | None, limit: int) -> None:
    """Judge the tone of posts one after the other, with one key each.

    By turns a post whose tone is least sure and one drawn by lot, of the last four weeks. Each is
    stored at once: leave with q or Ctrl-C whenever you like.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise MistakeError(
            "the review needs a terminal",
            help="elsewhere `watcher tones list --json` shows posts, `judge` judges them",
        )
    with settings.opened() as (config, store):
        since = settings.clock() - RECENT
        records = store.tones_to_judge(called(config, brand), since=since, limit=limit)
        if not records:
            stdout().say("nothing to judge: no post of the last four weeks waits for it")
            return
        with TerminalKeyboard() as keyboard:
            Review(store, records, who(), settings.clock).run(keyboard)


class Review:
    """Walks through posts. What is said is stored at once, so leaving loses nothing."""

    def __init__(
        self,
        store: Store,
        records: Sequence[ToneRecord],
        by: str,
        clock: Callable[[], datetime],
    ) -> None:
        self.store = store
        self.records = records
        self.by = by
        self.clock = clock
        self.at = 0
        self.said: list[SaidTone | None] = []
        """What was said of each post so far; None: skipped."""
        self.screen: Screen = stdout()
        self.suspects = suspect_domains(store)

    def run(self, keyboard: Keyboard) -> None:
        """Ask about each post in turn, until the last one, `q`, or the end of the keys."""
        try:
            while self.at < len(self.records):
                self._present()
                if not self._act(keyboard):
                    break
        except (KeyboardInterrupt, EOFError, click.Abort):
            self.screen.say("")
        judged = sum(one is not None for one in self.said)
        self.screen.say(f"{posts_of(judged)} judged")
        if judged:
            self.screen.hint("`watcher tones quality` shows what they teach")

    def _present(self) -> None:
        if self.screen.is_terminal and not self.screen.console.is_dumb_terminal:
            self.screen.console.clear()
        record = self.records[self.at]
        post = record.post
        sure = "" if record.confidence is None else f", {record.confidence:.0%} sure"
        self.screen.say(
            f"{self.at + 1} of {len(self.records)}   {safe(record.brand, 60)}",
            "",
            f"@{safe(post.author.handle, 40)}, {ago(post.posted_at, self.clock())}",
            defused(safe(post.text, 2000), self.suspects),
            "",
            f"told: {record.told}{sure}",
            KEYS,
        )

    def _act(self, keyboard: Keyboard) -> bool:
        """Take keys until there is something else to show; False ends the review."""
        while True:
            try:
                key = keyboard.key()
            except Resized:
                return True
            key = key.lower() if len(key) == 1 else key
            if key in LEAVE:
                return False
            if key in TONES:
                self._say(TONES[key])
            elif key in ("s", " "):
                self._done(None)
            elif key == "u":
                self._undo()
            else:
                self.screen.say(*HELP)
                continue
            return True

    def _say(self, tone: SaidTone) -> None:
        record = self.records[self.at]
        self.store.judge_tone(record.post.key, record.brand, tone, "", self.by, self.clock())
        self._done(tone)

    def _done(self, tone: SaidTone | None) -> None:
        self.said.append(tone)
        self.at += 1

    def _undo(self) -> None:
        if not self.said:
            return
        self.at -= 1
        if self.said.pop() is not None:
            record = self.records[self.at]
            self.store.judge_tone(
                record.post.key, record.brand, None, "taken back", self.by, self.clock()
            )
