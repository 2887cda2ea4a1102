"""Keys of a terminal: nothing that happens to it is lost."""

import os
import signal
from collections.abc import Iterator

import pytest

from watcher.cli.keyboard import Resized, TerminalKeyboard


@pytest.fixture
def typist(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The other end of the terminal that is standard input."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield ours
    os.close(ours)


def test_a_size_that_changes_while_nobody_waits_for_a_key_is_told(typist: int) -> None:
    with TerminalKeyboard() as keyboard:
        os.kill(os.getpid(), signal.SIGWINCH)
        os.write(typist, b"c")
        with pytest.raises(Resized):
            keyboard.key()
        assert keyboard.key() == "c"


def test_a_terminal_is_left_as_it_was(typist: int) -> None:
    del typist
    before = signal.getsignal(signal.SIGWINCH), signal.getsignal(signal.SIGTERM)
    with TerminalKeyboard():
        pass
    assert (signal.getsignal(signal.SIGWINCH), signal.getsignal(signal.SIGTERM)) == before
