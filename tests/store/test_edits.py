"""A post that its author changed takes the place of what it was, and is new to every step."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.model import Post
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
    page,
    post,
    pulled,
    suspect,
    waiting,
)
from watcher.store import SavedPage, Store


def edited(id: str, text: str, minutes: int = 1, **more: object) -> Post:
    return post(id, text, edited_at=NOON + minutes * MINUTE, **more)


def stored(store: Store) -> dict[str, str]:
    return {one.post.id: one.post.text for one in store.posts_after(0, 100)}


LATER = NOON + HOUR


def test_a_later_edit_takes_the_place_of_the_text_links_and_language(store: Store) -> None:
    pulled(store, post("p1", "I like Acme", links=("https://a.example",), language="en"))
    new = edited("p1", "J'aime Acme", links=("https://b.example",), language="fr", likes=3)
    assert store.save_page("square", page(new), LATER) == SavedPage(new=0, known=0, changed=1)
    (one,) = store.posts_after(0, 10)
    assert one.post == replace(new, source="square")


def test_saving_an_edit_twice_changes_nothing(store: Store) -> None:
    pulled(store, post("p1"))
    new = page(edited("p1", "another"))
    store.save_page("square", new, LATER)
    before = store.posts_after(0, 10)
    assert store.save_page("square", new, LATER) == SavedPage(new=0, known=1)
    assert store.posts_after(0, 10) == before


@pytest.mark.parametrize("older", [post("p1", "the first"), edited("p1", "the second", 1)])
def test_an_older_page_never_undoes_a_newer_edit(store: Store, older: Post) -> None:
    pulled(store, edited("p1", "the third", 2), now=LATER)
    pulled(store, older, now=LATER + HOUR)
    assert stored(store) == {"p1": "the third"}


def test_an_edit_of_the_future_is_one_of_now(store: Store) -> None:
    pulled(store, post("p1", "future", edited_at=NOON + 999 * DAY), now=NOON)
    pulled(store, post("p1", "present", edited_at=NOON + HOUR), now=NOON + HOUR)
    assert stored(store) == {"p1": "present"}
    again = page(post("p1", "ever", edited_at=NOON + 999 * DAY))
    store.save_page("square", again, NOON + 2 * HOUR)
    assert store.save_page("square", again, NOON + 3 * HOUR).changed == 0


def test_nobody_edits_the_posts_of_another(store: Store) -> None:
    pulled(store, post("p1"))
    pulled(store, edited("p1", "hostile", author=account("2", "eve")), now=LATER)
    assert stored(store) == {"p1": "I like Acme"}


def test_an_edit_that_says_the_same_is_not_matched_again(store: Store) -> None:
    pulled(store, post("p1"))
    matched(store)
    pulled(store, edited("p1", "I like Acme", likes=9), now=LATER)
    assert store.unmatched(10).posts == ()
    assert store.posts_after(0, 1)[0].post.likes == 9


def test_a_changed_post_is_matched_again_and_what_is_new_is_told(store: Store) -> None:
    pulled(store, post("p1"))
    matched(store, rules=())
    frozen(store, "a@acme.example")
    pulled(store, edited("p1", "Now it is Acme!"), now=LATER)
    batch = store.unmatched(10)
    assert [one.text for one in batch.posts] == ["Now it is Acme!"]
    store.save_matches(batch, [match(batch.posts[0])], (), ROUTES, LATER)
    assert [one.post.text for one in waiting(store, now=LATER).mentions] == ["Now it is Acme!"]


def test_what_holds_no_more_leaves_the_queue_and_what_holds_is_not_told_twice(
    store: Store,
) -> None:
    pulled(store, post("gone"), post("holds"))
    matched(store)
    frozen(store, "a@acme.example")
    pulled(store, post("waits"))
    matched(store)
    pulled(store, *[edited(one, f"changed {one}") for one in ("gone", "holds", "waits")], now=LATER)
    batch = store.unmatched(10)
    holds = next(one for one in batch.posts if one.id == "holds")
    store.save_matches(batch, [match(holds, spans=((0, 7),))], (), ROUTES, LATER)
    assert waiting(store, now=LATER).mentions == ()
    assert [(one.post.id, one.match.spans) for one in store.matches()] == [("holds", ((0, 7),))]


def test_what_a_person_judged_stays_judged(store: Store) -> None:
    pulled(store, post("p1"))
    matched(store)
    (before,) = store.matches()
    store.judge_match(before.id, "relevant", "", "kim", NOON)
    pulled(store, edited("p1", "nothing any more"), now=LATER)
    matched(store, rules=(), now=LATER)
    (after,) = store.matches()
    assert (after.id, after.verdict, after.match.spans) == (before.id, "relevant", ())


def test_until_it_is_matched_again_nothing_is_marked_in_a_changed_text(store: Store) -> None:
    pulled(store, post("p1"))
    matched(store)
    pulled(store, edited("p1", "ab"), now=LATER)
    (mention,) = waiting(store, now=LATER).mentions
    assert [one.spans for one in mention.matches] == [()]


def test_a_batch_read_before_an_edit_is_saved_without_the_old_form(store: Store) -> None:
    pulled(store, post("p1"), post("p2"))
    batch = store.unmatched(10)
    pulled(store, edited("p1", "new"), now=LATER)
    found = [match(one) for one in batch.posts]
    saved = store.save_matches(batch, found, [suspect("domain:x.example")], ROUTES, NOON)
    assert saved.matches == 1
    assert [one.text for one in store.unmatched(10).posts] == ["new"]


def test_a_number_is_never_given_twice_and_the_old_one_is_to_leave_the_index(store: Store) -> None:
    pulled(store, post("p1"), post("p2"))
    first = store.posts_after(0, 1)[0].rid
    pulled(store, edited("p2", "new"), now=LATER)
    pulled(store, edited("p1", "new"), now=LATER)
    numbers = [one.rid for one in store.posts_after(0, 10)]
    assert len(set(numbers)) == 2
    assert min(numbers) > first + 1
    assert store.departures(LATER) == ()
    assert store.departures(LATER + 7 * DAY) == (first, first + 1)
    store.left_index([first])
    assert store.departures(LATER + 7 * DAY) == (first + 1,)


def test_what_one_source_says_is_private_stays_so(store: Store) -> None:
    pulled(store, post("p1"))
    pulled(store, post("p1", private=True))
    pulled(store, post("p1"))
    pulled(store, edited("p1", "public, they say"), now=LATER)
    assert [one.post.private for one in store.posts_after(0, 9)] == [True]


def test_a_mail_not_sent_is_made_again_when_its_post_changed(store: Store) -> None:
    pulled(store, post("p1"))
    matched(store)
    frozen(store, "a@acme.example")
    pulled(store, edited("p1", "new"), now=LATER)
    assert store.claim_delivery(LATER) is None
    (old,) = store.outdated_digests()
    left = store.told_in(old, limit=10)
    assert [one.post.text for one in left.mentions] == ["new"]


def _name(form: tuple[str, int]) -> str:
    return form[0]


_steps = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=3, unique_by=_name),
        st.sets(st.sampled_from("abc"), max_size=1),
        st.booleans(),
    ),
    max_size=8,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(_steps)
def test_whatever_comes_in_whatever_order_the_latest_form_stands_and_the_deleted_stay_away(
    store: Store, steps: list[tuple[list[tuple[str, int]], set[str], bool]]
) -> None:
    begin = store.newest_rid()  # posts of each example have names of their own
    stands: dict[str, int] = {}
    dead: set[str] = set()
    for forms, gone, match_now in steps:
        came = dict(forms)
        brought = page(
            *(
                post(f"{begin} {one}", f"{one}{form}",
                     edited_at=NOON + form * MINUTE if form else None)
                for one, form in came.items()
            ),
            deleted=tuple(f"{begin} {one}" for one in gone),
        )  # fmt: skip
        for _ in range(2):
            store.save_page("square", brought, LATER)
        if match_now:
            matched(store, now=LATER)
        for one, form in came.items():
            if one not in dead:
                stands[one] = max(form, stands.get(one, 0))
        for one in gone & stands.keys():
            dead.add(one)
            del stands[one]
    matched(store, now=LATER)
    left = store.posts_after(begin, 100)
    assert {one.post.text for one in left} == {f"{one}{form}" for one, form in stands.items()}
    of_these = {one.post.key for one in left}
    found = [one.match.post for one in store.matches(limit=100) if one.match.post in of_these]
    assert sorted(found) == sorted(of_these)
