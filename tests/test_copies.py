"""Which posts repeat what a rule found before."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.copies import MOST_KNOWN, find_copies
from rules.model import Account, Post

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TEXT = "The Plivelo hinge broke after three weeks and nobody answers, what now?"


def post(id: str, text: str = TEXT, **more: str) -> Post:
    author = Account(network="town", id="1", handle="ann")
    return Post(network="town", id=id, author=author, text=text, posted_at=NOON, **more)  # type: ignore[arg-type]


def copies(how: str, *posts: Post, known: tuple[Post, ...] = ()) -> dict[str, str]:
    return {
        one.removeprefix("town:"): of.removeprefix("town:")
        for one, of in find_copies(how, known, posts)  # type: ignore[arg-type]
    }


@pytest.mark.parametrize("how", ["repost", "near"])
def test_a_repost_is_a_copy_of_what_was_found_and_of_another_repost(how: str) -> None:
    assert copies(how, post("2", "", repost_of="1"), known=(post("1"),)) == {"2": "1"}
    assert copies(how, post("2", "", repost_of="9"), post("3", "x", repost_of="9")) == {"3": "2"}
    assert copies(how, post("9"), post("2", "", repost_of="8")) == {}


@pytest.mark.parametrize("how", ["repost", "near"])
def test_the_repost_of_old_is_known_by_its_text(how: str) -> None:
    old = post("2", f"RT @ann: {TEXT} https://t.example/x")
    cut = post("3", f"RT @ann: {TEXT[:50]}…")
    assert copies(how, old, cut, known=(post("1"),)) == {"2": "1", "3": "1"}
    assert copies(how, post("2", "RT @ann: something else"), known=(post("1"),)) == {}


def test_only_near_takes_similar_words_for_a_copy() -> None:
    similar = post("2", TEXT.upper().replace("THREE", "FOUR") + " https://a.example")
    assert copies("near", similar, known=(post("1"),)) == {"2": "1"}
    assert copies("repost", similar, post("3"), known=(post("1"),)) == {}


def test_short_posts_are_copies_only_when_equal() -> None:
    said = (post("1", "thanks plivelo"), post("2", "Thanks, Plivelo!"), post("3", "thanks plivela"))
    assert copies("near", *said) == {"2": "1"}


def test_what_is_asked_of_several_people_is_said_once() -> None:
    asked = [f"{to} {TEXT}" for to in ("@ann", "@bob_at_the_other_end", "@eve@town.example")]
    assert copies("near", *(post(f"{n}", text) for n, text in enumerate(asked))) == {
        "1": "0",
        "2": "0",
    }


def test_whom_a_short_post_speaks_to_is_part_of_what_it_says() -> None:
    said = (post("1", "@plivelo thank you!"), post("2", "@nordelia thank you!"))
    assert copies("near", *said) == {}


def test_posts_without_words_are_copies_when_they_carry_the_same() -> None:
    assert copies("near", post("1", "…"), post("2", "…"), post("3", "!")) == {"2": "1"}


def test_so_many_are_known_and_no_more() -> None:
    other = [post(f"n{n}", f"{n} " + chr(97 + n % 26) * 30 + str(n) * 9) for n in range(MOST_KNOWN)]
    assert copies("repost", post("1"), *other[1:], post("2", "RT @ann: " + TEXT)) == {"2": "1"}
    assert copies("repost", post("1"), *other, post("2", "RT @ann: " + TEXT)) == {}


words = st.sampled_from(
    [TEXT, TEXT[:60] + "…", "RT @ann: " + TEXT, TEXT.replace("a", "e"), "short"]
)
found = st.lists(st.tuples(words, st.sampled_from(["", "p1", "p7"])), max_size=9).map(
    lambda all_: [
        post(f"p{n}", text, **({"repost_of": of} if of else {}))
        for n, (text, of) in enumerate(all_)
    ]
)


@settings(max_examples=60)
@given(found, st.data(), st.sampled_from(["repost", "near"]))
def test_in_how_many_parts_posts_come_makes_no_difference(
    posts: list[Post], data: st.DataObject, how: str
) -> None:
    cut = data.draw(st.integers(0, len(posts)))
    first = copies(how, *posts[:cut])
    kept = tuple(one for one in posts[:cut] if one.id not in first)
    assert first | copies(how, *posts[cut:], known=kept) == copies(how, *posts)
    assert set(first.values()).isdisjoint(first)
