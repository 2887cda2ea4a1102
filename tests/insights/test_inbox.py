"""Who waits for an answer, and who waits no more."""

from datetime import timedelta

import pytest

from rules.model import Verdict
from rules.signals.spoken import Spoken
from tests.insights.people_samples import ACME, HOUR, RIVALO, answer, person, say, told
from tests.store.conftest import opened, postgresql_opened, sqlite_opened, store
from tests.store.samples import NOON, ROUTES, page, suspect
from watcher.insights.inbox import Unanswered, inbox, own_posts, worklist
from watcher.store import NoSuchRecordError, Store

__all__ = ["opened", "postgresql_opened", "sqlite_opened", "store"]


def complaint(id: str) -> list[Spoken]:
    return [Spoken(brand="Acme", post=f"town:{id}", tone="negative", complaint=True)]


def ago(hours: float) -> dict[str, object]:
    return {"posted_at": NOON - hours * HOUR}


def waiting(store: Store, **more: object) -> list[Unanswered]:
    return list(inbox(store, [ACME], NOON, **more))  # type: ignore[arg-type]


def names(store: Store) -> list[str]:
    return [one.post.id for one in waiting(store)]


def test_complaints_and_questions_to_the_brand_wait(store: Store) -> None:
    told(
        store,
        say("c", "ann", "Acme, my refund!", **ago(6)),
        say("q", "bob", "@acme when do you open?", mentions=("acme",), **ago(5)),
        say("n", "cleo", "@acme bad", mentions=("Acme",), **ago(5)),
        say("far", "dan", "Acme is bad", **ago(6)),
        say("fresh", "eve", "Acme!", **ago(3)),
        say("link", "fay", "@acme https://x.example/?a", mentions=("acme",), **ago(6)),
        say("robot", person("robot", bot=True), "Acme!", **ago(6)),
        of={
            "c": complaint("c"),
            "fresh": complaint("fresh"),
            "robot": complaint("robot"),
            "n": [Spoken(brand="Acme", post="town:n", tone="negative")],
            "far": [Spoken(brand="Acme", post="town:far", tone="negative")],
        },
    )
    assert [(one.post.id, one.sort, str(one.says)) for one in waiting(store)] == [
        ("c", "complaint", "Complaint, no answer for 6 h."),
        ("n", "negative", "Unhappy post, no answer for 5 h."),
        ("q", "question", "Question, no answer for 5 h."),
    ]


def test_an_answer_in_the_same_thread_later_is_one(store: Store) -> None:
    told(
        store,
        say("c", "ann", **ago(9)),
        answer("c2", "ann", "c", text="and more", **ago(8)),
        answer("o", "acme", "c2", text="sorry", **ago(7)),
        say("d", "ann", **ago(6)),  # another thread, after it
        say("e", "bob", **ago(6)),
        answer("other", "cleo", "e", **ago(5)),
        silent=["c2", "o", "other"],
        of={name: complaint(name) for name in "cde"},
    )
    assert set(names(store)) == {"d", "e"}
    (entry,) = [one for one in waiting(store) if one.post.id == "e"]
    assert entry.answered_by_others == 1


def test_an_answer_before_the_complaint_is_none(store: Store) -> None:
    told(
        store,
        say("a", "ann", "Acme?", **ago(9)),
        answer("o", "acme", "a", **ago(8)),
        answer("c", "ann", "a", **ago(7)),
        silent=["a", "o"],
        of={"c": complaint("c")},
    )
    assert names(store) == ["c"]


def test_at_a_past_moment_only_what_was_written_and_done_until_then_counts(store: Store) -> None:
    """A report about last month tells who waited at its end, whatever came after it."""
    told(
        store,
        say("direct", "ann", **ago(30)),
        say("thread", "bob", **ago(30)),
        answer("thread2", "bob", "thread", text="hello?", **ago(29)),
        say("named", "cleo", **ago(30)),
        say("done", "dan", **ago(30)),
        say("put", "eve", **ago(30)),
        answer("o1", "acme", "direct", **ago(2)),
        answer("o2", "acme", "thread2", **ago(2)),
        answer("o3", "acme", "gone", reply_to_handle="cleo", **ago(2)),
        answer("other", "fay", "direct", **ago(2)),
        silent=["thread2", "o1", "o2", "o3", "other"],
        of={name: complaint(name) for name in ("direct", "thread", "named", "done", "put")},
    )
    store.handle("town:put", "later", "", "ada", NOON - 20 * HOUR, NOON + HOUR)
    store.handle("town:put", "reopened", "", "ada", NOON - 2 * HOUR)
    store.handle("town:done", "done", "", "ada", NOON - 2 * HOUR)
    then = NOON - 10 * HOUR
    found = {one.post.id: one for one in inbox(store, [ACME], then)}
    assert set(found) == {"direct", "thread", "named", "done"}
    assert found["direct"].answered_by_others == 0
    (known,) = own_posts(store, [ACME], then)
    assert (known.posts, known.answers, known.newest) == (0, 0, None)
    assert {one.post.id for one in inbox(store, [ACME], NOON)} == {"put"}


def test_an_answer_in_the_moment_that_is_asked_about_counts(store: Store) -> None:
    told(
        store,
        say("c", "ann", **ago(9)),
        answer("o", "acme", "c", **ago(5)),
        silent=["o"],
        of={"c": complaint("c")},
    )
    then, moment = NOON - 5 * HOUR, timedelta(microseconds=1)
    assert inbox(store, [ACME], then, HOUR) == ()
    assert len(inbox(store, [ACME], then - moment, HOUR)) == 1


def test_who_waits_for_exactly_as_long_is_listed(store: Store) -> None:
    told(store, say("c", "ann", **ago(4)), of={"c": complaint("c")})
    assert names(store) == ["c"]
    assert waiting(store, waiting=4 * HOUR + timedelta(microseconds=1)) == []


def test_somebody_who_complains_again_is_one_entry_and_comes_first(store: Store) -> None:
    told(
        store,
        say("a", "ann", **ago(20)),
        say("b1", "bob", **ago(10)),
        say("b2", "bob", **ago(5)),
        of={name: complaint(name) for name in ("a", "b1", "b2")},
    )
    first, second = waiting(store)
    assert (first.post.id, first.newest.id, first.posts) == ("b1", "b2", 2)
    assert [str(one) for one in first.signs] == ["2 posts of the same person wait."]
    assert second.post.id == "a"


def test_what_is_done_leaves_until_the_person_writes_again(store: Store) -> None:
    told(store, say("c", "ann", **ago(9)), of={"c": complaint("c")})
    (entry,) = waiting(store)
    post, before = store.handle(str(entry.number), "done", "called", "ada", NOON - HOUR)
    assert (post.id, before, names(store)) == ("c", None, [])
    _, before = store.handle("town:c", "reopened", "", "bob", NOON)
    assert before is not None
    assert (before.by, before.what, names(store)) == ("ada", "done", ["c"])
    assert [(one.what, one.by) for one in store.handled()] == [("reopened", "bob"), ("done", "ada")]


def test_only_what_was_handled_is_taken_back(store: Store) -> None:
    told(store, say("c", "ann", **ago(9)), of={"c": complaint("c")})
    with pytest.raises(NoSuchRecordError, match="nobody handled"):
        store.handle("town:c", "reopened", "", "bob", NOON)
    store.handle("town:c", "done", "", "ada", NOON)
    store.handle("town:c", "reopened", "", "bob", NOON)
    with pytest.raises(NoSuchRecordError, match="open already"):
        store.handle("town:c", "reopened", "", "bob", NOON)
    assert [one.what for one in store.handled()] == ["reopened", "done"]


def test_what_is_put_off_comes_back(store: Store) -> None:
    told(store, say("c", "ann", **ago(9)), of={"c": complaint("c")})
    store.handle("https://town.example/c", "later", "", "ada", NOON, NOON + HOUR)
    assert names(store) == []
    assert len(inbox(store, [ACME], NOON + 2 * HOUR)) == 1


def test_what_is_deleted_vanishes_with_what_was_done(store: Store) -> None:
    told(store, say("c", "ann", **ago(9)), of={"c": complaint("c")})
    store.handle("town:c", "later", "", "ada", NOON, NOON + HOUR)
    (held,) = store.accounts_called("town:ann")
    store.forget_account(held, NOON)
    assert (store.handled(), inbox(store, [ACME], NOON + 2 * HOUR)) == ((), ())
    with pytest.raises(NoSuchRecordError):
        store.handle("town:c", "done", "", "ada", NOON)


def test_it_is_said_where_nobody_can_know_what_was_answered(store: Store) -> None:
    (known,) = own_posts(store, [ACME], NOON)
    assert "nobody can know what Acme answered" in str(known.says)
    store.save_page("square", page(say("o", "acme")), NOON)
    (known,) = own_posts(store, [ACME], NOON)
    assert "none is an answer" in str(known.says)
    store.save_page("square", page(answer("o2", "acme", "c")), NOON)
    (known,) = own_posts(store, [ACME], NOON, back=timedelta(days=1))
    assert (known.posts, known.answers, known.says) == (2, 1, None)


def test_private_posts_stay_in_the_company(store: Store) -> None:
    told(store, say("c", "ann", private=True, **ago(9)), of={"c": complaint("c")})
    assert names(store) == ["c"]
    assert waiting(store, private=False) == []


def test_who_also_wrote_in_private_waits_for_what_was_public(store: Store) -> None:
    told(
        store,
        say("a", "ann", private=True, **ago(9)),
        say("b", "ann", **ago(8)),
        say("c", "ann", private=True, **ago(7)),
        of={name: complaint(name) for name in "abc"},
    )
    (entry,) = waiting(store, private=False)
    assert (entry.post.id, entry.newest.id, entry.posts, entry.signs) == ("b", "b", 1, ())


def held(store: Store, *subjects: str) -> dict[str, int]:
    """Have these be suspects; return their numbers by their subjects."""
    store.save_page("square", page(say("more", "zoe", "https://pay.example")), NOON)
    found = [suspect(one, name=one.rpartition(":")[2]) for one in subjects]
    store.save_matches(store.unmatched(100), [], found, ROUTES, NOON)
    return {one.suspect.subject: one.id for one in store.suspects(limit=9)}


def test_look_alike_accounts_are_no_customers_and_are_counted(store: Store) -> None:
    told(
        store,
        say("scam", "acme_help", **ago(30)),
        say("scam2", "acme_help", **ago(29)),
        say("fan", "acme_fan", **ago(9)),
        say("c", "ann", **ago(9)),
        of={name: complaint(name) for name in ("scam", "scam2", "fan", "c")},
    )
    numbers = held(store, "town:id-acme_help", "town:id-acme_fan")
    found = worklist(store, [ACME], NOON, limit=1)
    assert ([one.post.id for one in found.entries], found.look_alikes) == (["c"], 2)
    store.judge(numbers["town:id-acme_help"], Verdict.CONFIRMED, "", "ada", NOON)
    store.judge(numbers["town:id-acme_fan"], Verdict.DISMISSED, "", "ada", NOON)
    found = worklist(store, [ACME], NOON)
    assert ({one.post.id for one in found.entries}, found.look_alikes) == ({"c", "fan"}, 1)


def test_a_look_alike_that_two_brands_would_list_is_one(store: Store) -> None:
    both = [
        Spoken(brand=name, post="town:scam", tone="negative", complaint=True)
        for name in ("Acme", "Rivalo")
    ]
    told(store, say("scam", "acme_help", **ago(30)), of={"scam": both})
    assert len(inbox(store, [ACME, RIVALO], NOON)) == 2
    held(store, "town:id-acme_help")
    assert worklist(store, [ACME, RIVALO], NOON).look_alikes == 1


def test_who_only_links_to_a_look_alike_domain_comes_last(store: Store) -> None:
    link = {"links": ("https://pay.example/x",)}
    posts = (
        say("lure", "refunds", "Acme: https://pay.example/x", **ago(60), **link),
        say("asks", "bob", "@acme is that you?", mentions=("acme",), **ago(50), **link),
        say("c", "ann", **ago(9)),
    )
    store.save_page("square", page(*posts), NOON)
    sad = [one for post in posts for one in complaint(post.id)]
    shop = suspect("domain:pay.example", name="pay.example")
    batch = store.unmatched(9)
    store.save_matches(batch, [], [shop], ROUTES, NOON, spoken=sad, brands={"Acme": "a"})
    assert [(one.post.id, one.leads_astray) for one in waiting(store)] == [
        ("asks", False),
        ("c", False),
        ("lure", True),
    ]
    (record,) = store.suspects(limit=9)
    store.judge(record.id, Verdict.DISMISSED, "", "ada", NOON)
    assert names(store) == ["lure", "asks", "c"]
