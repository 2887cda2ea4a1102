"""`watcher workers`: who works on the database; keeping workers at work, here or on a cluster."""

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from watcher.cli import Settings
from watcher.cli.console import ago, count, print_json, safe, stdout
from watcher.cli.logs import log_format, set_up_log
from watcher.cli.names import MistakeError
from watcher.clock import clock_of
from watcher.stopping import listen_for_signals

if TYPE_CHECKING:
    from watcher.scale.placing import Crew
    from watcher.store import WorkerRecord

log = logging.getLogger("watcher")

LOCAL = "local"
MOST = 1000


def _where(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """Refuse what names no place for workers before anything is looked at."""
    if value != LOCAL:
        from watcher.scale.engines import AddressError, scheduler_address

        try:
            scheduler_address(value)
        except AddressError as error:
            raise MistakeError(error.message, help=f"{error.help}; or `local`") from error
    return value


@click.command()
@click.option(
    "-n",
    "--number",
    type=click.IntRange(1, MOST),
    help="Keep so many workers at work until stopped.",
)
@click.option(
    "--engine",
    default=LOCAL,
    show_default=True,
    metavar="WHERE",
    callback=_where,
    help="`local` for processes of this host; dask://HOST:PORT, or tls://HOST:PORT with "
    "certificates, for the hosts of a Dask cluster.",
)
@click.option(
    "--config",
    "there",
    metavar="PATH",
    help="Where the configuration lies on the cluster's hosts; else the same path as here.",
)
@click.option("--stop", "is_to_stop", is_flag=True, help="Stop who keeps workers there, and them.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@log_format
@click.pass_obj
def command(
    settings: Settings,
    number: int | None,
    engine: str,
    there: str | None,
    is_to_stop: bool,
    as_json: bool,
    log_format: str,
) -> None:
    """Show who works on the database; with -n, keep workers at work.

    Each worker is a `watcher work`. One that ends is started again, after a pause that grows; one
    whose Dask worker dies is started on another. Ctrl-C, SIGTERM or `--stop` from elsewhere lets
    each finish its batch. Secrets come from the environment of the host where a worker runs.
    """
    if is_to_stop and number is not None:
        raise click.UsageError("--stop ends workers and -n starts them")
    set_up_log(log_format, quiet=False)
    if is_to_stop:
        _stop(settings, engine, there)
    elif number is None:
        _show(settings, as_json)
    elif engine == LOCAL:
        _keep_here(settings, number)
    else:
        _keep_on_cluster(engine, _path_there(settings, there), number)


def _show(settings: Settings, as_json: bool) -> None:
    with settings.opened() as (_, store):
        now = clock_of(store, settings.clock)()
        found = store.workers(now)
    if as_json:
        print_json([as_dict(one) | {"stopped": one.stopped} for one in found])
        return
    stdout().table(
        ["host", "process", "does", "since", "last sign", "posts", "matches", "trouble"],
        [
            (
                safe(one.host, 60),
                str(one.pid),
                _does(one),
                ago(one.started, now),
                ago(one.beat, now),
                f"{one.posts:,}",
                f"{one.matches:,}",
                safe(one.trouble, 200),
            )
            for one in found
        ],
        right=("process", "posts", "matches"),
        whole=("host",),
        less=("since", "matches"),
        hidden=["trouble"] * (not any(one.trouble for one in found)),
        empty="nobody works on this database, and nobody did within a week",
    )


def _does(one: "WorkerRecord") -> str:
    if one.is_lost:
        return "lost"
    return "left" if one.stopped else one.role


def as_dict(one: "WorkerRecord") -> dict[str, Any]:
    """Return what `--json` tells of a process, here and in `watcher status`."""
    return {
        "id": one.id,
        "host": one.host,
        "pid": one.pid,
        "role": one.role,
        "lost": one.is_lost,
        "started": one.started,
        "last_sign": one.beat,
        "posts": one.posts,
        "matches": one.matches,
        "trouble": one.trouble,
        "config": one.config,
    }


def _keep_here(settings: Settings, number: int) -> None:
    from watcher.cli.work import need_log
    from watcher.presence import make_private
    from watcher.scale.local_crew import LocalCrew, alone
    from watcher.scale.model import ScaleError

    config = settings.load()
    if config.store_url.startswith("sqlite:"):
        raise ScaleError(
            "a SQLite file serves one process: `watcher run` does all the work itself",
            help='name a PostgreSQL database in [store], url = "postgresql+psycopg://..."',
        )
    need_log(config)
    make_private(config.data)
    with alone(config.data):
        _keep(LocalCrew(settings.config_path().absolute()), number, threading.Event())


def _keep_on_cluster(engine: str, there: str, number: int) -> None:
    from watcher.scale.dask_crew import DaskCrew

    crew = DaskCrew(engine, there)
    _keep(crew, number, crew.told_to_stop)


def _keep(crew: "Crew", number: int, stopping: threading.Event) -> None:
    from watcher.scale.placing import Keeper

    listen_for_signals(stopping, stopping.set)
    Keeper(crew, number, log.info).keep(stopping.is_set, time.monotonic)
    log.info("stopped")


def _stop(settings: Settings, engine: str, there: str | None) -> None:
    if engine == LOCAL:
        from watcher.scale.local_crew import stop

        done = "stopped" if stop(settings.load().data) else "nobody keeps workers here"
    else:
        from watcher.scale.dask_crew import stop as stop_there

        workers = stop_there(engine, _path_there(settings, there))
        nobody = "nobody keeps workers there"
        done = nobody if workers is None else f"{count(workers, 'worker')} stopped"
    stdout().say(done)


def _path_there(settings: Settings, there: str | None) -> str:
    return there or str(Path(settings.config_path()).absolute())
