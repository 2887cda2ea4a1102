"""`watcher suspects confirm`, `dismiss`, `ours`, `parody`, `reopen` and `note`."""

import sys
from collections.abc import Sequence

import click

from rules.errors import WatcherError
from rules.lookalike.bands import Band, band
from rules.model import Verdict
from watcher.cli import Settings
from watcher.cli.console import count, stderr, stdout
from watcher.cli.names import NUMBER, MistakeError
from watcher.cli.suspects.choosing import Choice, choosing
from watcher.cli.suspects.listing import print_table
from watcher.cli.suspects.subject import called, who
from watcher.config import Config
from watcher.store import Store, SuspectRecord


def _judgement(name: str, verdict: Verdict, words: str) -> click.Command:
    stands = "open" if verdict != Verdict.OPEN else "all"

    @click.command(name, help=f"{words}\n\n{_HOW.format(name=name)}")
    @click.argument("suspect_ids", metavar="[ID]...", type=NUMBER, nargs=-1)
    @choosing(default=None, verdict=stands)
    @click.option("--note", default="", help="Why, for whoever looks at it later.")
    @click.option("--yes", is_flag=True, help="Do not ask, where filters choose.")
    @click.pass_obj
    def judge(
        settings: Settings, suspect_ids: tuple[int, ...], choice: Choice, note: str, yes: bool
    ) -> int:
        if suspect_ids and choice.stated:
            raise MistakeError(
                "numbers and filters choose in different ways",
                help=f"`watcher suspects list` with these filters shows which they are; "
                f"{name} them by number or by filter",
            )
        with settings.opened() as (config, store):
            if suspect_ids:
                return _judge_each(settings, store, suspect_ids, verdict, note)
            if not choice.is_narrowed and "verdict" not in choice.stated:
                raise MistakeError(
                    f"which suspects? all of them is not what `{name}` does by itself",
                    help=f"`{name} 12 15` by number, or by filter: "
                    f"`{name} --technique contains --max-score 0.6`",
                )
            return _judge_chosen(settings, config, store, choice, verdict, note, yes=yes)

    return judge


_HOW = (
    "By their numbers, or all that filters choose: these are shown first, and judged only after a "
    "yes. What changes while it asks is left alone."
)
_QUESTIONS = {
    Verdict.CONFIRMED: "confirm {these}",
    Verdict.DISMISSED: "dismiss {these}",
    Verdict.OURS: "call {these} ours",
    Verdict.PARODY: "call {these} parody",
    Verdict.OPEN: "reopen {these}",
}
COMMANDS = (
    _judgement("confirm", Verdict.CONFIRMED, "Say that they imitate the brand."),
    _judgement(
        "dismiss", Verdict.DISMISSED, "Say that they are harmless; quiet until they change."
    ),
    _judgement("ours", Verdict.OURS, "Say that they are our own."),
    _judgement(
        "parody", Verdict.PARODY, "Say that they are a fan's or a parody's, and say so themselves."
    ),
    _judgement("reopen", Verdict.OPEN, "Take the verdict back, to look at them again."),
)


@click.command()
@click.argument("suspect_id", metavar="ID", type=NUMBER)
@click.argument("text", nargs=-1, required=True)
@click.pass_obj
def note(settings: Settings, suspect_id: int, text: tuple[str, ...]) -> None:
    """Keep what you have to say of a suspect, whatever its verdict.

    watcher suspects note 12 "written to them on Monday"
    """
    words = " ".join(text).strip()
    if not words:
        raise MistakeError("there is nothing to keep", help='`note 12 "asked their lawyer"`')
    with settings.opened() as (_, store):
        record = store.note_suspect(suspect_id, words, who(), settings.clock())
    stdout().say(f"{called(record)}: noted")


def _judge_each(
    settings: Settings, store: Store, ids: Sequence[int], verdict: Verdict, note: str
) -> int:
    failed = 0
    for suspect_id in ids:
        try:
            record = store.judge(suspect_id, verdict, note, who(), settings.clock())
        except WatcherError as error:  # the others are judged all the same
            stderr().error(error)
            failed = 1
            continue
        stdout().say(f"{called(record)}: {record.verdict}")
    return failed


def _judge_chosen(
    settings: Settings,
    config: Config,
    store: Store,
    choice: Choice,
    verdict: Verdict,
    note: str,
    *,
    yes: bool,
) -> int:
    """Show what filters choose, ask, and judge what was shown, as far as it is still the same."""
    found = choice.of(config, store)
    more = len(found) > choice.limit if choice.limit else False
    records = [one for one in found[: choice.limit] if one.verdict != verdict]
    already = len(found[: choice.limit]) - len(records)
    if not records:
        said = f"all {already:,} are {verdict} already" if already else choice.none_found(store)
        stdout().say(f"nothing to do: {said}")
        return 0
    print_table(records, settings.clock(), ["verdict"])
    if already:
        stderr().note(f"{already:,} more are {verdict} already")
    if more:
        stderr().note("there are more that fit, beyond the --limit")
    these = "this suspect" if len(records) == 1 else f"these {len(records):,} suspects"
    asked = _QUESTIONS[verdict].format(these=these)
    if not yes and not _agreed(f"{asked} ({in_bands(records)})?"):
        stdout().say("nothing is changed")
        return 1
    done = store.judge_as_shown(records, verdict, note, who(), settings.clock())
    stdout().say(f"{count(len(done), 'suspect')} {'is' if len(done) == 1 else 'are'} {verdict} now")
    if len(done) < len(records):
        stderr().note(
            f"{count(len(records) - len(done), 'suspect')} changed meanwhile, and left alone: "
            "look again"
        )
    return 0


def _agreed(question: str) -> bool:
    """Ask at the terminal. Raises `MistakeError` where nobody could answer."""
    if not sys.stdin.isatty():
        raise MistakeError(
            "nobody is there to be asked, so nothing is changed",
            help="--yes judges what the filters choose without asking",
        )
    stdout().say("")
    return click.confirm(question)


def in_bands(records: Sequence[SuspectRecord]) -> str:
    """Return how many are in each band: `3 high, 12 low`."""
    numbers = {one: sum(band(record.suspect.score) == one for record in records) for one in Band}
    return ", ".join(f"{number:,} {one}" for one, number in numbers.items() if number)
