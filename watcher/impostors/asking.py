"""Asks a network one question after another: at its pace, again where that helps, within bounds."""

from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Final, TypeVar

from rules.errors import WatcherError
from watcher.backends.interface import BackendError, TakenError

Answer = TypeVar("Answer")

PACE: Final = 2.0
"""Seconds from one question to the next: half of what Mastodon allows an account (300 in five
minutes) stays for the sources. The other networks allow as much, or say when to wait."""
AT_HOME: Final = frozenset({"local"})
"""Networks on this machine, which need no rest."""
MOST_TRIES: Final = 5
"""How often one question is asked before another takes its turn."""
MOST_UNANSWERED: Final = 3
"""Questions in a row that a network may leave unanswered before it is left in peace."""
LONGEST_WAIT: Final = 15 * 60.0
"""Seconds that a network may ask to wait; X counts its questions by the quarter of an hour."""
_FIRST_WAIT: Final = 2.0


class UnansweredError(WatcherError):
    """One question got no answer; the next one may."""


class SilentError(WatcherError):
    """The network is not to be asked any more: it refused, is gone, or wants too long a pause."""


class Asking:
    """One network, asked in turn. `sleep` takes seconds, `tell` what is being waited for."""

    def __init__(
        self,
        network: str,
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        random: Random,
        tell: Callable[[str], None],
    ) -> None:
        self._pace = 0.0 if network in AT_HOME else PACE
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self._tell = tell
        self._last: datetime | None = None
        self._in_vain = 0

    @property
    def is_silent(self) -> bool:
        """Whether so many questions in a row had no answer that another one is not worth it."""
        return self._in_vain >= MOST_UNANSWERED

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """Return the answer to a question, which is a call of the backend.

        Raises `UnansweredError` where this question had none, and `SilentError` where no other
        would have one. Each says what the network said.
        """
        for attempt in range(1, MOST_TRIES + 1):
            self._rest()
            try:
                answer = question()
            except TakenError as error:
                self._in_vain = 0
                raise UnansweredError(error.message, help=error.help) from error
            except BackendError as error:
                if error.kind in ("refused", "gone"):
                    raise SilentError(error.message, help=error.help) from error
                if error.kind == "broken" or attempt == MOST_TRIES:
                    raise self._without_answer(error) from error
                self._wait(error, attempt)
            else:
                self._in_vain = 0
                return answer
        raise AssertionError("the last attempt returns or raises")

    def _rest(self) -> None:
        """Keep the pace; a clock that was put back or forward changes nothing about it."""
        if self._last is not None and self._pace:
            passed = (self._clock() - self._last).total_seconds()
            rest = min(self._pace - passed, self._pace)
            if rest > 0:
                self._sleep(rest)
        self._last = self._clock()

    def _wait(self, error: BackendError, attempt: int) -> None:
        """Wait as long as the network asked, or longer each time, not all at the same moment."""
        seconds = error.retry_after
        if seconds is None:
            seconds = _FIRST_WAIT**attempt * self._random.uniform(0.5, 1.5)
        if not seconds <= LONGEST_WAIT:  # what is no number at all is not waited for either
            raise SilentError(
                f"{error.message}: it asks to wait longer than {LONGEST_WAIT / 60:.0f} minutes",
                help="sweep again later: what was answered is not asked again",
            ) from error
        seconds = max(seconds, 0.0)
        self._tell(f"waiting {seconds:.0f} s: {error.message}")
        self._sleep(seconds)
        self._tell("")

    def _without_answer(self, error: BackendError) -> UnansweredError:
        self._in_vain += 1
        return UnansweredError(error.message or "no answer", help=error.help)
