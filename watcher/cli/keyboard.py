"""One key at a time from the terminal: the only module that knows how a terminal is set."""

import os
import re
import signal
import sys
from types import FrameType, TracebackType
from typing import NoReturn, Protocol, Self

import click

_KEY = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?|.", re.DOTALL)
_MOST_AT_ONCE = 3
"""Keys that a fast typist, or one held down, gets in together; more of them were pasted."""


class Resized(Exception):  # noqa: N818 - it is no error
    """The terminal has another size now, or is looked at again: draw anew."""


class Keyboard(Protocol):
    """What a person types."""

    def key(self) -> str:
        """Return the next key; several characters are a key such as an arrow, or were pasted.

        Raises `Resized`, `KeyboardInterrupt`, and `EOFError` at the end of the input.
        """

    def line(self, prompt: str) -> str | None:
        """Ask for a line and return it; None where that was broken off."""


class TerminalKeyboard:
    """The keys of the terminal that is standard input, as long as it is entered.

    Nothing is echoed meanwhile. However it is left, the terminal is as it was before.
    """

    def __init__(self) -> None:
        self._left: list[str] = []
        self._ends = False
        self._resized = False
        """Whether the size changed while nobody waited for a key."""

    def __enter__(self) -> Self:
        if sys.platform != "win32":
            import termios

            self._before = termios.tcgetattr(sys.stdin.fileno())
            self._terminate = signal.signal(signal.SIGTERM, self._leave)
            self._resize = signal.signal(signal.SIGWINCH, self._note)
            self._listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if sys.platform != "win32":
            signal.signal(signal.SIGTERM, self._terminate)
            signal.signal(signal.SIGWINCH, self._resize)
            self._rest()

    def key(self) -> str:
        """Return the next key, as `Keyboard` says."""
        if sys.platform == "win32":
            return click.getchar()
        if not self._left:
            self._left = _taken_apart(self._read())
        return self._left.pop(0)

    def line(self, prompt: str) -> str | None:
        """Ask for a line, as `Keyboard` says."""
        self._left.clear()
        if sys.platform != "win32":
            self._rest()
        try:
            line: str = click.prompt(prompt, default="", show_default=False)
        except click.Abort:
            return None
        finally:
            if sys.platform != "win32":
                self._listen()
        return line.strip()

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self._resized = True

    def _draw(self, _signal: int, _frame: FrameType | None) -> None:
        if not self._ends:  # both come at once where what was stopped is ended
            raise Resized

    def _leave(self, _signal: int, _frame: FrameType | None) -> NoReturn:
        self._ends = True
        raise SystemExit(1)

    if sys.platform != "win32":

        def _listen(self) -> None:
            """Let each key come at once and unseen; Ctrl-C and Ctrl-Z still do what they do."""
            import termios
            import tty

            tty.setcbreak(sys.stdin.fileno(), termios.TCSADRAIN)

        def _rest(self) -> None:
            import termios

            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._before)

        def _read(self) -> str:
            """Wait for keys. Behind Ctrl-Z the shell may have set the terminal otherwise."""
            self._listen()
            before = [
                (one, signal.signal(one, self._draw)) for one in (signal.SIGWINCH, signal.SIGCONT)
            ]
            try:
                if self._resized:
                    self._resized = False
                    raise Resized
                octets = os.read(sys.stdin.fileno(), 1024)
            finally:
                for one, handler in before:
                    signal.signal(one, handler)
            if not octets:
                raise EOFError
            return octets.decode("utf-8", "ignore")


def _taken_apart(typed: str) -> list[str]:
    """Return the keys of what came in together; what was pasted is one key, that nobody knows."""
    keys = _KEY.findall(typed)
    return keys if 0 < len(keys) <= _MOST_AT_ONCE else [typed]
