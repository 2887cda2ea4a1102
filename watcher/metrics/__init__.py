"""Telling a monitor: figures for Prometheus, and whether the process is well.

`serve` is all that others use. Nothing here is imported where `[metrics]` is off; the only package
that knows prometheus_client.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the configuration itself imports the table that lies here
    from watcher.app import App
    from watcher.config import Config
    from watcher.pulse import Pulse


@contextmanager
def serve(config: "Config", app: "Callable[[], App]", pulse: "Pulse") -> Iterator[int | None]:
    """Serve `/metrics`, `/healthz` and `/readyz` while the body runs, where `[metrics]` says so.

    `app` gives the one that is in use at the moment; by its clock the figures go. Gives the port;
    None where nothing is served. Raises `MetricsError` where the address cannot be had.
    """
    address = config.metrics.address
    if address is None:
        yield None
        return
    # Some of these take longer to import than many a command takes.
    from watcher.metrics.figures import Monitor
    from watcher.metrics.health import Health
    from watcher.metrics.one_at_a_time import OneAtATime
    from watcher.metrics.server import Pages, Server

    health = Health(config.path, app, pulse)
    monitor = Monitor(app, pulse, health)
    pages: Pages = {
        "/metrics": OneAtATime(monitor.page, monitor.late),
        "/healthz": health.alive,
        "/readyz": OneAtATime(health.ready, health.late),
    }
    # A database that does not answer is no reason to be started again.
    with Server(address, pages, always="/healthz") as port:
        yield port
