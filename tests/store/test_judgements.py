"""People judge matches; copies and repeats are kept and not told."""

from datetime import timedelta

import pytest

from tests.store.samples import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    ROUTES,
    account,
    frozen,
    match,
    matched,
    post,
    pulled,
    waiting,
)
from watcher.store import NoSuchRecordError, SavedMatches, Store

LATER = NOON + 400 * DAY


def test_a_match_is_judged_judged_anew_and_taken_back(store: Store) -> None:
    pulled(store, post("p1"), post("p2"))
    matched(store)
    second, first = store.matches()
    assert store.judge_match(first.id, "irrelevant", "a job", "kim", NOON).verdict == "irrelevant"
    assert [(one.id, verdict) for one, verdict in store.judged("talk")] == [
        (first.id, "irrelevant")
    ]
    assert [one.id for one in store.matches(verdict="irrelevant")] == [first.id]
    assert [one.id for one in store.matches(verdict="none")] == [second.id]
    store.judge_match(first.id, "relevant", "", "kim", NOON + MINUTE)
    store.judge_match(first.id, None, "wrong row", "kim", NOON + HOUR)
    assert store.judged("talk") == ()
    assert [(one.verdict, one.note) for one in store.judgements(first.id)] == [
        ("irrelevant", "a job"),
        ("relevant", ""),
        (None, "wrong row"),
    ]
    with pytest.raises(NoSuchRecordError):
        store.judge_match(999, "relevant", "", "kim", NOON)


def test_matches_are_listed_by_when_they_were_found(store: Store) -> None:
    for hour in range(3):
        pulled(store, post(f"p{hour}"), now=NOON + hour * HOUR)
        matched(store, now=NOON + hour * HOUR)
    listed = store.matches("talk", since=NOON, until=NOON + HOUR)
    assert [one.post.id for one in listed] == ["p1"]
    assert store.match(listed[0].id) == listed[0]


def test_a_judged_match_is_kept_as_long_as_its_verdict(store: Store) -> None:
    pulled(store, post("p1"), post("p2", author=account("2", "bob")))
    matched(store)
    frozen(store, "a@acme.example")
    judged = store.matches()[0].id
    store.judge_match(judged, "relevant", "", "kim", NOON)
    assert store.forget_before(LATER) == 1
    assert [one.id for one in store.matches()] == [judged]
    store.judge_match(judged, None, "", "kim", NOON)
    assert store.forget_before(LATER) == 1
    assert store.judgements(judged) == ()


def test_titles_come_back_as_they_were_saved(store: Store) -> None:
    pulled(store, post("p1", titles=("Acme recalls", "Ümlaut")))
    assert store.posts_after(0, 1)[0].post.titles == ("Acme recalls", "Ümlaut")


def save(store: Store, *names: str, now=NOON, copies=(), **more) -> SavedMatches:
    pulled(store, *[post(name, author=account(name, name)) for name in names], now=now)
    batch = store.unmatched(100)
    found = [match(one) for one in batch.posts]
    told = {("talk", f"town:{copy}"): f"town:{of}" for copy, of in copies}
    return store.save_matches(batch, found, (), ROUTES, now, copies=told, **more)


def test_a_copy_is_kept_with_what_it_repeats_and_not_queued(store: Store) -> None:
    assert save(store, "a", "b", "c", copies=[("b", "a")]).queued == 2
    assert save(store, "d", "e", copies=[("d", "a"), ("e", "unknown")]).queued == 1
    records = {one.post.id: one for one in store.matches()}
    assert [records[name].copy_of for name in "abcde"] == [
        None,
        records["a"].id,
        None,
        records["a"].id,
        None,
    ]
    assert [one.id for one in store.originals("talk", NOON - DAY, 10)] == ["a", "c", "e"]
    assert [one.id for one in store.originals("talk", NOON - DAY, 2)] == ["c", "e"]
    assert store.originals("talk", NOON, 10) == ()
    mentions = {one.post.id: one for one in waiting(store).mentions}
    assert (mentions["a"].copies, mentions["a"].copyists) == (2, 2)
    assert (mentions["c"].copies, mentions["c"].copyists) == (0, 0)


def test_a_copy_outlives_what_it_repeats(store: Store) -> None:
    save(store, "a")
    frozen(store, "a@acme.example")
    save(store, "b", now=LATER, copies=[("b", "a")])
    assert store.forget_before(NOON + DAY) == 1
    [left] = store.matches()
    assert (left.post.id, left.copy_of) == ("b", None)


def test_a_rule_that_told_something_stays_silent_for_its_time(store: Store) -> None:
    quiet = {"talk": timedelta(hours=1)}
    assert save(store, "a", "b", realert=quiet).queued == 1
    assert save(store, "c", now=NOON + 59 * MINUTE, realert=quiet).queued == 0
    assert save(store, "d", now=NOON + HOUR, realert=quiet).queued == 1
    assert [one.post.id for one in waiting(store).mentions] == ["d", "a"]
    assert len(store.matches()) == 4


def test_a_rule_with_a_rate_has_none_of_its_matches_queued(store: Store) -> None:
    assert save(store, "a", "b", untold=["talk"]) == SavedMatches(matches=2)
