"""What of all that waits is not told now: what is silenced, and what waits for an alarm's end."""

from collections.abc import Mapping
from datetime import datetime

from alerts import AutoFollow, DigestChannel, Inhibition
from alerts.routing.conditions import Condition, Finding
from alerts.routing.silence import Silencer
from watcher.app import App
from watcher.dispatch import counted_apart
from watcher.store import OpenAlarm, WaitingEntry

AT_ONCE = 1000
"""Entries looked at in one go."""


def keep_back(app: App, channel: AutoFollow | DigestChannel, now: datetime) -> None:
    """Take what is silenced out of what waits for a channel, and hold what belongs to an alarm.

    What waited for an alarm that is over waits for the next message again. Doing it twice changes
    nothing. Raises `StoreError`.
    """
    _release(app, channel)
    silencer = Silencer(app.store.silences_in_effect(now), app.config.definitions)
    holder = _Holder(app, channel)
    if not (silencer or holder):
        return
    by = counted_apart(app)
    after = 0
    while entries := app.store.entries_waiting(channel.name, after=after, limit=AT_ONCE):
        after = entries[-1].row
        silenced: dict[int, int] = {}
        held: dict[int, int] = {}
        for entry in entries:
            finding = _finding(entry, by)
            silence = silencer.on(finding, channel.name)
            if silence is not None:
                silenced[entry.row] = silence
            elif (alarm := holder.alarm(finding)) is not None:
                held[entry.row] = alarm
        if silenced:
            app.store.keep_back(silenced, now)
        if held:
            app.store.hold(held)


class _Holder:
    """Says which alarm a post waits for on a channel."""

    def __init__(self, app: App, channel: AutoFollow | DigestChannel) -> None:
        self._channel = channel.name
        self._holding = [
            (one, alarm, _of_brand(app, one, alarm))
            for alarm in _open_alarms(app, channel)
            for one in app.config.inhibitions
            if alarm.rule in one.while_
        ]

    def __bool__(self) -> bool:
        return bool(self._holding)

    def alarm(self, finding: Finding) -> int | None:
        """Return the number of the first alarm that holds a finding back, None where none does."""
        if finding.post is None:
            return None
        for one, alarm, of_brand in self._holding:
            if one.covers(alarm.rule, finding.rule, self._channel) and of_brand.fits(finding):
                return alarm.id
        return None


def _open_alarms(app: App, channel: AutoFollow | DigestChannel) -> tuple[OpenAlarm, ...]:
    instant = isinstance(channel, DigestChannel) and channel.send == "instant"
    return app.store.open_alarms() if instant and app.config.inhibitions else ()


def _of_brand(app: App, one: Inhibition, alarm: OpenAlarm) -> Condition:
    brands = (alarm.group,) if one.equal == "brand" else ()
    return Condition(brands=brands, definitions=app.config.definitions)


def _release(app: App, channel: AutoFollow | DigestChannel) -> None:
    """Let go of what no alarm holds any more: it is over, or no inhibition says so now."""
    for held in app.store.held(channel.name):
        instant = isinstance(channel, DigestChannel) and channel.send == "instant"
        covered = instant and any(
            one.covers(held.alarm_rule, held.rule, channel.name) for one in app.config.inhibitions
        )
        if held.is_over or not covered:
            app.store.release(channel.name, held.alarm, held.rule)


def _finding(entry: WaitingEntry, by: Mapping[str, str | None]) -> Finding:
    if entry.suspect is not None:
        return Finding.of_suspect(entry.suspect)
    if entry.alarm is not None:
        return Finding.of_alarm(entry.alarm, by.get(entry.rule))
    return Finding(rule=entry.rule, post=entry.post)
