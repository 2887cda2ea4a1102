"""Rows for other programs, on both databases."""

from typing import Any

import pytest

from rules.evaluation.reading import Reading
from rules.evaluator import Evaluator
from rules.language import parse
from rules.model import Reason
from rules.rates import Alarm
from rules.signals.spoken import Spoken
from tests.store.samples import (
    HOUR,
    NOON,
    ROUTES,
    account,
    frozen,
    match,
    matched,
    post,
    proposal,
    pulled,
    suspect,
    waiting,
)
from watcher.export import ExportError
from watcher.export.stored import STORED, stored
from watcher.store import Store, Wanted, exporting

HOSTILE = '=cmd|"\0\ud800\r\n\u202e'


def rows(store: Store, name: str, **wanted: Any) -> list[dict[str, Any]]:
    return list(stored(store, name, Wanted(**wanted)))


def keys(store: Store, **wanted: Any) -> list[str]:
    return [row["key"].removeprefix("town:") for row in rows(store, "posts", **wanted)]


def alarmed(store: Store, rid: int, group: str = "") -> None:
    """Raise an alarm that comes from one post."""
    why = Reason(template="{count} posts by {who}.", values={"count": "1", "who": group})
    alarm = Alarm(
        rule="talk",
        kind="frequency",
        group=group,
        since=NOON - HOUR,
        until=NOON,
        count=1,
        reason=why,
        evidence=(rid,),
    )
    store.save_alarms(store.fresh_matches(["talk"], 10), [alarm], {}, ROUTES, NOON)


def rids(store: Store, *, private: bool) -> list[int]:
    return [one.rid for one in store.posts_after(0, 10) if one.post.private is private]


def test_every_table_reads_an_empty_database_and_a_full_one(store: Store) -> None:
    for name in STORED:
        assert rows(store, name) == []
    pulled(store, post("p1"), post("p2", author=account("2", "bob")))
    matched(store, suspects=[suspect("town:2")])
    store.judge_match(store.matches()[0].id, "relevant", "", "kim", NOON)
    frozen(store, "a@acme.example")
    store.save_proposals("friends", waiting(store, "friends"), [proposal(account())], NOON)
    alarmed(store, 1)
    full = {name for name in STORED if rows(store, name)}
    assert set(STORED) - full == {"spoken"}


def test_a_post_is_read_as_it_was_stored(store: Store) -> None:
    written = post(
        "p1", HOSTILE, links=("https://a.example/x y",), hashtags=("a", "b"), language="fr",
        reply_to="p0", likes=3, edited_at=NOON, author=account("7", "ann", followers=9),
    )  # fmt: skip
    pulled(store, written)
    (row,) = rows(store, "posts")
    assert row["text"] == '=cmd|"\ufffd\ufffd\r\n\u202e'
    assert row | {"text": ""} == {
        "key": "town:p1", "network": "town", "id": "p1", "posted_at": NOON - HOUR, "seen": NOON,
        "author_key": "town:7", "author": "ann", "author_name": "", "author_followers": 9,
        "author_bot": None, "text": "", "language": "fr", "url": "", "source": "square",
        "reply_to": "town:p0", "reply_to_handle": None, "repost_of": None, "quote_of": None,
        "links": ("https://a.example/x y",), "titles": (), "hashtags": ("a", "b"), "mentions": (),
        "media": (), "likes": 3, "reposts": None, "replies": None, "edited_at": NOON,
        "private": False,
    }  # fmt: skip


def test_a_match_tells_what_matched_and_why(store: Store) -> None:
    pulled(store, post("p1"), post("p2"))
    matched(store)
    found = rows(store, "matches")
    assert [(one["post"], one["matched"]) for one in found] == [
        ("town:p1", ("Acme",)),
        ("town:p2", ("Acme",)),
    ]
    assert found[0]["reason"] == '"Acme" is in the post.'
    assert rows(store, "matches", rule="other") == []


def test_pages_join_without_a_gap_or_a_row_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PAGE", 2)
    pulled(store, *(post(f"p{n}") for n in range(7)))
    batch = store.unmatched(100)
    said = [Spoken(post=one.key, brand=brand) for one in batch.posts for brand in ("Acme", "Bell")]
    store.save_matches(
        batch, [match(one) for one in batch.posts], [], ROUTES, NOON,
        spoken=said, brands={"Acme": "acme", "Bell": "bell"},
    )  # fmt: skip
    assert sorted(keys(store)) == [f"p{n}" for n in range(7)]
    spoken = [(row["post"], row["brand"]) for row in rows(store, "spoken")]
    assert len(spoken) == len(set(spoken)) == 14
    assert len(rows(store, "spoken", brand="Bell")) == 7
    assert keys(store, brand="Bell") == keys(store) == keys(store, rule="talk")
    assert keys(store, brand="Cork") == keys(store, rule="cork") == []


def test_what_is_clearly_not_about_the_brand_says_so(store: Store) -> None:
    pulled(store, post("p1"), post("p2"))
    batch = store.unmatched(9)
    said = [
        Spoken(post=one.key, brand="Acme", relevance=0.01 if one.id == "p1" else None,
               left_out=one.id == "p1")
        for one in batch.posts
    ]  # fmt: skip
    store.save_matches(batch, [], [], ROUTES, NOON, spoken=said, brands={"Acme": "acme"})
    found = {row["post"]: (row["relevance"], row["left_out"]) for row in rows(store, "spoken")}
    assert found == {"town:p1": (0.01, True), "town:p2": (None, False)}


def test_rows_are_chosen_by_time_the_end_left_out(store: Store) -> None:
    pulled(store, *(post(f"p{n}", posted_at=NOON - n * HOUR) for n in range(3)))
    assert keys(store, since=NOON - HOUR, until=NOON) == ["p1"]


def test_rows_are_chosen_by_an_expression(store: Store) -> None:
    pulled(store, post("p1", "the hinge broke"), post("p2", "all fine"))
    find = Evaluator(parse("hinge"), Reading())
    assert [row["key"] for row in stored(store, "posts", find=find)] == ["town:p1"]
    with pytest.raises(ExportError, match="accounts cannot be chosen by find"):
        stored(store, "accounts", find=find)
    with pytest.raises(ExportError, match="no table called"):
        stored(store, "secrets")


def test_what_comes_of_private_posts_alone_is_left_out_and_counted(store: Store) -> None:
    hidden = account("2", "bob")
    pulled(store, post("p1"), post("p2", "my Acme secret", author=hidden, private=True))
    matched(store, suspects=[suspect("town:2")])
    alarmed(store, rids(store, private=False)[0])
    alarmed(store, rids(store, private=True)[0], "bob")
    found = [proposal(hidden, post="town:p2"), proposal(account())]
    store.save_proposals("friends", waiting(store, "friends"), found, NOON)
    for name in ("posts", "matches", "suspects", "accounts", "follows", "alarms"):
        shown, every = rows(store, name), rows(store, name, private=True)
        assert len(every) == len(shown) + 1, name
        assert "secret" not in str(shown)
        assert "bob" not in str(shown)
        assert store.hidden_rows(name, Wanted()) == 1
        assert store.hidden_rows(name, Wanted(private=True)) == 0


def test_what_arrives_while_rows_are_read_is_left_to_the_next_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PAGE", 1)
    pulled(store, post("p1"), post("p2"))
    found = iter(stored(store, "posts"))
    next(found)
    pulled(store, post("p3"))  # the reader holds no transaction that a writer would wait for
    assert len(list(found)) == 1
    assert len(keys(store)) == 3
