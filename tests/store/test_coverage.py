"""How well sources were read: "nothing came" and "we did not look" never look alike."""

from datetime import timedelta

from tests.store.samples import DAY, HOUR, MINUTE, NOON, coverage, page, post
from watcher.backends.interface import Gap, Skipped
from watcher.store import Store


def test_a_period_counts_what_came_and_what_failed_in_it(store: Store) -> None:
    skips = tuple(Skipped(where=f"a.jsonl:{n}", why="not JSON") for n in range(3))
    store.save_page("square", page(post("p0")), NOON - DAY)
    store.save_page(
        "square", page(post("p1"), post("p2"), skipped=skips, skipped_count=250), NOON - HOUR
    )
    store.save_page("square", page(post("p2"), post("p3")), NOON - MINUTE)
    store.record_pull("square", NOON - HOUR, NOON - 30 * MINUTE, reached_newest=True)
    store.record_pull("square", NOON - HOUR, NOON, reached_newest=False, error="it timed out")
    seen = coverage(store, NOON - 2 * HOUR)
    assert (seen.posts, seen.skipped, seen.pulls, seen.failures) == (3, 250, 2, 1)
    assert seen.last_success == NOON - 30 * MINUTE
    assert seen.last_error == "it timed out"


def test_what_a_source_is_told_not_to_keep_is_counted(store: Store) -> None:
    store.save_page("square", page(left_out=400), NOON - DAY)
    store.save_page("square", page(left_out=7), NOON - HOUR)
    store.save_page("square", page(post("p1"), left_out=5), NOON)
    seen = coverage(store, NOON - 2 * HOUR)
    assert (seen.posts, seen.left_out, seen.skipped) == (1, 12, 0)


def test_a_period_has_its_end_but_not_its_beginning(store: Store) -> None:
    store.save_page("square", page(post("p1")), NOON)
    assert coverage(store, NOON - HOUR).posts == 1
    assert coverage(store, NOON, NOON + HOUR).posts == 0


def test_a_source_never_read_is_covered_by_nothing_rather_than_left_out(store: Store) -> None:
    seen = coverage(store, NOON - HOUR, source="new")
    assert (seen.source, seen.posts, seen.pulls, seen.last_success) == ("new", 0, 0, None)


def test_gaps_that_touch_the_period_are_told(store: Store) -> None:
    old = Gap(since=NOON - 3 * DAY, until=NOON - 2 * DAY, why="asleep")
    long = Gap(since=NOON - 3 * DAY, until=NOON - 30 * MINUTE, why="search reaches 7 days")
    store.save_page("square", page(gaps=(old, long)), NOON)
    seen = coverage(store, NOON - HOUR)
    assert seen.gaps == ((long.since, long.until, long.why),)


def test_a_gap_that_was_filled_is_none_any_more(store: Store) -> None:
    spent = Gap(since=NOON - HOUR, until=NOON, why="the budget is spent")
    lost = Gap(since=NOON - HOUR, until=NOON, why="too late")
    store.save_page("square", page(gaps=(spent, lost)), NOON)
    store.save_page("other", page(gaps=(spent,)), NOON)
    store.save_page("square", page(filled=(spent,)), NOON)
    assert [why for _, _, why in coverage(store, NOON - HOUR).gaps] == ["too late"]
    assert len(coverage(store, NOON - HOUR, source="other").gaps) == 1


def test_failures_in_a_row_are_counted_until_one_goes_well(store: Store) -> None:
    for minute in range(3):
        at = NOON + minute * MINUTE
        store.record_pull("square", at, at, reached_newest=False, error=f"failure {minute}")
    (state,) = store.source_states()
    assert (state.failures, state.last_error, state.last_success) == (3, "failure 2", None)
    assert not state.cursor
    store.record_pull("square", NOON + HOUR, NOON + HOUR, reached_newest=True)
    (state,) = store.source_states()
    assert (state.failures, state.last_error, state.last_success) == (0, "", NOON + HOUR)


def test_a_pull_that_was_stopped_on_the_way_is_neither_failure_nor_success(store: Store) -> None:
    store.record_pull("square", NOON, NOON, reached_newest=False)
    (state,) = store.source_states()
    assert (state.failures, state.last_success, state.last_pull) == (0, None, NOON)


def test_a_stream_that_broke_is_not_read_up_to_its_last_failure(store: Store) -> None:
    store.record_stream("square", NOON - HOUR, NOON - HOUR, timedelta(), reached_newest=True)
    store.record_pull("square", NOON - HOUR, NOON, reached_newest=False, error="it broke")
    (state,) = store.source_states()
    assert (state.behind, state.last_success) == (None, NOON - HOUR)


def test_states_count_the_posts_a_source_ever_brought(store: Store) -> None:
    store.save_page("square", page(post("p1"), post("p2")), NOON)
    store.save_page("square", page(post("p2"), post("p3")), NOON)
    store.save_page("market", page(post("p1")), NOON)
    assert [(one.name, one.posts, one.cursor) for one in store.source_states()] == [
        ("market", 0, True),
        ("square", 3, True),
    ]


def test_what_could_not_be_read_can_be_looked_at_newest_first(store: Store) -> None:
    skips = tuple(Skipped(where=f"a.jsonl:{n}", why="not\0JSON") for n in range(3))
    store.save_page("square", page(skipped=skips, skipped_count=3), NOON)
    items = store.skipped("square", limit=2)
    assert [item.where for item in items] == ["a.jsonl:2", "a.jsonl:1"]
    assert items[0].why == "not\ufffdJSON"
