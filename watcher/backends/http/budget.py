"""How much may still be asked of a host for an account: shared by every source and thread.

Nothing here waits. Who may not ask is told for how long not, as a `BackendError`, and its source is
pulled again later; the others go on meanwhile.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from watcher.backends.http.limits import LONGEST_WAIT, read_limits
from watcher.backends.interface import BackendError
from watcher.clock import utc_now

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
"""Where a server names no time the pause doubles with each failure, between these."""
FAILURES_THAT_CLOSE = 3
"""In a row: then nothing is asked of the host until the pause is over."""

THROTTLED = "takes no more requests for now"
"""Why a window is closed of which the server said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is known of one limit. Times are aware."""

    limit: int | None = None
    remaining: int | None = None
    """Requests that may still be made before `resets`; None: nobody said."""
    resets: datetime | None = None
    closed_until: datetime | None = None
    """Nothing is asked before: the server said so, or it failed and is left in peace."""
    why: str = ""
    """Why it is closed, as it stands in a message."""
    failures: int = 0
    """How often in a row it failed or refused for our haste."""


class ClosedError(BackendError):
    """Nothing was asked, since the host is left in peace for a while."""


class Budget:
    """What one account may ask of one host. Every method may be called from any thread.

    `bucket` parts what a server counts apart (X counts each endpoint, Bluesky each log-in).
    """

    def __init__(
        self,
        host: str,
        *,
        clock: Callable[[], datetime] = utc_now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.host = host
        self._clock = clock
        self._chance = chance
        self._windows: dict[str, Window] = {}
        self._lock = Lock()

    def wait(self, bucket: str = "") -> float:
        """Return how many seconds it is until something may be asked; 0: now."""
        with self._lock:
            return self._wait(self._window(bucket))[0]

    def take(self, bucket: str = "") -> None:
        """Spend one request. Raises `ClosedError` (temporary) where none may be made now."""
        with self._lock:
            window = self._window(bucket)
            seconds, why = self._wait(window)
            if seconds > 0:
                raise ClosedError(
                    f"{self.host} {why}", kind="temporary", retry_after=seconds,
                    help=f"nothing is asked of it for {spoken(seconds)}",
                )  # fmt: skip
            if window.remaining is not None:
                self._windows[bucket] = replace(window, remaining=window.remaining - 1)

    def note(self, status: int, headers: Mapping[str, str], bucket: str = "") -> float | None:
        """Learn from an answer; return the seconds to wait where it was 429 or 5xx, else None."""
        now = self._clock()
        said = read_limits(headers, now)
        with self._lock:
            window = self._window(bucket)
            if said.remaining is not None:
                until = now + said.reset_in if said.reset_in is not None else None
                window = _smaller(window, said.limit, said.remaining, until)
            hurried, failed = status == 429, status >= 500
            if not hurried and not failed:
                # One that was asked for before the window closed opens it for nobody.
                self._windows[bucket] = replace(window, failures=0)
                return None
            failures = window.failures + 1
            pause = said.retry_in
            if pause is None and hurried and said.remaining in (0, None):
                pause = said.reset_in
            if not pause:  # none named, or one of no length, which asks for a storm
                pause = self._pause(failures)
            # A single failure may be one address's: it does not stop the others.
            close = hurried or said.retry_in is not None or failures >= FAILURES_THAT_CLOSE
            self._windows[bucket] = replace(
                window,
                failures=failures,
                closed_until=now + pause if close else window.closed_until,
                why=THROTTLED if hurried else "failed a moment ago",
            )
            return pause.total_seconds()

    def learn(self, bucket: str, window: Window) -> None:
        """Take over what another process knew of a bucket, where nothing is known of it yet."""
        with self._lock:
            self._windows.setdefault(bucket, window)

    def failed(self, bucket: str = "") -> float:
        """Learn that no answer came at all; return the seconds that the host is left in peace."""
        return self.note(599, {}, bucket) or 0.0

    def windows(self) -> dict[str, Window]:
        """Return what is known now, by bucket: to be shown to people."""
        with self._lock:
            return {bucket: self._window(bucket) for bucket in self._windows}

    def _window(self, bucket: str) -> Window:
        """Return a window as it is now: what lies in the past has been forgotten."""
        window, now = self._windows.get(bucket, Window()), self._clock()
        if window.resets is not None and window.resets <= now:
            window = replace(window, remaining=None, resets=None)
        if window.closed_until is not None and window.closed_until <= now:
            window = replace(window, closed_until=None)
        return window

    def _wait(self, window: Window) -> tuple[float, str]:
        now = self._clock()
        if window.closed_until is not None:
            return (window.closed_until - now).total_seconds(), window.why
        if window.remaining is not None and window.remaining <= 0 and window.resets is not None:
            return (window.resets - now).total_seconds(), THROTTLED
        return 0.0, ""

    def _pause(self, failures: int) -> timedelta:
        """Return a pause that doubles, and differs from that of others who failed just now.

        Between half and the whole of the doubled length ("equal jitter", as the AWS builders'
        library describes it).
        """
        whole = min(FIRST_PAUSE * (1 << min(failures - 1, 20)), LONGEST_PAUSE)
        return whole * (0.5 + self._chance() / 2)


def _smaller(window: Window, limit: int | None, remaining: int, resets: datetime | None) -> Window:
    """Take over what an answer says.

    Answers arrive out of order: within one window the smallest count is the newest.
    """
    same = (
        resets is not None
        and window.resets is not None
        and abs(window.resets - resets) < timedelta(seconds=2)
    )
    if same and window.remaining is not None:
        remaining = min(remaining, window.remaining)
    return replace(window, limit=limit, remaining=remaining, resets=resets)


def room(window: Window) -> tuple[bool, float]:
    """Sort windows by what they leave: those that are closed first."""
    remaining = window.remaining
    return window.closed_until is None, float("inf") if remaining is None else remaining


def spoken(seconds: float) -> str:
    """Return a length of time in words, rounded up: `40 seconds`, `3 minutes`."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds > 2 * size:
            return f"{-(-seconds // size):.0f} {name}s"
    whole = max(1, -(-seconds // 1))
    return f"{whole:.0f} second{'' if whole == 1 else 's'}"


class Budgets:
    """The budgets of a process: one for each account and host, however many sources there are."""

    def __init__(self) -> None:
        self._budgets: dict[tuple[str, str], Budget] = {}
        self._lock = Lock()

    def of(self, host: str, account: str = "") -> Budget:
        """Return the budget of an account (empty: nobody) at `host` (`town.example:8443`)."""
        with self._lock:
            return self._budgets.setdefault((host, account), Budget(host))

    def windows(self) -> dict[str, dict[str, Window]]:
        """Return what is known now of every host, by bucket; of several accounts the tightest."""
        found: dict[str, dict[str, Window]] = {}
        for host, _, bucket, window in self.known():
            known = found.setdefault(host, {})
            known[bucket] = min(known.get(bucket, window), window, key=room)
        return found

    def known(self) -> tuple[tuple[str, str, str, Window], ...]:
        """Return what is known now: host, account, bucket and window of each."""
        with self._lock:
            budgets = sorted(self._budgets.items())
        return tuple(
            (host, account, bucket, window)
            for (host, account), budget in budgets
            for bucket, window in budget.windows().items()
        )

    def learn(self, host: str, account: str, bucket: str, window: Window) -> None:
        """Take over what another process knew, where nothing is known of that limit yet."""
        self.of(host, account).learn(bucket, window)

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._budgets.clear()


SHARED = Budgets()
"""Those of this process."""

__all__ = ["LONGEST_WAIT", "SHARED", "Budget", "Budgets", "ClosedError", "Window", "room", "spoken"]
