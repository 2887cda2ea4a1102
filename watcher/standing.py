"""How each source stands: how far it was read, what was missed, what it may still ask and spend."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from alerts.model import Coverage
from watcher import allowances
from watcher.allowances import Limit
from watcher.backends import AnySource, XSource
from watcher.config import Config
from watcher.store import SourceState, Store

LAGGING = timedelta(minutes=1)
"""A stream further behind the present than this is told to lag."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What a source that pays for reading has read; days and months are those of UTC."""

    today: int
    month: int
    of_day: int
    of_month: int
    cost: float
    """Of one read, in the user's money."""

    @property
    def is_all(self) -> bool:
        """Whether nothing more is read before the day or the month ends."""
        return self.today >= self.of_day or self.month >= self.of_month

    @property
    def until(self) -> str:
        """Which budget is spent: `day` or `month`."""
        return "month" if self.month >= self.of_month else "day"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One source: its table, its state, and how it was read in a stretch of time."""

    source: AnySource
    state: SourceState | None
    coverage: Coverage
    first_read: datetime | None = None
    """When it was read for the first time; what is older may have been read, or not."""
    limits: tuple[Limit, ...] = ()
    """What its host still allows, where it says so."""
    spent: Spent | None = None

    @property
    def windows(self) -> list[tuple[datetime, datetime]]:
        """The stretches of the coverage in which it was really read, the oldest first.

        They end where it was last read to the newest post; gaps lie between them.
        """
        if self.read_until is None:
            return []
        return _without(
            max(self.coverage.since, self.first_read or self.coverage.since),
            min(self.read_until, self.coverage.until),
            [(since, until) for since, until, _ in self.coverage.gaps],
        )

    @property
    def read_until(self) -> datetime | None:
        """Until when all is read that its network had, as far as anybody knows; None if never."""
        state = self.state
        if state is None:
            return None
        if state.behind is not None and state.last_pull is not None:
            return state.last_pull - state.behind
        return state.last_success

    @property
    def lag(self) -> timedelta | None:
        """How far a stream lies behind the present; None where it does not, or is no stream."""
        behind = self.state.behind if self.state else None
        return behind if behind is not None and behind > LAGGING else None

    def closed(self, now: datetime) -> Limit | None:
        """Return the limit because of which nothing is asked at this moment, if there is one."""
        return next((limit for limit in self.limits if limit.is_closed(now)), None)


def standings(
    config: Config, store: Store, now: datetime, period: timedelta
) -> tuple[Standing, ...]:
    """Return how every configured source stands; the coverage is that of the last `period`."""
    states = {state.name: state for state in store.source_states()}
    names = [source.name for source in config.sources]
    covered = {one.source: one for one in store.coverage(names, now - period, now)}
    known = allowances.left(config.data, now)
    first = store.first_reads()
    return tuple(
        Standing(
            source=source,
            state=states.get(source.name),
            coverage=covered[source.name],
            first_read=first.get(source.name),
            limits=tuple(limit for limit in known if limit.host in hosts(source)),
            spent=_spent(source, store, now),
        )
        for source in config.sources
    )


def hosts(source: AnySource) -> frozenset[str]:
    """Return the hosts that a source asks, with their ports where they have one."""
    addresses = (getattr(source, key, "") for key in ("server", "url", "address"))
    return frozenset(urlsplit(str(address)).netloc.lower() for address in addresses) - {""}


def _spent(source: AnySource, store: Store, now: datetime) -> Spent | None:
    if not isinstance(source, XSource):
        return None
    today = now.astimezone(UTC).date()
    read: Mapping[str, int] = {
        "today": store.reads(source.name, today, today),
        "month": store.reads(source.name, today.replace(day=1), today),
    }
    return Spent(
        **read,
        of_day=source.budget_day,
        of_month=source.budget_month,
        cost=source.cost_per_read,
    )


def _without(
    since: datetime, until: datetime, gaps: list[tuple[datetime, datetime]]
) -> list[tuple[datetime, datetime]]:
    """Return what is left of a stretch of time where gaps are taken out of it."""
    left = []
    for begin, end in sorted(gaps):
        if begin > since:
            left.append((since, min(begin, until)))
        since = max(since, end)
    if since < until:
        left.append((since, until))
    return [(begin, end) for begin, end in left if begin < end]
