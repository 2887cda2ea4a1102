"""`watcher work`: a worker in the foreground, beside the one that keeps the schedule."""

from contextlib import closing
from dataclasses import replace

import click

from rules.errors import WatcherError
from watcher.app import App
from watcher.cli import Settings
from watcher.cli.logs import log_format, set_up_log
from watcher.config import Config
from watcher.metrics import serve
from watcher.metrics.table import MetricsTable
from watcher.worker import Worker


class NoLogError(WatcherError):
    """There is nothing for a worker to do: posts do not go through the log."""


def need_log(config: Config) -> None:
    """Raise `NoLogError` where a configuration leaves workers nothing to do."""
    if not config.uses_log:
        raise NoLogError(
            "posts do not go through the log, so there is nothing to work off",
            help="name a PostgreSQL database with [store] url, or write log = true there",
        )


@click.command()
@click.option("--quiet", "-q", is_flag=True, help="Say only what went wrong.")
@click.option(
    "--no-metrics",
    "unserved",
    is_flag=True,
    help="Leave [metrics] to others: an address serves one process.",
)
@log_format
@click.pass_obj
def command(settings: Settings, quiet: bool, unserved: bool, log_format: str) -> None:
    """Match and store what waits in the log, until stopped: any number of these may run.

    `watcher run` reads the sources, plans and delivers; it matches too, so one process is enough
    until it falls behind. Ctrl-C or SIGTERM finishes the claim under way; a second one ends at
    once, and what was claimed is claimed again by others. A changed configuration is taken up when
    it is valid.
    """
    set_up_log(log_format, quiet=quiet)
    config = settings.load()
    if unserved:
        config = replace(config, metrics=MetricsTable())
    need_log(config)
    app = App.open(config, clock=settings.clock)
    # Not the whole app: how often networks may be asked is kept by the one that asks them.
    with closing(app.store), closing(app.index):
        worker = Worker(app)
        with serve(config, lambda: worker.app, worker.pulse):
            worker.run()
