"""A watcher that kills itself at the boundary that the drill says.

    DIES_AT=12 python -m tests.crash_drill.mortal FOLDER once

Each call of the store, the index and the sender of mails has a boundary before it and one after it.
The names of those passed are left in `FOLDER/passed`.
"""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

from tests.journeys.test_crash import SabotagedMail, Saboteur
from watcher.app import App
from watcher.cli import run as run_command


class Killer(Saboteur):
    """Kills the process at a boundary, with the signal that cannot be caught."""

    def __init__(self, at: int, passed: Path) -> None:
        super().__init__(at)
        self._lock = Lock()
        self._file = passed.open("w", encoding="utf-8")

    def boundary(self, name: str) -> None:
        """Note the boundary; die where it is the one."""
        with self._lock:
            self.passed.append(name)
            self._file.write(f"{name}\n")
            self._file.flush()
            if len(self.passed) == self.at:
                os.kill(os.getpid(), signal.SIGKILL)


def sabotage(killer: Killer) -> None:
    """Let every App that is opened pass the killer's boundaries."""
    opened = App.open.__func__  # type: ignore[attr-defined]

    def open_sabotaged(cls: type[App], *args: Any, **kwargs: Any) -> App:
        real = opened(cls, *args, **kwargs)
        mail: Any = SabotagedMail(real.config.mail, killer)
        return replace(
            real,
            store=killer.around(real.store, "store"),
            index=killer.around(real.index, "index"),
            config=replace(real.config, mail=mail),
        )

    App.open = classmethod(open_sabotaged)  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    sabotage(Killer(int(os.environ["DIES_AT"]), folder / "passed"))
    sys.exit(run_command(["-c", str(folder / "watcher.toml"), sys.argv[2]]))
