"""The log drill's own arithmetic: what it would not notice, it could not prove."""

from collections import Counter
from datetime import UTC, datetime

from tests.log_drill.counting import replayed
from tests.log_drill.flood import SOURCES, Flood, rules_of
from tests.log_drill.mails import told

START = datetime(2026, 3, 2, tzinfo=UTC)


def test_numbers_that_two_claims_handed_out_are_counted() -> None:
    assert replayed([(0, 0, 5), (1, 0, 5), (0, 5, 9)]) == 0
    assert replayed([(0, 0, 5), (0, 3, 9)]) == 2
    assert replayed([(0, 4, 9), (0, 0, 9)]) == 5
    assert replayed([(0, 0, 9), (0, 0, 9), (0, 0, 9)]) == 18


def test_all_posts_come_and_some_come_again() -> None:
    flood = Flood(1_000, START)
    said = [number for source, at in flood.order() for number in flood.numbers(source, at)]
    assert set(said) == set(range(1_000))
    assert flood.said(flood.pages) == len(said) > 1_000
    own = {source: set(flood.numbers(source, 0)) for source in SOURCES}
    assert own[SOURCES[0]] & own[SOURCES[1]], "no post comes from two sources"


def test_a_page_is_the_same_whoever_makes_it() -> None:
    assert Flood(500, START).page("brook", 1) == Flood(500, START).page("brook", 1)


def test_where_only_matches_are_kept_only_these_come_again() -> None:
    flood = Flood(3_000, START, repeats_all=False)
    said = [number for source, at in flood.order() for number in flood.numbers(source, at)]
    again = [number for number, times in Counter(said).items() if times > 1]
    assert again
    assert all(rules_of(number) for number in again)


def test_copies_of_a_mail_tell_once_and_two_mails_twice() -> None:
    one = b"Subject: a\r\n\r\nremark7x and remark8x\r\n"
    other = b"Subject: b\r\n\r\nremark8x\r\n"
    mails = [("ada", one), ("ada", one), ("ada", other), ("bob", one)]
    assert told(mails, "ada") == {7: 1, 8: 2}
