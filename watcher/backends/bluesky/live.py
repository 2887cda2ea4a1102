"""A stream of Bluesky: pages as posts are written, resumed from a cursor.

A message is read when a page is asked for, and not before: whoever takes no page is sent nothing,
and finds on return that it lags. What breaks is opened again from the last place; what the server
no longer has is told as a gap.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

from watcher.backends.bluesky.flow import Flow, People
from watcher.backends.bluesky.keep import Keep, Sieve
from watcher.backends.bluesky.position import Position
from watcher.backends.bluesky.repository import FutureCursorError
from watcher.backends.bluesky.streams import Dialect, Message
from watcher.backends.http.bounds import user_agent
from watcher.backends.http.errors import host_of
from watcher.backends.interface import BackendError, Gap, Page
from watcher.backends.websocket import WebSocket
from watcher.clock import utc_now

BEAT = 1.0
"""Seconds at most between two pages."""
LINGER = 0.25
"""Seconds that a post waits for others before its page is given."""
IDLE = 1.0
"""Seconds without a message after which a stream that is read once has nothing more."""
LOOKBACK = timedelta(minutes=1)
"""How long ago the very first reading of a Jetstream begins that is read once."""
SILENCE = timedelta(minutes=5)
"""After a cursor, so long without any event of the whole network is no silence but a hole."""
MOST_FAILURES = 2
"""In a row; then whoever reads is told, and opens the stream again after pauses that grow."""
STEADY = 30.0
"""Seconds that a connection has stood, or ..."""
STEADY_MESSAGES = 100
"""... messages that it brought, for its end to be the first failure of a row."""
AHEAD = timedelta(days=1)
"""Events from further in the future than clocks differ are none to go on from."""
LONGEST_PAUSE = 30.0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Resolve = Callable[[str], str | None]
"""The id behind a handle, None where nobody has it."""


class LiveStream:
    """Reads one stream of one server."""

    def __init__(
        self,
        base: str,
        dialect: Dialect,
        *,
        reading: dict[str, str],
        keep: Keep,
        people: People | None,
        resolve: Resolve,
        from_oldest: bool = False,
        contact: str = "",
        source: str = "",
        clock: Callable[[], datetime] = utc_now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`reading` says, in every cursor, of what it is one; `from_oldest` where it begins."""
        self._base = base
        self._host = host_of(base)
        self._dialect = dialect
        self._reading = reading
        self._keep = keep
        self._people = people
        self._resolve = resolve
        self._from_oldest = from_oldest
        self._agent = user_agent(contact)
        self._source = source
        self._clock = clock
        self._chance = chance

    def live(self, cursor: str | None, stop: Callable[[], bool]) -> Iterator[Page]:
        """Yield pages as posts come, until `stop()`. Raises `BackendError`."""
        place = self._begin(cursor, self._clock())
        flow, failures = self._flow(place), 0
        while not stop():
            reading = self._new_reading(place, flow)
            try:
                with closing(self._connect(place)) as socket:
                    yield from self._stay(socket, reading, stop)
                    return
            except FutureCursorError:
                failures += 1
                if failures > MOST_FAILURES:
                    raise self._lost() from None
                yield self._anew(reading)
            except BackendError as error:
                failures = 1 if reading.was_steady else failures + 1
                if error.kind != "temporary" or failures > MOST_FAILURES:
                    raise
                if flow.items:  # read before the break
                    yield self._page(reading, quiet=False, more=True)
                yield from self._pause(error.retry_after, failures, reading, stop)

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield what the server has since `cursor`, up to the present. Raises `BackendError`."""
        place = self._begin(cursor, self._clock() - LOOKBACK)
        flow = self._flow(place)
        for _ in range(2):
            reading = self._new_reading(place, flow)
            try:
                with closing(self._connect(place)) as socket:
                    yield from self._catch_up(socket, reading)
                    return
            except FutureCursorError:
                yield self._anew(reading)
        raise self._lost()

    def _new_reading(self, place: Position, flow: Flow) -> "_Reading":
        return _Reading(place, flow, self._dialect, whole=self._whole, clock=self._clock)

    def check(self) -> str:
        """Connect, and let go."""
        place = Position()
        self._flow(place)
        self._connect(place).close()
        return f"{self._host} streams"

    def _begin(self, cursor: str | None, first: datetime) -> Position:
        place = Position.load(cursor, self._reading)
        if place.mark is None and self._from_oldest:
            place.mark = 1 if self._dialect.marks_are_times else 0
        elif place.mark is None and self._dialect.marks_are_times:
            place.mark = (first - _EPOCH) // timedelta(microseconds=1)
        elif place.mark is None and place.at is None:  # a number is known with the first event
            place.at = (first - _EPOCH) // timedelta(microseconds=1)
        elif place.mark is None:  # none came while it was read: what did meanwhile has numbers
            place.begin_after(place.at)
        return place

    def _flow(self, place: Position) -> Flow:
        """Return an empty flow, with the accounts to keep found. Raises `BackendError` (gone)."""
        for handle in self._keep.accounts:
            if handle not in place.ids:
                did = self._resolve(handle)
                if did is None:
                    raise BackendError(
                        f"there is no account {handle[:260]!r} to keep the posts of",
                        kind="gone",
                        help="look at the handles in accounts = [...]",
                    )
                place.ids[handle] = did
        dids = [place.ids[handle] for handle in self._keep.accounts]
        sieve = None if self._keep.everything else Sieve(self._keep, dids)
        return Flow(self._source, sieve, self._people)

    def _connect(self, place: Position) -> WebSocket:
        wanted = [] if self._keep.any else [place.ids[one] for one in self._keep.accounts]
        place.resumed = True
        address = self._dialect.address(self._base, place.mark, wanted)
        return WebSocket(address, agent=self._agent, largest=self._dialect.largest)

    @property
    def _whole(self) -> bool:
        """Whether the server is asked for everybody: then it is never silent."""
        return bool(self._keep.any) or not self._keep.accounts

    def _stay(
        self, socket: WebSocket, reading: "_Reading", stop: Callable[[], bool]
    ) -> Iterator[Page]:
        """Yield pages of an open stream until `stop()`."""
        beat, waits = time.monotonic() + BEAT, None
        while not stop():
            due = beat if waits is None else min(beat, waits)
            came = reading.take(socket, max(0.0, min(due - time.monotonic(), LINGER)))
            now = time.monotonic()
            if waits is None and reading.flow.items:
                waits = now + LINGER
            if reading.flow.full or now >= due:
                yield self._page(reading, quiet=not came, more=came)
                beat, waits = time.monotonic() + BEAT, None
        if reading.flow.items:
            yield self._page(reading, quiet=False, more=True)

    def _catch_up(self, socket: WebSocket, reading: "_Reading") -> Iterator[Page]:
        """Yield pages of an open stream until nothing more comes, or what is new by now."""
        present = (self._clock() - _EPOCH) // timedelta(microseconds=1)
        while True:
            came = reading.take(socket, IDLE)
            ended = not came or (reading.place.at or 0) >= present
            if ended or reading.flow.full:
                yield self._page(reading, quiet=not came, more=not ended)
            if ended:
                return

    def _page(self, reading: "_Reading", *, quiet: bool, more: bool) -> Page:
        """Return what came; `quiet` where nothing more waits to be read."""
        behind = timedelta(0)
        if not quiet and reading.place.at is not None:
            seen = _EPOCH + timedelta(microseconds=reading.place.at)
            behind = max(self._clock() - seen, behind)
        cursor = reading.place.dump(self._reading, times=self._dialect.marks_are_times)
        gaps, reading.gaps = tuple(reading.gaps), []
        return reading.flow.page(cursor, more=more, gaps=gaps, behind=behind)

    def _pause(
        self,
        asked: float | None,
        failures: int,
        reading: "_Reading",
        stop: Callable[[], bool],
    ) -> Iterator[Page]:
        """Wait before the stream is opened again, doubling, spread by chance; beat meanwhile."""
        longest = min(2.0 ** (failures - 1), LONGEST_PAUSE)
        ends = time.monotonic() + (asked or longest * (0.5 + self._chance() / 2))
        while not stop() and (left := ends - time.monotonic()) > 0:
            time.sleep(min(left, LINGER))
            if time.monotonic() < ends:
                yield self._page(reading, quiet=False, more=False)

    def _lost(self) -> BackendError:
        return BackendError(f"{self._host} knows no place in its own stream", kind="broken")

    def _anew(self, reading: "_Reading") -> Page:
        """Begin again with a server that does not know our place: it was set up anew."""
        place, now = reading.place, self._clock()
        since = _EPOCH + timedelta(microseconds=place.at) if place.at else now
        why = f"{self._host} begins anew: what it had not sent is lost"
        reading.gaps.append(Gap(since=min(since, now), until=now, why=why))
        place.begin_anew()
        return self._page(reading, quiet=False, more=True)


class _Reading:
    """A stream that was opened: the place in it, and what came since the last page."""

    def __init__(
        self,
        place: Position,
        flow: Flow,
        dialect: Dialect,
        *,
        whole: bool,
        clock: Callable[[], datetime],
    ) -> None:
        self.place = place
        self.flow = flow
        self.gaps: list[Gap] = []
        self.took = 0
        """Messages read since it was opened."""
        self._opened = time.monotonic()
        self._clock = clock
        self._dialect = dialect
        self._whole = whole
        self._before = place.at
        """When the network saw the last event before, as long as none has come."""
        self._outdated = False

    def take(self, socket: WebSocket, seconds: float) -> bool:
        """Read a message; return False where none came in so many seconds."""
        raw = socket.receive(seconds)
        if raw is None:
            return False
        message = self._dialect.read(raw)
        self.took += 1
        self._doubt(message)
        self._look_for_a_gap(message)
        if self.place.is_new(message, times=self._dialect.marks_are_times):
            if not self.place.is_before(message):
                self.flow.add(message)
            self.place.pass_by(message)
        return True

    @property
    def was_steady(self) -> bool:
        """Whether the connection was of use: one that never is must not be opened for ever."""
        stood = time.monotonic() - self._opened
        return stood > STEADY or self.took >= STEADY_MESSAGES

    def _doubt(self, message: Message) -> None:
        """Take its time from an event of the far future: behind it all others would be old."""
        latest = (self._clock() + AHEAD - _EPOCH) // timedelta(microseconds=1)
        if message.at is not None and message.at > latest:
            message.at = None
            if self._dialect.marks_are_times:
                message.mark = None

    def _look_for_a_gap(self, message: Message) -> None:
        """Compare the first event with the last one before the stream was opened."""
        self._outdated |= message.outdated
        if message.at is None or self._before is None:
            return
        since = _EPOCH + timedelta(microseconds=self._before)
        until = _EPOCH + timedelta(microseconds=message.at)
        self._before = None
        hole = self._dialect.marks_are_times and self._whole and until - since > SILENCE
        if (self._outdated or hole) and until > since:
            why = "the server no longer has what came meanwhile"
            self.gaps.append(Gap(since=since, until=until, why=why))
