"""What rates judge by is read back, and an alarm is raised, queued and told once."""

from datetime import datetime, timedelta

import pytest

from rules.model import Reason
from rules.rates import Alarm
from tests.store.samples import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    account,
    frozen,
    matched,
    page,
    post,
    pulled,
    waiting,
)
from watcher.backends.interface import Gap
from watcher.store import Findings, SavedAlarms, StaleBatchError, Store

TO = {"talk": ("daily",)}


def alarm(until: datetime = NOON, group: str = "", *, rule: str = "talk") -> Alarm:
    why = Reason(template="{count} {unit} within {within}.", values={"count": "3"})
    return Alarm(
        rule=rule,
        kind="frequency",
        group=group,
        since=until - HOUR,
        until=until,
        count=3,
        reason=why,
        evidence=(2, 1),
    )


def found(store: Store, *minutes: int, now: datetime = NOON) -> None:
    """Have posts written so many minutes before noon be matched."""
    first = store.newest_rid()
    pulled(
        store,
        *[
            post(f"{first}.{n}", author=account(str(n), f"a{n}"), posted_at=NOON - minute * MINUTE)
            for n, minute in enumerate(minutes)
        ],
        now=now,
    )
    matched(store, now=now)


def raised(store: Store, *alarms: Alarm, now: datetime = NOON) -> SavedAlarms:
    fresh = store.fresh_matches(["talk"], 1000)
    return store.save_alarms(fresh, alarms, {}, TO, now)


def test_matches_are_handed_out_in_the_time_of_their_posts_until_they_are_judged(
    store: Store,
) -> None:
    found(store, 5, 90, 20)
    fresh = store.fresh_matches(["talk", "other"], 1000)
    [(rule, events)] = fresh.events.items()
    assert rule == "talk"
    assert [(one.rid, one.handle) for one in events] == [(2, "a1"), (3, "a2"), (1, "a0")]
    assert events[0].author == "town:1"
    assert store.save_alarms(fresh, (), {}, TO, NOON) == SavedAlarms()
    assert store.fresh_matches(["talk"], 1000).events == {}


def test_many_matches_are_handed_out_in_parts(store: Store) -> None:
    found(store, *range(7))
    sizes = []
    while events := (fresh := store.fresh_matches(["talk"], 3)).events:
        sizes.append(len(events["talk"]))
        store.save_alarms(fresh, (), {}, TO, NOON)
    assert sizes == [3, 3, 1]


def test_a_post_dated_in_the_future_counts_when_it_was_found(store: Store) -> None:
    found(store, -600)
    assert [one.at for one in store.events("talk", NOON - DAY, NOON)] == [NOON]


def test_events_and_counts_are_of_a_window_that_ends_inclusively(store: Store) -> None:
    found(store, 0, 30, 60, 61)
    assert [one.rid for one in store.events("talk", NOON - HOUR, NOON)] == [2, 1]
    assert store.count_matches("talk", NOON - HOUR, NOON) == 2
    pulled(store, post("again", author=account("0", "a0"), posted_at=NOON - MINUTE))
    matched(store)
    assert store.count_matches("talk", NOON - HOUR, NOON) == 3
    assert store.count_matches("talk", NOON - HOUR, NOON, authors=True) == 2


def test_an_alarm_raised_twice_is_one_and_is_queued_once(store: Store) -> None:
    found(store, 1, 2)
    assert raised(store, alarm(), alarm(group="A")) == SavedAlarms(alarms=2, queued=2)
    assert raised(store, alarm()) == SavedAlarms()
    assert [one.alarm for one in store.alarms("talk")] == [alarm(group="A"), alarm()]
    assert store.told_alarms("talk", NOON - DAY) == {"": (NOON,), "A": (NOON,)}
    assert store.told_alarms("talk", NOON) == {}


def test_matches_judged_by_another_are_refused_and_leave_nothing(store: Store) -> None:
    found(store, 1)
    fresh = store.fresh_matches(["talk"], 1000)
    store.save_alarms(fresh, (), {}, TO, NOON)
    with pytest.raises(StaleBatchError):
        store.save_alarms(fresh, [alarm()], {"talk": {"x": NOON}}, TO, NOON)
    assert store.alarms() == ()
    assert store.known_terms("talk", ["x"]) == {}


def test_an_alarm_waits_with_its_posts_and_is_told_once(store: Store) -> None:
    found(store, 1, 2)
    frozen(store, slot=NOON - MINUTE)
    raised(store, alarm(), alarm(NOON - HOUR))
    assert store.has_waiting("daily")
    [first, second] = waiting(store).alarms
    assert (first.alarm.until, second.alarm.until) == (NOON, NOON - HOUR)
    assert [one.key for one in first.posts] == ["town:0.1", "town:0.0"]
    assert len(waiting(store, limit=1).alarms) == 1
    frozen(store, "a@acme.example")
    assert not store.has_waiting("daily")
    assert waiting(store).alarms == ()


def test_a_term_is_known_with_the_last_time_it_was_met(store: Store) -> None:
    for at in (NOON, NOON - HOUR):
        store.save_alarms(
            store.fresh_matches([], 1), (), {"talk": {"x" * 400: at, "y": at}}, TO, NOON
        )
    assert store.known_terms("talk", ["x" * 400, "z"]) == {"x" * 400: NOON}
    assert store.known_terms("other", ["y"]) == {}


def test_a_rule_is_watching_since_it_has_its_form(store: Store) -> None:
    assert store.watching_since({"talk": "1", "other": "1"}, NOON) == {"talk": NOON, "other": NOON}
    store.save_alarms(
        store.fresh_matches([], 1), (), {"talk": {"x": NOON}, "other": {"x": NOON}}, TO, NOON
    )
    later = NOON + DAY
    assert store.watching_since({"talk": "1", "other": "2"}, later) == {
        "talk": NOON,
        "other": later,
    }
    assert store.known_terms("talk", ["x"]) == {"x": NOON}
    assert store.known_terms("other", ["x"]) == {}
    assert store.watching_since({}, later) == {}


def test_a_rule_that_failed_stays_behind_until_it_has_judged(store: Store) -> None:
    store.watching_since({"talk": "1"}, NOON - DAY)
    found(store, 1, 2, 3)
    fresh = store.fresh_matches(["talk"], 1000)
    store.save_alarms(fresh, (), {}, TO, NOON, failed={"talk"})
    found(store, 4)
    store.save_alarms(store.fresh_matches(["talk"], 9), (), {}, TO, NOON, failed={"talk"})
    assert store.fresh_matches(["talk"], 9).events == {}
    assert store.rules_behind() == ("talk",)
    first = store.matches_behind("talk", 3)
    assert {one.rid for one in first.events["talk"]} == {1, 2, 3}
    store.save_alarms(first, (), {}, TO, NOON, failed={"talk"})
    assert store.matches_behind("talk", 3) == first
    assert store.save_alarms(first, [alarm()], {}, TO, NOON) == SavedAlarms(alarms=1, queued=1)
    rest = store.matches_behind("talk", 3)
    assert [one.rid for one in rest.events["talk"]] == [4]
    store.save_alarms(rest, (), {}, TO, NOON)
    assert store.rules_behind() == ()
    assert store.matches_behind("talk", 3).events == {}


def test_a_rule_with_a_new_form_judges_the_last_day_anew(store: Store) -> None:
    store.watching_since({"talk": "1"}, NOON - 3 * DAY)
    found(store, 1, now=NOON - 2 * DAY)
    found(store, 1, 2)
    store.save_alarms(store.fresh_matches(["talk"], 9), (), {}, TO, NOON)
    for one in store.rules_behind():
        store.save_alarms(store.matches_behind(one, 9), (), {}, TO, NOON)
    store.watching_since({"talk": "2"}, NOON)
    [again] = store.rules_behind()
    assert {one.rid for one in store.matches_behind(again, 9).events["talk"]} == {2, 3}


def test_sight_reaches_from_the_first_to_the_last_whole_reading_of_every_source(
    store: Store,
) -> None:
    def pull(source: str, at: datetime, *, whole: bool = True) -> None:
        store.record_pull(source, at, at + MINUTE, reached_newest=whole)

    assert store.sight(["a", "b"], NOON - DAY) is None
    assert store.sight([], NOON - DAY) is None
    pull("a", NOON)
    assert store.sight(["a", "b"], NOON - DAY) is None
    pull("b", NOON + HOUR)
    pull("a", NOON + 2 * HOUR)
    pull("b", NOON + 3 * HOUR, whole=False)
    store.save_page("a", page(gaps=(Gap(since=NOON, until=NOON + MINUTE, why="throttled"),)), NOON)
    sight = store.sight(["a", "b"], NOON - DAY)
    assert sight is not None
    assert (sight.since, sight.until) == (NOON + HOUR, NOON + HOUR)
    assert sight.gaps == ((NOON, NOON + MINUTE),)
    only = store.sight(["a"], NOON + DAY)
    assert only is not None
    assert (only.since, only.until, only.gaps) == (NOON, NOON + 2 * HOUR, ())


def test_sight_ends_before_what_waits_in_the_log(store: Store) -> None:
    """On a busy log something always waits: what was worked off before is judged all the same."""

    def pull(number: int, at: datetime, source: str = "a") -> None:
        some = page(*(post(f"{source}{number}-{n}") for n in range(3)), cursor=f"{number + 1}")
        store.append(source, f"{number}" if number else None, some, at + MINUTE / 2)
        store.record_pull(source, at, at + MINUTE, reached_newest=True)

    def work_off(now: datetime) -> None:
        with store.claim("test", 3, now) as claim:
            assert claim is not None
            claim.save(Findings(), {}, lambda: now)

    def until() -> datetime | None:
        sight = store.sight(["a"], NOON - DAY)
        assert store.all_matched()
        return sight and sight.until

    pull(0, NOON)
    assert until() is None
    work_off(NOON + MINUTE)
    assert until() == NOON
    pull(1, NOON + HOUR)
    pull(2, NOON + 2 * HOUR)
    assert until() == NOON
    work_off(NOON + 3 * HOUR)
    assert until() == NOON + HOUR
    pull(0, NOON, "nobody's")
    assert until() == NOON + HOUR
    work_off(NOON + 3 * HOUR)
    assert until() == NOON + 2 * HOUR


def test_what_an_open_stream_brought_since_it_told_how_far_it_is_holds_up_no_rate(
    store: Store,
) -> None:
    for at in range(2):
        now = NOON + at * MINUTE
        store.append("a", f"{at}" if at else None, page(post(f"{at}"), cursor=f"{at + 1}"), now)
        if not at:
            store.record_stream("a", NOON, now + MINUTE / 2, MINUTE / 4, reached_newest=True)
    assert store.sight(["a"], NOON - DAY) is None
    with store.claim("test", 1, NOON) as claim:
        assert claim is not None
        claim.save(Findings(), {}, lambda: NOON)
    assert store.log_backlog() == 1
    sight = store.sight(["a"], NOON - DAY)
    assert sight is not None
    assert sight.until == NOON + MINUTE / 4


def test_what_waits_to_be_matched_is_known(store: Store) -> None:
    assert store.all_matched()
    pulled(store, post("p1"))
    assert not store.all_matched()
    matched(store)
    assert store.all_matched()


def test_alarms_go_with_the_rest_unless_they_wait(store: Store) -> None:
    found(store, 1)
    raised(store, alarm(), now=NOON)
    store.forget_before(NOON + DAY)
    assert len(store.alarms()) == 1
    frozen(store, "a@acme.example")
    store.forget_before(NOON + DAY)
    assert store.alarms() == ()


def test_terms_nobody_met_for_a_year_are_forgotten(store: Store) -> None:
    terms = {"talk": {"old": NOON - timedelta(days=400), "new": NOON}}
    store.save_alarms(store.fresh_matches([], 1), (), terms, TO, NOON)
    store.forget_before(NOON + DAY)
    assert store.known_terms("talk", ["old", "new"]) == {"new": NOON}
