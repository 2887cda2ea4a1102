"""`watcher suspects review`: one key per verdict, undo, safe to leave at any moment."""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime

import click

from rules.model import Verdict
from watcher.cli import Settings
from watcher.cli.console import count, moment, safe, shown, stdout
from watcher.cli.links import defused
from watcher.cli.names import MistakeError
from watcher.cli.suspects.choosing import ALL, Choice, choosing
from watcher.cli.suspects.showing import print_detail
from watcher.cli.suspects.sidebyside import compared
from watcher.cli.suspects.subject import called, who
from watcher.config import Config
from watcher.store import Store, SuspectRecord

VERDICTS = {
    "c": Verdict.CONFIRMED,
    "d": Verdict.DISMISSED,
    "o": Verdict.OURS,
}
LEAVE = ("q", "\x03", "\x04", "\x1b", "")
KEYS = "[c]onfirm  [d]ismiss  [o]urs  [s]kip  [n]ote  [m]ore  [u]ndo  [q]uit  [?]"
HELP = (
    "  c  confirm: it imitates the brand      d  dismiss: it is harmless",
    "  o  ours: we own it                     s  skip: decide another time",
    "  n  write a note for the verdict        m  show all that is known",
    "  u  take the last verdict back          q  leave; verdicts are kept",
)


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
        """Ask about each suspect in turn; `read_key` returns one key at a time.

        It ends after the last suspect, with `q`, or when `read_key` raises `KeyboardInterrupt` or
        `EOFError`.
        """
        try:
            while self._is_going_on(read_key):
                self._present()
                if not self._act(read_key):
                    break
        except (KeyboardInterrupt, EOFError, click.Abort):
            stdout().say("")
        left = len(self.records) - len({at for at, _ in self.judged})
        stdout().say(f"{len(self.judged)} judged, {left} left")

    def _is_going_on(self, read_key: Callable[[], str]) -> bool:
        """Whether a suspect is left; after the last one, its verdict can still be taken back."""
        if self.at < len(self.records):
            return True
        if not self.judged:
            return False
        stdout().say("that was the last one: [u]ndo, or any other key to finish")
        return read_key().lower() == "u" and self._undo()

    def _present(self) -> None:
        record = self.records[self.at]
        suspect = record.suspect
        screen = stdout()
        own = (suspect.name.lower(),) if suspect.is_domain else ()
        brand = f"  looks like {safe(suspect.brand, 40)}" if len(self.config.brands) > 1 else ""
        screen.say(
            f"{self.at + 1} of {len(self.records)}  {called(record)}{brand}  "
            f"score {suspect.score:.2f}  {', '.join(suspect.techniques)}".rstrip(),
            "",
            *compared(self.config.brands, suspect),
            "",
            defused(f"  {safe(str(suspect.reason), 300)}", own),
        )
        if record.account and record.account.bio:
            screen.note(defused(f"  {safe(record.account.bio, 160)}", (), all_links=True).plain)
        seen = moment(record.first_seen, self.config.timezone)
        screen.note(f"  {count(record.posts, 'post')}, first seen {seen}")
        if record.verdict != Verdict.OPEN:
            screen.say(f"  now {record.verdict}")
        screen.say("", KEYS)

    def _act(self, read_key: Callable[[], str]) -> bool:
        """Take keys until one settles this suspect; False ends the review."""
        screen = stdout()
        while True:
            key = read_key()
            key = key.lower() if len(key) == 1 else key
            if key in VERDICTS:
                self._judge(VERDICTS[key])
                return True
            if key in ("s", " "):
                screen.say("  skipped", "")
                self.at += 1
                return True
            if key == "u":
                if self._undo():
                    return True
                screen.say("  nothing to undo")
            elif key == "n":
                self._write_note()
            elif key == "m":
                screen.say("")
                print_detail(self.config, self.store, self.store.suspect(self.records[self.at].id))
                screen.say("", KEYS)
            elif key in LEAVE:
                return False
            else:
                screen.say(*HELP)

    def _write_note(self) -> None:
        try:
            self.note = click.prompt("  note", default=self.note, show_default=bool(self.note))
        except click.Abort:
            stdout().say("", "  no note")
        else:
            stdout().say("  it is kept with the verdict that follows" if self.note else "  no note")

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
        stdout().say(f"  took back the verdict on {called(record)}", "")
        return True


@click.command()
@choosing()
@click.pass_obj
def review(settings: Settings, choice: Choice) -> None:
    """Judge suspects one after the other, with one key each.

    Each verdict is stored at once: leave with q or Ctrl-C whenever you like.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise MistakeError(
            "the review needs a terminal",
            help="elsewhere `watcher suspects list --json` shows them, "
            "`confirm`, `dismiss` and `ours` judge",
        )
    with settings.opened() as (config, store):
        records = shown(choice.of(config, store), choice.limit or ALL)
        if not records:
            stdout().say(f"nothing to review: {choice.none_found(store)}")
            return
        Review(config, store, records, who(), settings.clock).run(click.getchar)
