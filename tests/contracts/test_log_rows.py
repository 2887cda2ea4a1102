"""A row of the log gives back what went in, and says how much of it cannot be read."""

import json
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.samples import NOON, account, post
from watcher.store.log_erasing import authors_in, without
from watcher.store.log_rows import DamagedError, Seen, pack, unpack

ANN, BOB = account("1", "ann"), account("2", "bob")
ROW = pack(
    [post("a", author=ANN), post("b", author=BOB), post("c", author=ANN, private=True)],
    [Seen(account=BOB, at=NOON)],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=25),
    max_leaves=30,
)


def test_posts_come_back_by_their_authors() -> None:
    row = unpack(ROW)
    assert [(one.author, one.fields[2]) for one in row.posts] == [
        (ANN, "a"),
        (BOB, "b"),
        (ANN, "c"),
    ]
    assert [one.is_private for one in row.posts] == [False, False, True]
    assert (row.accounts, row.damaged) == ((Seen(account=BOB, at=NOON),), 0)


@pytest.mark.parametrize("junk", [None, [], "x", [0] * 23, {"a": 1}])
def test_one_post_that_cannot_be_read_spoils_no_other(junk: object) -> None:
    version, authors, posts, accounts = json.loads(zlib.decompress(ROW))
    posts[1] = junk
    row = unpack(zlib.compress(json.dumps([version, authors, posts, accounts]).encode()))
    assert [one.fields[2] for one in row.posts] == ["a", "c"]
    assert row.damaged == 1


@settings(max_examples=60)
@given(JSON, JSON, JSON)
def test_whatever_a_row_holds_it_is_read_or_refused(
    authors: object, posts: object, accounts: object
) -> None:
    octets = zlib.compress(json.dumps([1, authors, posts, accounts]).encode())
    try:
        unpack(octets)
    except DamagedError:
        assert list(authors_in(octets)) == []
    left = without(octets, lambda _: True, set())
    assert left is None or not unpack(left.octets).accounts


@settings(max_examples=60)
@given(st.data())
def test_without_one_author_only_the_others_are_left(data: st.DataObject) -> None:
    people = [account(str(number), f"n{number}") for number in range(4)]
    some = [
        post(str(at), author=data.draw(st.sampled_from(people)))
        for at in range(data.draw(st.integers(0, 6)))
    ]
    octets = pack(some, [Seen(account=one, at=NOON) for one in people[:2]])
    out = data.draw(st.sampled_from(people))
    left = without(octets, lambda name: name[1] == out.id, set())
    row = unpack(left.octets if left else octets)
    wanted = [(one.id, one.author) for one in some if one.author != out]
    assert [(one.fields[2], one.author) for one in row.posts] == wanted
    assert [one.account for one in row.accounts] == [one for one in people[:2] if one != out]
    assert row.damaged == 0
    assert (left is None) == (len(wanted) == len(some) and out not in people[:2])
