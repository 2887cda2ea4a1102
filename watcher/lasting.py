"""Which alarms still go on: what they hold back goes on waiting, and they may be told again.

A rate raises one alarm and then stays silent for `realert`. Whether it goes on is asked of the rate
itself: would it raise an alarm now, had it told nothing?
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from rules import KeywordRule
from rules.rates import Alarm, Record, Sight
from watcher.app import App
from watcher.dispatch import Dispatch, digests_of
from watcher.store import OpenAlarm, Places

log = logging.getLogger("watcher")

LEAST_PAUSE = timedelta(minutes=1)
STEPS = 12
"""An alarm is looked at again after a twelfth of its window."""

Again = Callable[[KeywordRule, timedelta], Record | None]


Ended = Callable[[KeywordRule, OpenAlarm], Alarm | None]


def note_ends(app: App, rated: Mapping[str, KeywordRule], again: Again, ended: Ended) -> None:
    """Record of each alarm that goes on whether it still does. Raises `StoreError`.

    `ended` says of one that is over what is to be told of its end, if anything.

    `rated` are the rules that have a rate; `again` returns what a rule's rate is judged by once
    more for a window. An alarm is over where its rule has no such rate any more, where a newer one
    took its place, or where the rate would not raise it now. What cannot be known, since sources
    were not read, stays as it was.
    """
    alarms = app.store.open_alarms()
    if not alarms:
        return
    newest = {(one.rule, one.group): one.id for one in alarms}
    due: dict[str, list[OpenAlarm]] = {}
    over: set[int] = set()
    for one in alarms:
        window = _window(rated.get(one.rule))
        if window is None or newest[one.rule, one.group] != one.id:
            over.add(one.id)
        elif _is_due(one, window, app):
            due.setdefault(one.rule, []).append(one)
    going: set[int] = set()
    notes: list[Alarm] = []
    for name, some in due.items():
        lasting = _judged(rated[name], some, again)
        for one in some:
            if one.id in lasting:
                (going if lasting[one.id] else over).add(one.id)
            if lasting.get(one.id) is False and (note := ended(rated[name], one)):
                notes.append(note)
    to: Mapping[str, Sequence[str]] = {}
    places: Places = {}
    if notes:
        dispatch = Dispatch(app)
        to, places = digests_of(app, dispatch), dispatch.alarms(notes)
    app.store.note_alarms(
        going=going, over=over, now=app.clock(), notes=notes, routes=to, places=places
    )


def _window(rule: KeywordRule | None) -> timedelta | None:
    window: timedelta | None = getattr(rule.rate if rule else None, "window", None)
    return window


def _is_due(alarm: OpenAlarm, window: timedelta, app: App) -> bool:
    """Whether to look at an alarm: its window is past, and the last look some time ago."""
    now = app.clock()
    pause = max(LEAST_PAUSE, window / STEPS)
    return alarm.until + window <= now and not alarm.going <= now < alarm.going + pause


def _judged(rule: KeywordRule, alarms: list[OpenAlarm], again: Again) -> dict[int, bool]:
    """Return of each alarm of a rule whether it goes on."""
    rate, window = rule.rate, _window(rule)
    if rate is None or window is None:
        return {}
    try:
        record = again(rule, window)
        raised = rate.judge(record) if record else ()
    except (ArithmeticError, LookupError, TypeError, ValueError):
        log.exception("%s: whether its alarms go on cannot be judged", rule.name)
        return {}
    lasting = {one.group for one in raised}
    return {
        one.id: one.group in lasting
        for one in alarms
        if one.group in lasting
        or not _is_unknown(one, rate.timed, record.sight if record else None)
    }


def _is_unknown(alarm: OpenAlarm, timed: bool, sight: Sight | None) -> bool:
    """Whether too few posts may only mean that nobody looked since."""
    return timed and (sight is None or sight.until <= alarm.until)
