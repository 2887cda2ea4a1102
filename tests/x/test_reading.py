"""Reading X: what is paid for, what comes late, what is out of reach, and what each post says."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rules.keyword import KeywordRule
from tests.contracts.world import FOUNDED, Said
from tests.contracts.worlds.x import Tally, XSearchWorld
from tests.x.server import id_at
from watcher.backends.http.budget import SHARED
from watcher.backends.interface import BackendError, Page

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[XSearchWorld]:
    SHARED.forget()
    founded = XSearchWorld(tmp_path)
    yield founded
    founded.close()


def pulled(
    world: XSearchWorld, cursor: str | None = None, **table: Any
) -> tuple[list[Page], BackendError | None]:
    """Read to the end, or to the error that ends it."""
    pages: list[Page] = []
    reader = world.source(**table).open(world.path, clock=lambda: world.now)
    try:
        pages.extend(reader.pages(cursor))
    except BackendError as error:
        return pages, error
    finally:
        reader.close()
    return pages, None


def texts(pages: list[Page]) -> list[str]:
    return [post.text for page in pages for post in page.posts]


def said(world: XSearchWorld, *numbers: int) -> None:
    world.say(*(Said(f"post {n}", at=FOUNDED + n * MINUTE) for n in numbers))


# --- the purse ----------------------------------------------------------------------------------


def test_a_budget_is_never_exceeded_and_what_was_not_read_is_told(world: XSearchWorld) -> None:
    said(world, *range(300))
    bill = Tally()
    pages, error = pulled(world, budget_day=125, ledger=bill)
    assert texts(pages) == [f"post {n}" for n in range(175, 300)]
    assert len(world.x.billed) == sum(bill.days.values()) == 125
    assert error is not None
    assert error.kind == "temporary"
    assert error.retry_after == timedelta(hours=16).total_seconds()
    assert str(error) == (
        "the day's budget is spent: 125 of 125 posts are read, "
        "the others wait for 00:00 UTC on 4 March"
    )
    assert error.help == "a larger `budget_day` reads more, at 0.005 a post"
    before, after = [gap for page in pages for gap in page.gaps]
    assert (before.since, before.until) == (
        world.now - 7 * DAY + 2 * MINUTE,
        FOUNDED + 175 * MINUTE,
    )
    assert (after.since, after.until) == (world.now, FOUNDED + timedelta(days=2, hours=16))
    assert before.why == after.why == str(error)


def test_the_page_shrinks_to_what_is_left_and_less_than_ten_asks_for_nothing(
    world: XSearchWorld,
) -> None:
    said(world, *range(300))
    pulled(world, budget_day=125)
    assert [asked.query["max_results"] for asked in world.server.asked] == ["100", "25"]
    world.server.asked.clear()
    pages, error = pulled(world, budget_day=109)
    assert len(texts(pages)) == 100
    assert [asked.query["max_results"] for asked in world.server.asked] == ["100"]
    assert error is not None


def test_a_spent_budget_is_told_once_and_asks_nothing(world: XSearchWorld) -> None:
    said(world, *range(100))
    bill = Tally()
    first, _ = pulled(world, budget_day=60, ledger=bill)
    world.server.asked.clear()
    again, error = pulled(world, first[-1].cursor, budget_day=60, ledger=bill)
    assert again == []
    assert error is not None
    assert world.server.asked == []


def test_what_a_budget_left_unread_is_read_when_there_is_a_new_one(world: XSearchWorld) -> None:
    said(world, *range(100))
    bill = Tally()
    table = {"budget_day": 60, "ledger": bill, "look_back": "3d"}
    first, _ = pulled(world, **table)
    world.now = world.x.now = world.now + DAY
    said(world, 200, 201)
    second, error = pulled(world, first[-1].cursor, **table)
    assert error is None
    assert texts(second) == ["post 200", "post 201", *(f"post {n}" for n in range(40))]
    assert not any(page.gaps for page in second)
    told = [gap for page in first for gap in page.gaps]
    assert told
    assert [gap for page in second for gap in page.filled] == told
    assert list(second[-1].filled) == told
    assert texts(pulled(world, second[-1].cursor)[0]) == []


def test_reading_a_hole_can_be_stopped_after_any_page(
    world: XSearchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(world, *range(60))
    first, _ = pulled(world, budget_day=20)
    monkeypatch.setattr("watcher.backends.x.reader.PAGE", 10)
    world.now = world.x.now = world.now + DAY
    got, cursor = list(first), first[-1].cursor
    for _ in range(6):
        reader = world.source().open(world.path, clock=lambda: world.now)
        got.append(next(reader.pages(cursor)))
        reader.close()
        cursor = got[-1].cursor
    assert sorted(texts(got)) == sorted(f"post {n}" for n in range(60))


def test_the_month_has_a_budget_too(world: XSearchWorld) -> None:
    said(world, *range(50))
    _, error = pulled(world, budget_month=30)
    assert error is not None
    assert "the month's budget is spent: 30 of 30 posts" in str(error)
    assert "00:00 UTC on 1 April" in str(error)


def test_what_fails_is_not_charged(world: XSearchWorld) -> None:
    world.x.remaining["/2/tweets/search/recent"] = -1
    bill = Tally()
    _, error = pulled(world, ledger=bill)
    assert error is not None
    assert "takes no more requests" in str(error)
    assert error.retry_after is not None
    assert 500 < error.retry_after <= 600
    assert sum(bill.days.values()) == 0


def test_nothing_is_read_where_nobody_keeps_the_bill(world: XSearchWorld) -> None:
    said(world, 1)
    _, error = pulled(world, ledger=None)
    assert error is not None
    assert error.kind == "refused"
    assert "nobody keeps the bill" in str(error)
    assert world.server.asked == []


# --- time ---------------------------------------------------------------------------------------


def test_what_appears_late_is_found_within_a_minute(world: XSearchWorld) -> None:
    said(world, 0, 1, 2)
    first, _ = pulled(world)
    late = world.x.say("late", "marie", FOUNDED)
    late["id"] = str(id_at(FOUNDED + 2 * MINUTE - timedelta(seconds=50)))
    too_late = world.x.say("too late", "marie", FOUNDED)
    too_late["id"] = str(id_at(FOUNDED + MINUTE - timedelta(seconds=50)))
    second, _ = pulled(world, first[-1].cursor)
    assert texts(second) == ["late"]


def test_a_week_that_nobody_read_is_told_as_a_gap(world: XSearchWorld) -> None:
    said(world, 0)
    first, _ = pulled(world)
    read_at = world.now
    world.now = world.x.now = world.now + 20 * DAY
    world.say(Said("new", at=world.now - DAY))
    second, error = pulled(world, first[-1].cursor)
    assert error is None
    assert texts(second) == ["new"]
    (gap,) = [gap for page in second for gap in page.gaps]
    assert (gap.since, gap.until) == (read_at, world.now - 7 * DAY + 2 * MINUTE)
    assert "7 days" in gap.why


def test_a_quiet_search_leaves_no_gap(world: XSearchWorld) -> None:
    said(world, 0)
    cursor = pulled(world)[0][-1].cursor
    for _ in range(6):
        world.now = world.x.now = world.now + 2 * DAY
        pages, error = pulled(world, cursor)
        assert error is None
        assert not any(page.gaps for page in pages)
        cursor = pages[-1].cursor


def test_a_new_source_reads_a_bit_of_the_past(world: XSearchWorld) -> None:
    world.say(Said("old", at=world.now - 3 * DAY), Said("new", at=world.now - timedelta(hours=3)))
    assert texts(pulled(world, look_back="1d")[0]) == ["new"]


def test_more_than_is_held_at_once_comes_in_two_parts(
    world: XSearchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watcher.backends.x.reader.MOST_HELD", 100)
    said(world, *range(250))
    pages, _ = pulled(world)
    parts = [range(150, 250), range(50, 150), range(50)]
    assert texts(pages) == [f"post {n}" for part in parts for n in part]
    assert pages[-1].more is False
    assert not any(page.gaps for page in pages)


def test_a_token_that_leads_back_is_broken(
    world: XSearchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(world, *range(30))
    lost = {"meta": {"result_count": 0, "next_token": "again"}}
    monkeypatch.setattr(world.x, "_page", lambda *_: lost)
    _, error = pulled(world)
    assert error is not None
    assert error.kind == "broken"


# --- what is read -------------------------------------------------------------------------------


def test_a_post_is_read_with_all_that_belongs_to_it(world: XSearchWorld) -> None:
    first = world.x.say("what do you think, @luc?", "aya", FOUNDED)
    world.x.user("marie", name="Marie L", description="a & b", protected=False)
    world.x.say(
        "1 < 2 #Acme https://acme.com/x @luc", "marie", FOUNDED + MINUTE,
        lang="fr", to="aya", kinds=["reply"],
        refers=[("replied_to", first["id"])],
        media=[("3_1", "https://pbs.twimg.com/media/1.jpg")],
    )  # fmt: skip
    post = [post for page in pulled(world)[0] for post in page.posts][-1]
    assert post.text == "1 < 2 #Acme https://acme.com/x @luc"
    assert (post.language, post.source, post.network) == ("fr", "here", "x")
    assert post.links == ("https://acme.com/x",)
    assert post.hashtags == ("acme",)
    assert post.mentions == ("luc",)
    assert (post.reply_to, post.reply_to_handle) == (first["id"], "aya")
    assert post.media == ("https://pbs.twimg.com/media/1.jpg",)
    assert (post.likes, post.reposts, post.replies) == (1, 2, 3)
    assert (post.author.display_name, post.author.bio) == ("Marie L", "a & b")
    assert post.author.followers == 5
    assert post.url == f"https://x.com/marie/status/{post.id}"


def test_what_cannot_come_along_does_not_keep_a_post_out(world: XSearchWorld) -> None:
    world.x.gone.add("77")
    world.x.say("look at this", "marie", FOUNDED, kinds=["quote"], refers=[("quoted", "77")])
    pages, error = pulled(world)
    assert error is None
    assert texts(pages) == ["look at this"]
    assert pages[0].posts[0].quote_of == "77"


def test_an_edited_post_is_the_same_post(world: XSearchWorld) -> None:
    said(world, 0)
    first, _ = pulled(world)
    world.x.edit("post 0", "mended", FOUNDED + 5 * MINUTE)
    second, _ = pulled(world, first[-1].cursor)
    (old,), (new,) = first[0].posts, second[0].posts
    assert new.id == old.id
    assert new.text == "mended"
    assert new.posted_at == FOUNDED
    assert new.edited_at == FOUNDED + 5 * MINUTE
    assert new.alias == world.x.posts[0]["id"] != new.id


def test_posts_of_a_protected_account_are_private(world: XSearchWorld) -> None:
    world.x.user("marie", protected=True)
    said(world, 0)
    assert pulled(world)[0][0].posts[0].private


def test_a_timeline_is_read_by_the_id_behind_its_handle(world: XSearchWorld) -> None:
    said(world, *range(12))
    world.say(Said("of another", author="luc"))
    pages, _ = pulled(world, query="@Marie")
    assert texts(pages) == [f"post {n}" for n in range(12)]
    said(world, 20)
    world.server.asked.clear()
    assert texts(pulled(world, pages[-1].cursor, query="@Marie")[0]) == ["post 20"]
    (asked,) = world.server.asked
    assert asked.path == f"/2/users/{world.x.user('marie')['id']}/tweets"


def test_a_timeline_of_nobody_is_gone(world: XSearchWorld) -> None:
    _, error = pulled(world, query="@nobody")
    assert error is not None
    assert error.kind == "gone"
    assert "@nobody" in str(error)


# --- rules --------------------------------------------------------------------------------------

RULES = (
    KeywordRule(name="acme", find="acme -job"),
    KeywordRule(name="clio", find="clio renau*"),
    KeywordRule(name="off", find="twingo", enabled=False),
)


def test_rules_are_asked_for_and_what_none_of_them_finds_is_left_out(world: XSearchWorld) -> None:
    world.say(
        Said("Acme is here", at=FOUNDED),
        Said("a job at Acme", at=FOUNDED + MINUTE),
        Said("my Clio", at=FOUNDED + 2 * MINUTE),
        Said("my Renault Clio", at=FOUNDED + 3 * MINUTE),
        Said("my twingo", at=FOUNDED + 4 * MINUTE),
    )
    pages, error = pulled(world, query="rules", known=RULES)
    assert error is None
    assert texts(pages) == ["Acme is here", "my Renault Clio"]
    assert sum(page.left_out for page in pages) == 2
    pages, _ = pulled(world, query="rules", rules=("clio",), known=RULES)
    assert texts(pages) == ["my Renault Clio"]


def test_a_query_that_is_new_begins_where_the_others_are(world: XSearchWorld) -> None:
    world.say(Said("acme", at=FOUNDED), Said("clio renault", at=FOUNDED + MINUTE))
    first, _ = pulled(world, query="rules", rules=("acme",), known=RULES)
    world.now = world.x.now = world.now + DAY
    world.say(Said("clio renault 2", at=world.now))
    second, _ = pulled(world, first[-1].cursor, query="rules", known=RULES)
    assert texts(second) == ["clio renault 2"]


def test_several_queries_are_read_one_after_another(world: XSearchWorld) -> None:
    rules = tuple(KeywordRule(name=f"r{n}", find=f"{'w' * 250}{n}") for n in range(3))
    for n in range(3):
        world.say(Said(f"{'w' * 250}{n}", at=FOUNDED + n * MINUTE))
    pages, _ = pulled(world, query="rules", known=rules)
    assert texts(pages) == [f"{'w' * 250}{n}" for n in range(3)]
    assert [page.more for page in pages][-1] is False
    assert texts(pulled(world, pages[-1].cursor, query="rules", known=rules)[0]) == []


def test_a_query_that_x_does_not_take_is_told_in_its_words(world: XSearchWorld) -> None:
    _, error = pulled(world, query="search:acme foo:bar")
    assert error is not None
    assert error.kind == "refused"
    assert "Reference to invalid operator 'foo'" in error.help
