"""Histories as networks show them: page by page back, bounded, and never in a circle."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from watcher.backends.bluesky import history as bluesky
from watcher.backends.formats import Mastodon
from watcher.backends.formats.x import X
from watcher.backends.interface import BackendError
from watcher.backends.mastodon import history as mastodon
from watcher.backends.mastodon.paging import Pages
from watcher.backends.x import history as x
from watcher.backends.x.spending import Purse, SpentError

NOW = datetime(2026, 3, 10, tzinfo=UTC)
DID = "did:plc:acme"


def status(number: int) -> dict[str, Any]:
    author = {"id": "7", "acct": "acme", "uri": "https://town.example/users/acme"}
    return {
        "id": str(number), "uri": f"https://town.example/s/{number}", "account": author,
        "content": f"<p>{number}</p>", "created_at": "2026-01-01T00:00:00Z", "visibility": "public",
    }  # fmt: skip


class Timeline:
    """Statuses 1 to `size`, newest first, `page` at a time."""

    def __init__(self, size: int, page: int = 4) -> None:
        self.size, self.page, self.asked = size, page, 0

    def before(self, max_id: str | None) -> Sequence[Any]:
        self.asked += 1
        top = int(max_id) - 1 if max_id else self.size
        return [status(number) for number in range(top, max(0, top - self.page), -1)]


def test_mastodon_is_read_back_by_max_id() -> None:
    town = Timeline(10)
    pages = list(mastodon.history(town.before, Pages(format=Mastodon()), "", 100))
    found = [post.text for page in pages for post in reversed(page.posts)]
    assert found == [str(number) for number in range(10, 0, -1)]
    assert [page.more for page in pages] == [True, True, True, False]


def test_mastodon_goes_on_at_a_place_and_asks_no_more_than_it_must() -> None:
    town = Timeline(10)
    (first, second) = mastodon.history(town.before, Pages(format=Mastodon()), "", 5)
    assert town.asked == 2
    rest = list(mastodon.history(town.before, Pages(format=Mastodon()), second.cursor, 100))
    assert [post.text for post in rest[0].posts] == ["1", "2"]
    assert first.cursor == "7"


def test_mastodon_that_gives_the_same_page_for_ever_ends() -> None:
    same = [status(3), status(2)]
    pages = list(mastodon.history(lambda _: same, Pages(format=Mastodon()), "", 100))
    assert [page.more for page in pages] == [True, False]


def item(number: int) -> dict[str, Any]:
    return {
        "post": {
            "uri": f"at://{DID}/app.bsky.feed.post/{number}",
            "author": {"did": DID, "handle": "acme.example"},
            "record": {"text": str(number), "createdAt": "2026-01-01T00:00:00Z"},
            "indexedAt": "2026-01-01T00:00:00Z",
        }
    }


def test_bluesky_is_read_back_by_its_cursor() -> None:
    asked: list[dict[str, Any]] = []

    def ask(method: str, **values: Any) -> dict[str, Any]:
        asked.append(values)
        at = int(values["cursor"] or 6)
        feed = [item(number) for number in range(at, max(0, at - 2), -1)]
        return {"feed": feed, "cursor": str(at - 2)} if at > 2 else {"feed": feed}

    pages = list(bluesky.history(ask, DID, "", 100, source="town"))
    assert [post.text for page in pages for post in reversed(page.posts)] == list("654321")
    assert [page.more for page in pages] == [True, True, False]
    assert [one["actor"] for one in asked] == [DID] * 3
    (page, _) = bluesky.history(ask, DID, "4", 3, source="town")
    assert [post.text for post in page.posts] == ["3", "4"]


def test_bluesky_that_answers_nonsense_is_broken() -> None:
    with pytest.raises(BackendError):
        list(bluesky.history(lambda *_, **__: {"feed": 3}, DID, "", 10, source="town"))


def test_bluesky_skips_what_is_no_post_and_ends_where_the_cursor_stands_still() -> None:
    def ask(_method: str, **_values: Any) -> dict[str, Any]:
        return {"feed": [item(1), {"post": 4}], "cursor": "same"}

    pages = list(bluesky.history(ask, DID, "", 100, source="town"))
    assert [(len(page.posts), page.skipped_count, page.more) for page in pages] == [
        (1, 1, True),
        (1, 1, False),
    ]


class Book:
    """A bill of at most `most` reads."""

    def __init__(self, most: int) -> None:
        self.left = most

    def reserve_reads(self, _source: str, _day: date, wanted: int, *, least: int,
                      of_day: int | None, of_month: int | None) -> int:  # fmt: skip
        del of_day, of_month
        granted = min(wanted, self.left)
        self.left -= granted if granted >= least else 0
        return granted if granted >= least else 0

    def settle_reads(self, _source: str, _day: date, reserved: int, used: int) -> None:
        self.left += reserved - used

    def reads(self, _source: str, _since: date, _until: date) -> int:
        return 0


def tweets(size: int) -> Any:
    """X's timeline of posts with ids from the first snowflake on."""
    base = 1_400_000_000_000_000_000

    def ask(*, max_results: int, until_id: str = "") -> dict[str, Any]:
        top = int(until_id) - base if until_id else size
        numbers = list(range(top - 1, max(-1, top - 1 - max_results), -1))
        data = [{"id": str(base + n), "author_id": "7", "text": str(n)} for n in numbers]
        more = {"next_token": "t"} if numbers and numbers[-1] > 0 else {}
        return {"data": data, "meta": {"result_count": len(data)} | more}

    return ask


def purse(book: Book) -> Purse:
    return Purse(source="x", ledger=book, of_day=100, of_month=100, cost=1, clock=lambda: NOW)


def test_x_pays_for_what_it_reads_and_no_more() -> None:
    book = Book(1000)
    pages = list(x.history(tweets(230), purse(book), X(), "", 150, host="x"))
    assert [len(page.posts) for page in pages] == [100, 50]
    assert book.left == 850
    rest = list(x.history(tweets(230), purse(book), X(), pages[-1].cursor, 500, host="x"))
    assert sum(len(page.posts) for page in rest) == 80
    assert not rest[-1].more


def test_x_stops_where_the_budget_is_spent_and_keeps_what_came() -> None:
    reading = x.history(tweets(230), purse(Book(103)), X(), "", 500, host="x")
    assert len(next(reading).posts) == 100
    with pytest.raises(SpentError):
        next(reading)
