"""Matching a batch is done once, whole or not at all."""

import pytest

from rules.model import Match, Reason
from tests.store.samples import NOON, ROUTES, match, matched, post, pulled, suspect, waiting
from watcher.store import SavedMatches, StaleBatchError, Store


def test_what_was_not_matched_is_handed_out_until_it_is(store: Store) -> None:
    pulled(store, *[post(f"p{n}") for n in range(5)])
    first = store.unmatched(3)
    assert [one.id for one in first.posts] == ["p0", "p1", "p2"]
    assert (first.after, first.upto, len(first.rids)) == (0, first.rids[-1], 3)
    assert store.unmatched(3) == first
    store.save_matches(first, (), (), ROUTES, NOON)
    assert [one.id for one in store.unmatched(3).posts] == ["p3", "p4"]


def test_an_empty_batch_says_so(store: Store) -> None:
    batch = store.unmatched(10)
    assert (batch.posts, batch.rids, batch.after, batch.upto) == ((), (), 0, 0)


def test_matches_come_back_as_they_were_saved(store: Store) -> None:
    pulled(store, post("p1"))
    found = Match(
        rule="talk",
        post="town:p1",
        spans=((0, 1), (7, 11)),
        reason=Reason(template="{a} beside {b}", values={"a": "I", "b": "Acme"}),
    )
    store.save_matches(store.unmatched(9), [found], (), ROUTES, NOON)
    (record,) = store.matches("talk")
    assert (record.match, record.post.id, record.found) == (found, "p1", NOON)
    assert store.matches("other") == ()


def test_the_newest_matches_come_first(store: Store) -> None:
    pulled(store, *[post(f"p{n}") for n in range(4)])
    matched(store)
    assert [one.post.id for one in store.matches(limit=2)] == ["p3", "p2"]


def test_a_batch_saved_by_another_is_refused_and_leaves_nothing(store: Store) -> None:
    pulled(store, post("p1"), post("p2"))
    batch = store.unmatched(1)
    matched(store)
    with pytest.raises(StaleBatchError):
        store.save_matches(batch, [match(batch.posts[0], "late")], [suspect()], ROUTES, NOON)
    assert store.matches("late") == ()
    assert store.suspects() == ()


def test_a_failure_in_the_middle_undoes_all_and_the_batch_is_handed_out_again(store: Store) -> None:
    pulled(store, post("p1"))
    batch = store.unmatched(9)
    broken = suspect(score=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"score|NoneType"):
        store.save_matches(
            batch, [match(batch.posts[0])], [suspect("town:2"), broken], ROUTES, NOON
        )
    assert store.unmatched(9) == batch
    assert (store.matches(), store.suspects(), waiting(store).mentions) == ((), (), ())


def test_each_match_is_queued_once_for_each_channel_of_its_rule(store: Store) -> None:
    pulled(store, post("p1"))
    routes = {"talk": ("daily", "team", "daily"), "other": ("team",), "silent": ()}
    saved = matched(store, rules=("talk", "other", "silent", "unknown"), routes=routes)
    assert saved == SavedMatches(matches=4, suspects=0, queued=3)
    assert [len(one.matches) for one in waiting(store, "daily").mentions] == [1]
    assert [len(one.matches) for one in waiting(store, "team").mentions] == [2]


def test_a_rule_twice_in_a_batch_about_one_post_is_one_match(store: Store) -> None:
    pulled(store, post("p1"))
    saved = matched(store, rules=("talk", "talk"))
    assert (saved.matches, saved.queued) == (1, 1)
