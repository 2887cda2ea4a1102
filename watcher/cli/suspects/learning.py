"""`watcher suspects learn`: from verdicts to a change of the configuration."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from rules.lookalike import LookalikeRule
from rules.model import Verdict
from watcher.cli import Settings
from watcher.cli.console import count, print_json, safe, safe_lines, stderr, stdout
from watcher.cli.links import defanged
from watcher.cli.names import MistakeError, brand_names, completing, meant
from watcher.cli.suspects.choosing import ALL
from watcher.cli.suspects.subject import called
from watcher.store import SuspectRecord
from watcher.verdicts import Lesson, Lessons, Proposal, draw, propose

MOST_NAMED = 5
"""Suspects that a line names."""
LARGEST = 9_999
"""Number of a line that can be taken."""
SAYS = {
    "accounts": "you said it is ours",
    "domains": "you said it is ours",
    "spellings": "what is ours writes the brand so",
    "trusted": "{number} that you found harmless bear it beside the brand",
    "friends": "you dismissed it",
}


class Numbers(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """Numbers of lines, as in `1,3-5`."""

    name = "numbers"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[int]:
        """Return the numbers; 9,999 is the largest."""
        found: set[int] = set()
        for part in str(value).split(","):
            first, dash, last = part.strip().partition("-")
            written = (first, last if dash else first)
            if not all(one.isdecimal() and len(one) < 6 and int(one) <= LARGEST for one in written):
                self.fail(f"write numbers like 1,3-5, up to {LARGEST:,}", param, ctx)
            if int(written[0]) > int(written[1]):
                self.fail(f"{part.strip()} is no range: write the smaller one first", param, ctx)
            found.update(range(int(written[0]), int(written[1]) + 1))
        return frozenset(found)


@click.command()
@click.option(
    "--brand", shell_complete=completing(brand_names), help="Only what is said of this brand."
)
@click.option("--take", type=Numbers(), metavar="NUMBERS", help="Only these lines: 1,3-5.")
@click.option("--write", is_flag=True, help="Change the file, after showing how and asking.")
@click.option("--yes", is_flag=True, help="With --write: do not ask.")
@click.option("--json", "json_", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def learn(
    settings: Settings,
    brand: str | None,
    take: frozenset[int] | None,
    write: bool,
    yes: bool,
    json_: bool,
) -> int:
    """Show what your verdicts teach, as a change of the configuration.

    What is ours goes to the brand's accounts and domains, how it writes the name to the spellings,
    harmless accounts and domains to the friends, and words that several harmless names bear
    beside the brand to the trusted ones. Nothing that would have hidden a suspect you confirmed is
    proposed. A parody teaches nothing: it is watched for the day it no longer says so.

    Nothing is changed without --write, which keeps the file as it was beside it, as .bak.
    """
    with settings.opened() as (config, store):
        records = store.suspects(limit=ALL)
    names = [meant(brand, brand_names(config), "brand")] if brand else brand_names(config)
    rules = [rule for rule in config.rules if isinstance(rule, LookalikeRule)]
    lessons = draw([one for one in config.brands if one.name in names], rules, records)
    taken = _taken(lessons, take)
    if not taken:
        _say_nothing(lessons, records, json_=json_)
        return 0
    proposal = propose(config, taken, records)
    if json_:
        print_json(_as_dict(lessons, proposal, records))
    else:
        _print(lessons, proposal, records, take)
    if not write:
        if not json_:
            stdout().say("", "nothing is changed: `watcher suspects learn --write` does")
        return 0
    if not yes and not _agreed(proposal.file.path.name):
        stdout().say("nothing is changed")
        return 1
    backup = proposal.write()
    stderr().say(f"wrote {config.path.name}; as it was, it is {backup.name}")
    return 0


def _taken(lessons: Lessons, take: frozenset[int] | None) -> list[Lesson]:
    """Return the lessons whose lines were named. Raises `MistakeError` for a line there is not."""
    if take is None:
        return list(lessons.drawn)
    if unknown := sorted(take - set(range(1, len(lessons.drawn) + 1))):
        raise MistakeError(
            f"there is no line {unknown[0]}",
            help="`watcher suspects learn` shows the lines and their numbers",
        )
    return [lesson for at, lesson in enumerate(lessons.drawn, 1) if at in take]


def _agreed(name: str) -> bool:
    if not sys.stdin.isatty():
        raise MistakeError(
            "nobody is there to be asked, so nothing is changed",
            help="--write --yes writes without asking",
        )
    stdout().say("")
    return click.confirm(f"change {name} so?")


def _say_nothing(lessons: Lessons, records: Sequence[SuspectRecord], *, json_: bool) -> None:
    if json_:
        print_json(_as_dict(lessons, None, records))
        return
    judged = Counter(record.verdict for record in records)
    stdout().say(f"the verdicts teach nothing new ({_tally(judged)})")
    _print_withheld(lessons)
    if judged[Verdict.OPEN]:
        stdout().hint("`watcher suspects review` judges those that are open")


def _tally(verdicts: Counter[Verdict]) -> str:
    told = ", ".join(f"{number:,} {one}" for one in Verdict if (number := verdicts[one]))
    return told or "there is no suspect"


def _print(
    lessons: Lessons,
    proposal: Proposal,
    records: Sequence[SuspectRecord],
    take: frozenset[int] | None,
) -> None:
    screen = stdout()
    stands = Counter(record.verdict for record in records)
    screen.say(f"from {count(len(records), 'suspect')}: {_tally(stands)}", "")
    lines = [(at, one) for at, one in enumerate(lessons.drawn, 1) if take is None or at in take]
    screen.table(
        ["line", "brand", "list", "entry", "because", "would hide"],
        [
            (
                str(at),
                safe(one.brand, 30),
                one.key,
                safe(one.value, 80),
                _because(one),
                _tally(Counter(record.verdict for record in one.hides)) if one.hides else "nothing",
            )
            for at, one in lines
        ],
        right=("line",),
        whole=("would hide",),
        hidden=["brand"] * (len({one.brand for _, one in lines}) == 1),
    )
    if lessons.beyond:
        screen.note(f"and {lessons.beyond:,} more friends, once these are written")
    screen.say("", *safe_lines(proposal.diff))
    _print_effect(proposal, stands)
    _print_withheld(lessons)


def _because(lesson: Lesson) -> str:
    said = SAYS[lesson.key].format(number=len(lesson.taught_by))
    named = [str(record.id) for record in lesson.taught_by[:MOST_NAMED]]
    more = ", ..." if len(lesson.taught_by) > MOST_NAMED else ""
    return f"{said} ({', '.join(named)}{more})"


def _print_effect(proposal: Proposal, stands: Counter[Verdict]) -> None:
    screen = stdout()
    hides = Counter(record.verdict for record in proposal.hides)
    total = sum(stands.values())
    told = f": {_tally(hides)}" if proposal.hides else ""
    screen.say(
        "", f"of {count(total, 'suspect')} it would have hidden {len(proposal.hides):,}{told}"
    )
    if stands[Verdict.CONFIRMED]:
        kept = stands[Verdict.CONFIRMED] - hides[Verdict.CONFIRMED]
        screen.say(f"it keeps {kept:,} of the {stands[Verdict.CONFIRMED]:,} confirmed")
    if nobody_judged := [one for one in proposal.hides if one.verdict == Verdict.OPEN]:
        screen.say(f"nobody has judged {_named(nobody_judged)}: look at them first")


def _named(records: Sequence[SuspectRecord]) -> str:
    names = [f"{called(record)} ({record.id})" for record in records[:MOST_NAMED]]
    more = f" and {len(records) - MOST_NAMED:,} more" if len(records) > MOST_NAMED else ""
    return ", ".join(names) + more


def _print_withheld(lessons: Lessons) -> None:
    for one in lessons.withheld:
        confirmed = [record for record in one.hides if record.verdict == Verdict.CONFIRMED]
        stdout().say(
            f'not proposed: "{defanged(safe(one.value, 80))}" ({one.key}), '
            f"which would have hidden {_named(confirmed)}, which you confirmed"
        )


def _lesson_dict(lesson: Lesson) -> dict[str, Any]:
    hides = Counter(record.verdict for record in lesson.hides)
    return {
        "brand": lesson.brand,
        "list": lesson.key,
        "entry": lesson.value,
        "because": [record.id for record in lesson.taught_by],
        "hides": {str(verdict): hides[verdict] for verdict in Verdict},
    }


def _as_dict(
    lessons: Lessons, proposal: Proposal | None, records: Sequence[SuspectRecord]
) -> dict[str, Any]:
    stands = Counter(record.verdict for record in records)
    hides = Counter(record.verdict for record in (proposal.hides if proposal else ()))
    return {
        "suspects": {str(verdict): stands[verdict] for verdict in Verdict},
        "lessons": [_lesson_dict(one) for one in (proposal.lessons if proposal else ())],
        "withheld": [_lesson_dict(one) for one in lessons.withheld],
        "hides": {str(verdict): hides[verdict] for verdict in Verdict},
        "diff": proposal.diff if proposal else "",
    }
