"""A continuous worker as a process of its own, tied to whoever started it by its standard input.

When that closes, the worker is told to stop: it finishes its batch and ends. So it goes with its
starter however that ends, kill -9 included, and on every system.
"""

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import IO, Final

GRACE: Final = 30.0
"""Seconds that a worker may take for what is under way. A killed one loses nothing, it only does
that again."""
PROGRAM: Final = "work --no-metrics"
"""All of a host have one configuration, whose `[metrics]` names one address."""
_LAST_LINES: Final = 20


class Child:
    """A `watcher work` that was started from here."""

    def __init__(self, config: str, *, program: str = PROGRAM) -> None:
        """Start it with the configuration at a path. Raises `OSError`."""
        # A session of its own: Ctrl-C is for whoever started it, who then tells it once.
        self._process = subprocess.Popen(  # noqa: S603 - this program, by its own interpreter
            [sys.executable, "-m", "watcher.scale.tether", config, program],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._copier = threading.Thread(target=self._copy, daemon=True)
        self._copier.start()

    @property
    def pid(self) -> int:
        """Its number on this host."""
        return self._process.pid

    def ended(self, seconds: float = 0.0) -> bool:
        """Wait for its end; whether it has come."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """Tell it to stop, and wait until it has; one that does not within the grace is killed."""
        self.tell_to_stop()
        if not self.ended(GRACE):
            self._process.kill()
            self._process.wait()

    def tell_to_stop(self) -> None:
        """Let go of it; it ends when its batch is done."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()

    @property
    def why(self) -> str:
        """How it ended, in words for a person, with what it said last."""
        code = self._process.returncode
        self._copier.join(1.0)
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        errors = [line for line in self._last if line.startswith("error: ")] or [*self._last][-1:]
        said = errors[-1].removeprefix("error: ")[:500] if code and errors else ""
        return f"{how}: {said}" if said else how

    def _copy(self) -> None:
        errors: IO[bytes] | None = self._process.stderr
        for line in errors or ():
            text = line.decode(errors="replace")
            sys.stderr.write(text)
            sys.stderr.flush()
            self._last.append(text.rstrip())


def _watch(grace: float = GRACE) -> None:
    """Stop this process when its standard input closes."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(grace)
    os._exit(1)


def _main(config: str, program: str) -> int:
    from watcher.cli import run

    threading.Thread(target=_watch, name="tether", daemon=True).start()
    return run(["--config", str(Path(config)), *program.split()])


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:3]))
