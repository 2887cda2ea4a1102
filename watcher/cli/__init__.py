"""The command line: one file per noun; the only place that knows click and rich.

A command is loaded when it is asked for, so that `watcher --help` answers at once.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rules.errors import WatcherError
    from watcher.config import Config
    from watcher.store import Store

COMMANDS = {
    "init": "Write a commented starter configuration.",
    "check": "Load everything, then try the outside, and print a table.",
    "demo": "Show the main job on an invented brand; nothing leaves the machine.",
    "once": "Pull, match, index, plan and deliver once.",
    "run": "Watch until stopped.",
    "status": "What is watched, what waits, what went wrong.",
    "search": "Search the stored posts with the rule language.",
    "rules": "List, show and try the rules.",
    "suspects": "Review the accounts and domains that look like a brand.",
    "follows": "Decide on proposed follows and carry them out.",
    "digests": "Preview and list the digests.",
    "deliveries": "The mails: sent, waiting, refused, parked.",
    "index": "The search index: its state, and making it anew.",
    "local": "The embedded microblog: post, import, look around.",
}


@dataclass(frozen=True)
class Settings:
    """What stands before the command on the command line."""

    config_option: Path | None

    def config_path(self) -> Path:
        """Return the configuration's path. Raises `ConfigError` where there is none."""
        from watcher.config import find

        return find(self.config_option)

    def load(self) -> "Config":
        """Load the configuration. Raises `ConfigError` with every problem in it."""
        from watcher.config import load

        return load(self.config_path())

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
        command: click.Command = import_module(f"watcher.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Add a did-you-mean to click's own words."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            if not near:
                raise
            hint = f"{error.message} Did you mean '{near[0]}'?"
            raise click.UsageError(hint, ctx) from error

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

    Exit codes: 0 fine, 1 failed, 2 wrong usage or configuration.
    """
    ctx.obj = Settings(config)


def main() -> None:
    """Run the command line; turn our errors into words and exit codes."""
    try:
        status = watcher(standalone_mode=False)
    except click.exceptions.Abort:
        sys.stderr.write("stopped\n")
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(2 if isinstance(error, click.UsageError) else 1)
    except BrokenPipeError:
        sys.stderr.close()  # the reader (`| head`) has gone: nothing is left to say
        sys.exit(0)
    except Exception as error:
        from rules.errors import WatcherError  # not before: `--help` must not wait for the rules

        if not isinstance(error, WatcherError):
            raise
        sys.exit(report(error))
    sys.exit(status if isinstance(status, int) else 0)


def report(error: "WatcherError") -> int:
    """Print one of our errors to standard error; return the exit code that goes with it."""
    from watcher.cli.console import stderr
    from watcher.config import ConfigError

    stderr().error(error)
    return 2 if isinstance(error, ConfigError) else 1
