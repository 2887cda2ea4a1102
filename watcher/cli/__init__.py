"""The command line: one file per noun; the only place that knows click and rich.

A command is loaded when it is asked for, so that `watcher --help` answers at once.
"""

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from watcher.clock import clock_of, utc_now

if TYPE_CHECKING:
    from rules.errors import WatcherError
    from rules.lint import Shares
    from watcher.app import App
    from watcher.config import Config
    from watcher.store import Store

COMMANDS = {
    "init": "Write a commented starter configuration.",
    "check": "Load everything, then try the outside, and print a table.",
    "login": "Let the watcher read with an account of yours.",
    "logout": "Take back what a log-in allowed.",
    "demo": "Show the main job on an invented brand; nothing leaves the machine.",
    "once": "Pull, match, index, plan and deliver once.",
    "run": "Watch until stopped.",
    "work": "Work off the log beside the one that watches.",
    "workers": "Who works on the database; keep workers at work, here or on a cluster.",
    "status": "What is watched, what waits, what went wrong.",
    "sources": "How the sources are read, what is missing, and which the rules need.",
    "search": "Search the stored posts with the rule language.",
    "stats": "How accounts post, answer and are heard.",
    "brands": "How brands stand beside their competitors.",
    "rules": "List, show, try and better the rules.",
    "matches": "What the rules found, and what you think of it.",
    "relevance": "Tell posts about a brand from those that only name it.",
    "tones": "How posts speak of the brands, and what you think of that.",
    "inbox": "Customers who wait for an answer.",
    "people": "Who matters where the brands are spoken of, and who talks with whom.",
    "alarms": "Storms, silences and new terms that rates told of.",
    "spikes": "Try out what a spike would have told, and how often for nothing.",
    "ack": "Say that somebody has seen to urgent news.",
    "silence": "Keep findings from being told for a while.",
    "suspects": "Review the accounts and domains that look like a brand.",
    "follows": "Decide on proposed follows and carry them out.",
    "digests": "Preview and list the digests.",
    "deliveries": "What goes out: sent, waiting, refused, parked.",
    "forget": "Erase a person's posts and account, and keep them out.",
    "report": "Write what was said of the brands as a page that people read.",
    "export": "Write what is stored and counted for spreadsheets and programs.",
    "backtest": "Run rules over years of archives.",
    "scan-accounts": "Find the look-alikes in lists of accounts.",
    "jobs": "Back-tests and scans: how far they are, what they found.",
    "index": "The search index: its state, and making it anew.",
    "store": "Move the database elsewhere, save it, put it back.",
    "local": "The embedded microblog: post, import, look around.",
}


@dataclass(frozen=True)
class Settings:
    """What stands before the command on the command line; `clock` is an argument for tests."""

    config_option: Path | None = None
    clock: Callable[[], datetime] = utc_now

    def config_path(self) -> Path:
        """Return the configuration's path. Raises `ConfigError` where there is none."""
        from watcher.config import find

        return find(self.config_option)

    def load(self, own: "Shares | None" = None) -> "Config":
        """Load the configuration. Raises `ConfigError` with every problem in it.

        `own` tells the linter how common words are in the posts gathered so far.
        """
        from watcher.config import load

        return load(self.config_path(), own=own)

    @contextmanager
    def opened(self) -> "Iterator[tuple[Config, Store]]":
        """Load the configuration and open its store. Raises `ConfigError`, `StoreError`."""
        from watcher.store import Store

        config = self.load()
        store = Store.open(config.store_url)
        try:
            yield config, store
        finally:
            store.close()

    @contextmanager
    def app(self, config: "Config") -> "Iterator[App]":
        """Open an App for steps that are done by hand, by the clock that counts for its store.

        Raises what `App.open` raises.
        """
        from watcher.app import App

        with App.open(config, clock=self.clock) as app:
            yield replace(app, clock=clock_of(app.store, self.clock))


class Nouns(click.Group):
    """The commands, each in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of a first day's use."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Import the command's module; None for a name that does not exist."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"watcher.cli.{cmd_name.replace('-', '_')}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Say what was perhaps meant where no command has that name."""
        name = click.utils.make_str(args[0])
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, n=1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"there is no command {name!r}{meant}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name without importing any."""
        return [
            *(
                CompletionItem(name, help=words)
                for name, words in COMMANDS.items()
                if name.startswith(incomplete)
            ),
            *click.Command.shell_complete(self, ctx, incomplete),
        ]

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The configuration; else $WATCHER_CONFIG, ./watcher.toml, or the user's own.",
)
@click.version_option(package_name="brand-watcher", prog_name="watcher")
@click.pass_context
def watcher(ctx: click.Context, config: Path | None) -> None:
    """Watch microblogs for your brand: who speaks of it, and who borrows its name.

    `watcher demo` shows it at work, `watcher init` begins your own.

    \b
    Exit codes:
      0  fine
      1  something failed
      2  wrong usage, or a configuration or expression that cannot be understood
    """  # noqa: D301 - click's own mark
    ctx.obj = replace(ctx.find_object(Settings) or Settings(), config_option=config)


def main() -> None:
    """Run the command line that was typed; exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without é must not end the program
            stream.reconfigure(errors="replace")
    sys.exit(run())


def run(arguments: Sequence[str] | None = None, settings: Settings | None = None) -> int:
    """Run a command line (None: the one that was typed); turn our errors into words.

    Return the exit code: 0 fine, 1 something failed, 2 wrong usage or configuration.
    """
    try:
        status = _answered(arguments, settings)
        sys.stdout.flush()
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.stderr.write("\nstopped\n")
        return 1
    except click.ClickException as error:
        return _misused(error)
    except BrokenPipeError:
        _say_no_more()  # the reader (`| head`) has gone
        return 0
    except OSError as error:  # of files, the rooms speak themselves: this is our own output
        _say_no_more()
        from watcher.cli.console import stderr

        what = error.filename or "the answer cannot be written"
        stderr().trouble(f"{what}: {error.strerror}")
        return 1
    except Exception as error:
        from rules.errors import WatcherError  # not before: `--help` must not wait for the rules

        if not isinstance(error, WatcherError):
            raise
        return _failed(error)
    return status if isinstance(status, int) else 0


def _answered(arguments: Sequence[str] | None, settings: Settings | None) -> object:
    """Let click run the command line.

    Where the reader has gone in the middle of a command, click ends the program with code 1 and
    puts something else in the place of standard output: to us it is a `BrokenPipeError`.
    """
    output = sys.stdout
    try:
        return watcher.main(arguments, "watcher", standalone_mode=False, obj=settings)
    except SystemExit as end:
        if sys.stdout is output:
            raise
        sys.stdout = output
        raise BrokenPipeError from end


def _say_no_more() -> None:
    """Let what is left of the output go nowhere, also when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(error: "WatcherError") -> int:
    """Print one of our errors to standard error; return the exit code that goes with it."""
    from rules.language import ExpressionError
    from watcher.cli.console import safe_lines, stderr
    from watcher.config import ConfigError

    if isinstance(error, ExpressionError):
        stderr().say(*safe_lines(str(error)))  # a whole screen, with carets
    elif isinstance(error, ConfigError) and (
        error.findings or f"error[{error.code}]" in error.message
    ):
        stderr().say(*safe_lines(error.message))  # the same, `help` included where it has findings
        if error.help:
            stderr().say(f"   help: {error.help}")
    else:
        stderr().error(error)
    return 2 if isinstance(error, ConfigError | ExpressionError) else 1


def _misused(error: click.ClickException) -> int:
    """Print what click has against a command line, in our own form; return the exit code."""
    from watcher.cli.console import stderr

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return 2
    context = error.ctx if isinstance(error, click.UsageError) else None
    told = getattr(error, "help", "")
    if context and not told:
        told = f"`{context.command_path} --help` tells how it is used"
    message = error.format_message().removesuffix(".")
    stderr().trouble(message[:1].lower() + message[1:], told)
    return 2 if isinstance(error, click.UsageError) else 1
