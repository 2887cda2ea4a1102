"""`watcher run`: the service in the foreground."""

import click

from watcher.app import App
from watcher.cli import Settings
from watcher.cli.logs import log_format, set_up_log
from watcher.metrics import serve
from watcher.presence import alone, alone_in
from watcher.service import Service
from watcher.store import is_shared
from watcher.walk.archiving import need_parquet


@click.command()
@click.option("--quiet", "-q", is_flag=True, help="Say only what went wrong.")
@log_format
@click.pass_obj
def command(settings: Settings, quiet: bool, log_format: str) -> None:
    """Watch until stopped: pull each source at its pace, match, index, mail, follow.

    Ctrl-C or SIGTERM finishes what is under way; a second one ends at once, and the next start
    takes up what was left. A changed configuration is taken up when it is valid.
    """
    set_up_log(log_format, quiet=quiet)
    config = settings.load()
    need_parquet(config)
    if not is_shared(config.store_url):
        with alone(config.data, config.store_url), App.open(config, clock=settings.clock) as app:
            service = Service(app)
            service.pulse.role = "leads"  # nobody else can
            with serve(config, lambda: service.app, service.pulse):
                service.run()
        return
    from watcher.leading import Standby  # only where several may run

    with alone_in(config.data), App.open(config, clock=settings.clock) as app:
        standby = Standby(app)
        with serve(config, lambda: standby.in_use, standby.pulse):
            standby.run()
