"""`watcher check`: whether all is well, inside and outside."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict

import click
from rich.text import Text

from watcher.checks import Outcome, run
from watcher.cli import Settings
from watcher.cli.console import print_json, safe, stderr, stdout
from watcher.config import Config, ConfigError
from watcher.search import DatabaseIndex, FolderIndex, Index, SearchError
from watcher.store import Store, StoreError, is_shared
from watcher.toml import Finding

SIGNS = {"ok": "ok", "warning": "look", "failed": "FAILED"}
STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1, max=600),
    default=20.0,
    show_default=True,
    help="Seconds to wait for each thing outside.",
)
@click.pass_obj
def command(settings: Settings, as_json: bool, timeout: float) -> int:
    """Load the configuration, then try everything outside, and print a table.

    Tries each source, the mail server, the database and the data folder. Sends no mail and changes
    nothing. Exits with 1 where something failed, with 2 where the configuration is wrong.
    """
    try:
        config = _loaded(settings)
    except ConfigError as error:
        if not as_json:
            raise
        print_json({"config": _as_dicts(error), "checks": []})
        return 2
    outcomes = run(config, timeout)
    if as_json:
        print_json(
            {
                "config": [_as_dict(finding) for finding in config.warnings],
                "checks": [asdict(outcome) for outcome in outcomes],
            }
        )
    else:
        for warning in config.warnings:
            stderr().say(str(warning), "")
        tell(outcomes)
    return int(any(outcome.state == "failed" for outcome in outcomes))


def tell(outcomes: Sequence[Outcome], empty: str = "") -> None:
    """Print what came of trying things, and how to mend what failed."""
    rows = [_row(outcome) for outcome in outcomes]
    stdout().table(("what", "state", "answer"), rows, empty=empty)
    helped: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.help:
            helped.setdefault(outcome.help, []).append(outcome.what)
    for advice, what in helped.items():
        stdout().say(safe(f"{', '.join(what)}: {advice}"))


def _loaded(settings: Settings) -> Config:
    """Load the configuration; words are as common as in the posts gathered so far, if enough."""
    config = settings.load()
    folder = config.data / "index"
    on_server = is_shared(config.store_url)
    if not on_server and not folder.is_dir():
        return config
    try:
        with ExitStack() as opened:
            if on_server:
                store = opened.enter_context(closing(Store.open(config.store_url, migrate=False)))
                index: Index = DatabaseIndex.open(store)
            else:
                index = opened.enter_context(closing(FolderIndex.open(folder)))
            own = index.document_shares()
            return settings.load(own) if own else config
    except (SearchError, StoreError):
        return config  # what is wrong with it, those tell who need it


def _row(outcome: Outcome) -> tuple[str, str | Text, str]:
    state = Text(SIGNS[outcome.state], STYLES[outcome.state])
    return safe(outcome.what), state, safe(outcome.answer)  # a server's greeting may be anything


def _as_dict(finding: Finding) -> dict[str, object]:
    return {
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "severity": finding.problem.severity,
        "code": finding.problem.code,
        "message": finding.problem.message,
        "help": finding.problem.help,
    }


def _as_dicts(error: ConfigError) -> list[dict[str, object]]:
    if error.findings:
        return [_as_dict(finding) for finding in error.findings]
    return [{"code": error.code, "message": error.message, "help": error.help}]
