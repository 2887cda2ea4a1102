"""How a process that works on its own accord is told to stop, and how it ends when it cannot."""

import logging
import os
import signal
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NoReturn

log = logging.getLogger("watcher")


def listen_for_signals(stopping: threading.Event, stop: Callable[[], object]) -> None:
    """Let SIGTERM and SIGINT stop in good order; a second one ends the process at once."""

    def heard(signum: int, _frame: object) -> None:
        if stopping.is_set():
            os._exit(128 + signum)
        # Not here: the main thread may be holding the event's lock at this very moment.
        threading.Thread(target=stop).start()

    signal.signal(signal.SIGTERM, heard)
    signal.signal(signal.SIGINT, heard)


def leave_behind(left: Sequence[str], grace: timedelta) -> NoReturn:
    """End the process though steps are under way, and say which."""
    log.error(
        "not finished within %.0f seconds: %s; the next start takes up what was left",
        grace.total_seconds(),
        ", ".join(left),
    )
    logging.shutdown()
    os._exit(1)  # a thread that hangs would keep the process for ever
