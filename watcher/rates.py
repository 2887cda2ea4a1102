"""The step between matching and planning: judges how often each rule matched.

What a rate judges by is all in the store, so it makes no difference in how many steps it is judged,
nor whether the watcher was stopped between two of them.
"""

import hashlib
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from rules import KeywordRule
from rules.errors import WatcherError
from rules.rates import Alarm, Event, NewTerm, Rate, Record, Spike
from rules.rates.groups import called
from rules.rates.measures import Measure, measured, toned
from rules.rates.model import LEAST_GRACE, Group, Value
from rules.rates.reasons import UNITS, sentence
from rules.rates.sliding import STEPS, Windows, step_of, windows, windows_of
from rules.rates.values import Values
from watcher.app import App
from watcher.dispatch import Dispatch, digests_of
from watcher.lasting import note_ends
from watcher.store import OVER, FreshMatches, OpenAlarm, Store

AT_ONCE = 5000
"""Matches judged in one transaction."""
LOOKED_BACK = timedelta(days=70)
"""Gaps older than this concern no rate: a spike looks back four weeks, a flatline sixty days."""
MOST_EVENTS = 50_000
"""Matches of one rule read into memory at once: the newest."""

RATE_FAILED = "an error in the watcher itself; it is judged again at every turn"
MANY_MATCHES = f"its rate counts only the newest {MOST_EVENTS:,} of the matches in one window"

_NOT_LOOKED_FOR = frozenset({"name", "then", "realert", "dedupe", "enabled", "allow"})
"""Keys of a rule that change whom it tells and what, not which posts it finds."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What judging the rates brought."""

    alarms: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)
    """What went wrong as nobody foresaw, by rule. What it left is judged again at the next turn."""
    cut: frozenset[str] = frozenset()
    """Rules with more matches in the time to judge than are read at once."""


def rate(app: App, *, stop: Callable[[], bool]) -> Judged:
    """Judge the rates of all rules by what was matched since.

    Alarms, what waits for channels and "judged" are one transaction. A rate that fails stops no
    other, and stays behind. Raises `StoreError`.
    """
    rated = {
        rule.name: rule
        for rule in app.config.rules
        if isinstance(rule, KeywordRule) and rule.enabled and rule.rate is not None
    }
    since = app.store.watching_since({n: form(r) for n, r in rated.items()}, app.clock())
    if not rated:
        note_ends(app, {}, lambda *_: None, lambda *_: None)
        return Judged()
    dispatch = Dispatch(app)
    routes = digests_of(app, dispatch)
    alarms = 0
    failed: dict[str, str] = {}
    cut: set[str] = set()

    def judge(fresh: FreshMatches, rules: Mapping[str, KeywordRule]) -> None:
        nonlocal alarms
        turn = _judge(app, rules, fresh, since)
        failed.update(turn.failed)
        cut.update(turn.cut)
        alarms += app.store.save_alarms(
            fresh,
            turn.raised,
            turn.terms,
            routes,
            app.clock(),
            failed=turn.failed,
            places=dispatch.alarms(turn.raised),
        ).alarms

    for name in app.store.rules_behind():
        more = True
        while more and not stop():
            fresh = app.store.matches_behind(name, AT_ONCE)
            judge(fresh, {name: rated[name]})
            more = fresh.behind[name] is not None and name not in failed
    more = True
    while more and not stop():
        fresh = app.store.fresh_matches(rated, AT_ONCE)
        judge(fresh, rated)
        more = sum(map(len, fresh.events.values())) == AT_ONCE
    note_ends(app, rated, partial(_again, app, since), partial(_ended, app))
    return Judged(alarms=alarms, failed=failed, cut=frozenset(cut))


def form(rule: KeywordRule) -> str:
    """What a rule looks for and how it is judged, in short: with another form it begins anew."""
    said = [
        f"{one.name}={getattr(rule, one.name)!r}"
        for one in fields(rule)
        if one.name not in _NOT_LOOKED_FOR and getattr(rule, one.name) != one.default
    ]
    return hashlib.sha256("\n".join(said).encode("utf-8", "surrogatepass")).hexdigest()


def _again(app: App, since: Mapping[str, datetime], rule: KeywordRule, window: timedelta) -> Record:
    """Return what a rule's rate would judge by if it had told nothing and all in a window was new.

    It stays silent after the first alarm of a group: one tells that it goes on.
    """
    now = app.clock()
    assert rule.rate is not None  # noqa: S101 - the caller has seen to it
    history = StoredHistory(app.store, rule.name, rule.rate, app.values)
    sources = [source.name for source in app.config.sources if source.enabled]
    return Record(
        rule=rule.name,
        now=now,
        fresh=tuple(history.events(now - window, now)),
        history=history,
        watching_since=since[rule.name],
        silence=window,
        sight=app.store.sight(sources, now - LOOKED_BACK),
        settled=app.store.all_matched(),
    )


def _ended(app: App, rule: KeywordRule, alarm: OpenAlarm) -> Alarm | None:
    """Return the note that a spike is over: how long it was, how much came, and its peak.

    It lasted from the beginning of its first window to when it was last seen to go on.
    """
    rate = rule.rate
    if not isinstance(rate, Spike) or rate.direction == "down" or alarm.kind != rate.kind:
        return None
    until = max(alarm.until, alarm.going)
    history = StoredHistory(app.store, rule.name, rate, app.values)
    found = history.sliding(rate.window, alarm.since, until).get(alarm.group, {})
    first = step_of(alarm.until, rate.window / STEPS)
    peak = max((count for step, count in found.items() if step >= first), default=0)
    count = history.count(alarm.since, until).get(alarm.group, 0)
    return Alarm(
        rule=rule.name,
        kind=OVER,
        group=alarm.group,
        since=alarm.since,
        until=until,
        count=count,
        reason=sentence(
            "over",
            _name_of(alarm.group, rate, history, alarm.since, until),
            span=str(int((until - alarm.since).total_seconds())),
            count=str(count),
            unit=UNITS[rate.measure],
            peak=str(max(peak, 0)),
            within=rate.within,
        ),
    )


def _name_of(
    group: str, rate: Spike, history: "StoredHistory", since: datetime, until: datetime
) -> str:
    """What a reader calls a group: an author by handle."""
    if rate.by != "author":
        return group
    return called(group, rate.by, history.events(since, until))


@dataclass(kw_only=True)
class _Turn:
    """What judging some matches brought, by rule where it is not said otherwise."""

    raised: list[Alarm] = field(default_factory=list)
    terms: dict[str, dict[str, datetime]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)


def _judge(
    app: App,
    rated: Mapping[str, KeywordRule],
    fresh: FreshMatches,
    since: Mapping[str, datetime],
) -> _Turn:
    now = app.clock()
    rates = {name: rule.rate for name, rule in rated.items() if rule.rate is not None}
    timed = [name for name, one in rates.items() if one.timed]
    sight = None
    if timed or any(isinstance(rates[name], Spike) for name in fresh.events):
        sources = [source.name for source in app.config.sources if source.enabled]
        sight = app.store.sight(sources, now - LOOKED_BACK)
    # Asked after the sight: what was read by then is either matched, or seen here to wait.
    settled = bool(timed) and app.store.all_matched()
    turn = _Turn()
    for name in dict.fromkeys((*fresh.events, *timed)):
        rule, one = rated[name], rates[name]
        history = StoredHistory(app.store, name, one, app.values)
        silence = rule.silence or one.silence
        try:
            events = history.filled(fresh.events.get(name, ()))
            record = Record(
                rule=name,
                now=now,
                fresh=events,
                history=history,
                watching_since=since[name],
                told=app.store.told_alarms(name, now - _reach(one, silence)),
                silence=silence,
                sight=sight,
                settled=settled,
                known=_known(app.store, name, one, events),
            )
            turn.raised += one.judge(record)
        except WatcherError:
            raise
        except Exception as error:  # noqa: BLE001 - one rule's error must not silence the others
            turn.failed[name] = _where(error)
            continue
        if history.is_cut:
            turn.cut.add(name)
        if isinstance(one, NewTerm):
            turn.terms[name] = _met(events, one.field)
    return turn


def _where(error: Exception) -> str:
    """What an error is and where it was raised; its words may be those of strangers."""
    *_, last = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"


class StoredHistory:
    """The matches of one rule as the store has them, each window read once."""

    def __init__(self, store: Store, rule: str, rate: Rate, values: Values) -> None:
        self._store, self._rule, self._rate, self._values = store, rule, rate, values
        asked: Iterable[Group | Value | None] = (
            getattr(rate, "by", None),
            getattr(rate, "field", None),
        )
        self._wanted: Collection[Group | Value] = {w for w in asked if w and w != "author"}
        self._counts: dict[tuple[datetime, datetime], Mapping[str, int]] = {}
        self._by: Group | None = getattr(rate, "by", None)
        authors = getattr(rate, "distinct", None) == "author"
        self._of: Measure = "authors" if authors else "posts"
        if isinstance(rate, Spike):
            self._of = rate.measure
        self.is_cut = False
        """Whether there were more events than are read at once."""

    def events(self, since: datetime, until: datetime) -> Sequence[Event]:
        """See `rules.rates.History`; at most `MOST_EVENTS`, the newest."""
        found = self._store.events(self._rule, since, until, limit=MOST_EVENTS + 1)
        self.is_cut |= len(found) > MOST_EVENTS
        return self.filled(found[-MOST_EVENTS:])

    def count(self, since: datetime, until: datetime) -> Mapping[str, int]:
        """See `rules.rates.History`."""
        if (since, until) not in self._counts:
            self._counts[since, until] = self._count(since, until)
        return self._counts[since, until]

    def _count(self, since: datetime, until: datetime) -> Mapping[str, int]:
        if self._by is not None:
            return measured(self.events(since, until), self._of, self._by)
        return {"": self._store.count_measure(self._rule, since, until, self._of)}

    def sliding(self, window: timedelta, since: datetime, until: datetime) -> Mapping[str, Windows]:
        """See `rules.rates.sliding.Slides`."""
        if self._by is not None:
            return windows_of(self.events(since - window, until), window, self._of, self._by)
        step = window / STEPS
        parts = self._store.pieces(self._rule, since - window, until, self._of, step)
        return {"": windows(parts, self._of)}

    def tones(self, since: datetime, until: datetime) -> Mapping[str, tuple[int, int]]:
        """See `rules.rates.model.Toned`."""
        if self._by is None:
            return {"": self._store.tones_of(self._rule, since, until)}
        events = self.events(since, until)
        negative = measured(events, "negative", self._by)
        return {group: (negative.get(group, 0), n) for group, n in toned(events, self._by).items()}

    def filled(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """The events with the values that the rate asks for, read out of their posts."""
        if not events:
            return ()
        if self._of not in ("posts", "authors"):
            events = self._marked(events)
        if not self._wanted:
            return tuple(events)
        self._read([event.rid for event in events])
        remembered = self._values.remembered
        return tuple(
            replace(event, values={w: remembered(event.rid, w) or () for w in self._wanted})
            for event in events
        )

    def _marked(self, events: Sequence[Event]) -> Sequence[Event]:
        marks = self._store.marks([event.rid for event in events])
        plain = (False, 0, (), ())
        return [
            replace(event, repost=repost, followers=followers, toned=toned, negative=negative)
            for event in events
            for repost, followers, toned, negative in [marks.get(event.rid, plain)]
        ]

    def _read(self, rids: Sequence[int]) -> None:
        """Read the values of posts not seen lately."""
        known = self._values.remembered
        new = [rid for rid in rids if any(known(rid, what) is None for what in self._wanted)]
        for one in self._store.posts_by_rid(new):
            for what in self._wanted:
                self._values.remember(one.rid, what, self._values.of(one.post, what))


def _reach(rate: Rate, silence: timedelta) -> timedelta:
    """How far back an alarm may lie that still silences something."""
    window = getattr(rate, "window", timedelta())
    return max(window, LEAST_GRACE) + window + silence


def _known(store: Store, name: str, rate: Rate, events: Sequence[Event]) -> dict[str, datetime]:
    if not isinstance(rate, NewTerm) or not events:
        return {}
    return store.known_terms(name, {value for event in events for value in event.of(rate.field)})


def _met(events: Sequence[Event], field: Value) -> dict[str, datetime]:
    """When each value was met last; the events come in the order of writing."""
    return {value: event.at for event in events for value in event.of(field)}
