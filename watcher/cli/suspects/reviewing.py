"""`watcher suspects review`: one key per verdict, undo, safe to leave at any moment."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import click
from rich.cells import cell_len

from rules.model import Verdict
from watcher.cli import Settings
from watcher.cli.console import safe, shown, stdout
from watcher.cli.keyboard import Keyboard, Resized, TerminalKeyboard
from watcher.cli.names import MistakeError
from watcher.cli.suspects.card import TAKEN_BACK, card
from watcher.cli.suspects.choosing import ALL, Choice, choosing
from watcher.cli.suspects.showing import print_detail
from watcher.cli.suspects.sifting import Sieve, sieve
from watcher.cli.suspects.subject import called, who
from watcher.config import Config
from watcher.store import Store, SuspectRecord

VERDICTS = {
    "c": Verdict.CONFIRMED,
    "d": Verdict.DISMISSED,
    "o": Verdict.OURS,
    "p": Verdict.PARODY,
}
LEAVE = ("q", "\x03", "\x04", "\x1b", "")
KEYS = (
    "judge: [c]onfirm  [d]ismiss  [o]urs  [p]arody",
    "       [s]kip  [u]ndo  [n]ote  [f]ilter  [m]ore  [q]uit  [?] help",
)
SHORT_KEYS = ("c d o p judge, s skips, u undoes, ? tells",)
HELP = (
    "  c  confirm: it imitates the brand      d  dismiss: it is harmless",
    "  o  ours: we own it                     p  parody: a fan's, and says so",
    "  s  skip: decide another time           u  undo the last step, and those before",
    "  n  write a note                        f  show only some: a band, a technique, ...",
    "  m  show all that is known              q  leave; verdicts are kept",
)
ASK_NOTE = "  note"
ASK_FILTER = "  only (high, medium, low; a technique; a brand; a word in a name; nothing: all)"
BAR = 20
"""Cells of the bar that shows how far one is."""


@click.command()
@choosing(default=None)
@click.pass_obj
def review(settings: Settings, choice: Choice) -> None:
    """Judge suspects one after the other, with one key each.

    Each verdict is stored at once: leave with q or Ctrl-C whenever you like, and go on another
    day. `u` takes back one step after the other.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise MistakeError(
            "the review needs a terminal",
            help="elsewhere `watcher suspects list --json` shows them, "
            "`confirm`, `dismiss`, `ours` and `parody` judge",
        )
    with settings.opened() as (config, store):
        records = shown(choice.of(config, store), choice.limit or ALL)
        if not records:
            stdout().say(f"nothing to review: {choice.none_found(store)}")
            return
        with TerminalKeyboard() as keyboard:
            Review(config, store, records, who(), settings.clock).run(keyboard)


@dataclass(frozen=True, slots=True)
class _Step:
    """What was done with one suspect."""

    at: int
    """Its place in the list."""
    before: Verdict
    given: Verdict | None
    """None: it was skipped."""


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
        self.todo = list(range(len(records)))
        """Places of those still to be seen that pass the filter, in order."""
        self.steps: list[_Step] = []
        self.sieve = Sieve.all()
        self.note = ""
        self.said = ""
        """What the last key did."""
        self.screen = stdout()

    def run(self, keyboard: Keyboard) -> None:
        """Ask about each suspect in turn.

        It ends after the last suspect, with `q`, or when the keyboard raises `KeyboardInterrupt` or
        `EOFError`.
        """
        try:
            while self._is_going_on(keyboard):
                self._present()
                if not self._act(keyboard):
                    break
        except (KeyboardInterrupt, EOFError, click.Abort):
            self.screen.say("")
        self._keep_note()
        self._sum_up()

    def _is_going_on(self, keyboard: Keyboard) -> bool:
        """Whether a suspect is left; after the last one, steps can still be taken back."""
        while not self.todo:
            if not self.steps and not self.sieve.words:
                return False
            self._clear()
            filtered = f" of those that fit {self.sieve.words}" if self.sieve.words else ""
            self.screen.say(*([self.said, ""] if self.said else []))
            self.said = ""
            choices = "[u]ndo, [f]ilter" if self.sieve.words else "[u]ndo"
            self.screen.say(f"that was the last one{filtered}: {choices}, any other key to finish")
            key = _pressed(keyboard)
            if key == "u":
                self._undo()
            elif key == "f" and self.sieve.words:
                self._filter(keyboard)
            elif key is not None:
                return False
        return True

    def _clear(self) -> None:
        if self.screen.is_terminal and not self.screen.console.is_dumb_terminal:
            self.screen.console.clear()
        else:
            self.screen.say("")

    def _present(self) -> None:
        """Show the suspect whose turn it is, as large as the terminal is now."""
        self._clear()
        detail = self.store.suspect(self.records[self.todo[0]].id)
        self.records[self.todo[0]] = detail.record
        head = [self._progress(), ""]
        note = f"  note: {safe(self.note, 200)} (kept with what you decide next)"
        foot = ["", *([note] if self.note else []), *([f"  {self.said}"] if self.said else [])]
        foot += KEYS if self.screen.console.width >= len(KEYS[1]) else SHORT_KEYS
        room = None
        if self.screen.is_terminal:
            taken = sum(-(-max(1, cell_len(line)) // self.screen.console.width) for line in foot)
            room = self.screen.console.height - len(head) - taken - 1
        self.screen.say(*head, *card(self.config, detail, self.screen, room), *foot)
        self.said = ""

    def _progress(self) -> str:
        done = sum(self.sieve.passes(self.records[at]) for at in {step.at for step in self.steps})
        number, all_ = done + 1, done + len(self.todo)
        filled = BAR * done // all_
        judged = len({step.at for step in self.steps if step.given})
        only = f"   only {self.sieve.words}" if self.sieve.words else ""
        return (
            f"{number} of {all_}  {'#' * filled}{'.' * (BAR - filled)}  "
            f"{judged} judged, {len(self.todo)} left{only}"
        )

    def _act(self, keyboard: Keyboard) -> bool:
        """Take keys until there is something else to show; False ends the review."""
        while True:
            key = _pressed(keyboard)
            if key is None:
                return True
            if key in VERDICTS:
                return self._judge(VERDICTS[key])
            if key in LEAVE:
                return False
            match key:
                case "s" | " ":
                    return self._skip()
                case "u":
                    return self._undo()
                case "n":
                    return self._write_note(keyboard)
                case "f":
                    return self._filter(keyboard)
                case "m":
                    self._show_all()
                case _:
                    several = len(key) > 1 and not key.startswith("\x1b")
                    pasted = ["  that was pasted: nothing is judged by it"] if several else []
                    self.screen.say(*pasted, *HELP)

    def _show_all(self) -> None:
        self.screen.say("")
        print_detail(self.config, self.store, self.store.suspect(self.records[self.todo[0]].id), 20)
        self.screen.say("", *KEYS)

    def _write_note(self, keyboard: Keyboard) -> bool:
        note = keyboard.line(ASK_NOTE)
        self.note = note or ""
        self.said = "" if note else "no note"
        return True

    def _keep_note(self) -> None:
        """Keep a note that no verdict followed, so that it is not lost."""
        if self.note and self.todo:
            id_ = self.records[self.todo[0]].id
            self.store.note_suspect(id_, self.note, self.by, self.clock())
        self.note = ""

    def _judge(self, verdict: Verdict) -> bool:
        """Judge what is on the screen; what has changed since is shown anew instead."""
        at = self.todo[0]
        before = self.records[at]
        judged = self.store.judge_as_shown([before], verdict, self.note, self.by, self.clock())
        if not judged:
            self.said = f"{called(before)} has changed meanwhile: it is not judged, look again"
            return True
        (after,) = judged
        self.records[at] = after
        self.note = ""
        self._done(_Step(at, before.verdict, verdict), f"{called(after)}: {verdict}")
        return True

    def _skip(self) -> bool:
        self._keep_note()
        at = self.todo[0]
        record = self.records[at]
        self._done(_Step(at, record.verdict, None), f"{called(record)}: skipped")
        return True

    def _done(self, step: _Step, said: str) -> None:
        self.steps.append(step)
        self.todo.pop(0)
        self.said = said

    def _undo(self) -> bool:
        """Take the last step back; a verdict only where nobody else has judged since."""
        if not self.steps:
            self.said = "nothing to undo"
            return True
        step = self.steps.pop()
        record = self.store.suspect(self.records[step.at].id).record
        if step.given is None:
            self.said = f"back at {called(record)}"
        elif record.verdict != step.given:
            self.said = f"{called(record)} has been judged again meanwhile: it stays as it is"
        else:
            record = self.store.judge(record.id, step.before, TAKEN_BACK, self.by, self.clock())
            self.said = f"took back the verdict on {called(record)}"
        self.records[step.at] = record
        self.todo.insert(0, step.at)
        return True

    def _filter(self, keyboard: Keyboard) -> bool:
        """Show only some of those that are left."""
        words = keyboard.line(ASK_FILTER)
        if words is None:
            self.said = "the filter is as it was"
            return True
        wanted = sieve(words, self.records)
        seen = {step.at for step in self.steps}
        todo = [at for at, one in enumerate(self.records) if at not in seen and wanted.passes(one)]
        if not todo:
            self.said = f"none of those left fits {wanted.words}" if words else "none is left"
            return True
        self.sieve, self.todo = wanted, todo
        self.said = f"{len(todo)} left that fit {wanted.words}" if words else "all are shown again"
        return True

    def _sum_up(self) -> None:
        last = {step.at: step.given for step in self.steps if step.given}
        left = len(self.records) - len(last)
        self.screen.say(f"{len(last)} judged, {left} left")
        kinds = Counter(last.values())
        if len(kinds) > 1 or len(last) > 1:
            self.screen.note("  " + ", ".join(f"{n} {verdict}" for verdict, n in kinds.items()))
        if kinds[Verdict.DISMISSED] + kinds[Verdict.OURS]:
            self.screen.hint("`watcher suspects learn` shows what the verdicts teach")


def _pressed(keyboard: Keyboard) -> str | None:
    """Return the next key, letters small; None where the screen is to be drawn anew."""
    try:
        key = keyboard.key()
    except Resized:
        return None
    return key.lower() if len(key) == 1 else key
