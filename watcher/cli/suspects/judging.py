"""`watcher suspects confirm`, `dismiss`, `ours`, `parody` and `reopen`."""

import click

from rules.errors import WatcherError
from rules.model import Verdict
from watcher.cli import Settings
from watcher.cli.console import stderr, stdout
from watcher.cli.names import NUMBER
from watcher.cli.suspects.subject import called, who


def _judgement(name: str, verdict: Verdict, words: str) -> click.Command:
    @click.command(name, help=words)
    @click.argument("suspect_ids", metavar="ID...", type=NUMBER, nargs=-1, required=True)
    @click.option("--note", default="", help="Why, for whoever looks at it later.")
    @click.pass_obj
    def judge(settings: Settings, suspect_ids: tuple[int, ...], note: str) -> int:
        failed = 0
        with settings.opened() as (_, store):
            for suspect_id in suspect_ids:
                try:
                    record = store.judge(suspect_id, verdict, note, who(), settings.clock())
                except WatcherError as error:  # the others are judged all the same
                    stderr().error(error)
                    failed = 1
                    continue
                stdout().say(f"{called(record)}: {record.verdict}")
        return failed

    return judge


COMMANDS = (
    _judgement("confirm", Verdict.CONFIRMED, "Say that it imitates the brand."),
    _judgement("dismiss", Verdict.DISMISSED, "Say that it is harmless; it is not raised again."),
    _judgement("ours", Verdict.OURS, "Say that it is our own."),
    _judgement("parody", Verdict.PARODY, "Say that it is a fan's or a parody that says so."),
    _judgement("reopen", Verdict.OPEN, "Take the verdict back, to look at it again."),
)
