"""Processes that a test or a benchmark starts end with it, however it ends: kill -9 included."""

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
"""Of prctl(2): the signal that the kernel sends to a process whose parent has ended."""


def tied(command: list[str]) -> list[str]:
    """Return the command that runs a program, by its whole path, tied to this process.

    It keeps its number and becomes the program. Its parent is the thread that starts it: let that
    be one that lasts. But on Linux the command comes back as it is.
    """
    if sys.platform != "linux":
        return command
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def _main(parent: int, command: list[str]) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it has ended already
        sys.exit(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored, as by what nohup runs, it stays ignored
    os.execv(command[0], command)


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2:])
