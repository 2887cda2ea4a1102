"""What every live backend promises, whatever its server does."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from time import monotonic

import pytest

from tests.contracts.live import CONTACT, SECRET, LiveWorld
from tests.contracts.test_readers import posts_of, texts
from tests.contracts.world import FOUNDED, Said
from tests.faults import FAULTS, NONSENSE, OVERLOADED, Fault
from watcher.backends.http import bounds
from watcher.backends.http.bounds import Bounds
from watcher.backends.http.budget import SHARED
from watcher.backends.interface import BackendError, Page

pytestmark = pytest.mark.drill

Read = Callable[..., list[Page]]
Some = Callable[[int], list[Said]]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Callable[[Fault], None]:
    """Shorten the bounds, so that what only they end is over soon."""

    def shorten(fault: Fault) -> None:
        seconds = 0.25 if fault.slow else 20.0
        monkeypatch.setattr(bounds, "USUAL", Bounds(seconds=seconds, octets=1_000_000))

    return shorten


def some_pages(live: LiveWorld) -> list[Said]:
    """Enough posts for two full pages and a bit."""
    return [Said(f"post {i}", at=FOUNDED + i * MINUTE) for i in range(2 * live.page_size + 3)]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_told_in_a_sentence_and_nothing_is_lost_by_it(
    live: LiveWorld, read: Read, small_pages: None, strict: Callable[[Fault], None], fault: Fault
) -> None:
    said = some_pages(live)
    strict(fault)
    live.say(*said)
    live.server.fail(fault)
    reader = live.reader()
    started = monotonic()
    with pytest.raises(BackendError) as raised:
        read(reader)
    reader.close()
    error = raised.value
    assert monotonic() - started < 10
    assert error.kind in fault.kinds, error
    told = f"{error} {error.help}"
    assert len(told) < 500
    assert "\n" not in told
    assert live.server.host in told
    assert SECRET not in told
    assert "token" not in told
    if fault.says:
        assert re.search(fault.says, told)
    if fault.waits:
        assert error.retry_after is not None
        assert fault.waits[0] <= error.retry_after <= fault.waits[1]
    live.server.recover()
    SHARED.forget()  # the pause is over
    assert texts(read(live.reader())) == [one.text for one in said]


@pytest.mark.parametrize("fault", [*OVERLOADED[:2], *NONSENSE[:1]], ids=str)
def test_a_fault_in_the_middle_keeps_what_came_before_it(
    live: LiveWorld, read: Read, small_pages: None, fault: Fault
) -> None:
    """Whatever request fails, the pages before it and those after it make the whole."""
    said = some_pages(live)
    live.say(*said)
    for after in range(5):
        SHARED.forget()
        live.server.fail(fault, after=after)
        got: list[Page] = []
        failed = False
        try:
            got.extend(live.reader().pages(None))
        except BackendError:
            failed = True
        live.server.recover()
        SHARED.forget()
        if failed:
            got += read(live.reader(), got[-1].cursor if got else None)
        assert texts(got) == [one.text for one in said]


def test_who_is_told_to_wait_does_not_ask_again(live: LiveWorld, read: Read) -> None:
    live.say(Said("hello"))
    live.server.fail(OVERLOADED[1])
    with pytest.raises(BackendError):
        read(live.reader())
    asked = len(live.server.asked)
    live.server.recover()
    with pytest.raises(BackendError, match="no more requests") as raised:
        read(live.reader())
    assert len(live.server.asked) == asked
    assert raised.value.kind == "temporary"
    assert raised.value.retry_after is not None
    assert 30 < raised.value.retry_after <= 40


def test_every_request_says_who_asks(live: LiveWorld, read: Read) -> None:
    live.say(Said("hello"))
    reader = live.reader()
    reader.check()
    read(reader)
    agents = {asked.headers["user-agent"] for asked in live.server.asked}
    assert len(agents) == 1
    (agent,) = agents
    assert agent.startswith("brand-watcher/")
    assert CONTACT in agent


def test_a_wrong_secret_is_refused_and_never_told(live: LiveWorld, read: Read) -> None:
    live.say(Said("hello"))
    if not live.secret:
        read(live.reader())
        names = {"authorization", "cookie", "x-api-key"}
        assert not any(names & asked.headers.keys() for asked in live.server.asked)
        return
    for ask in ("check", "read"):
        SHARED.forget()
        reader = live.reader(secret="wr0ng-9876543210")
        with pytest.raises(BackendError) as raised:
            reader.check() if ask == "check" else read(reader)
        reader.close()
        assert raised.value.kind == "refused"
        told = f"{raised.value} {raised.value.help}"
        assert "wr0ng" not in told
        assert live.server.host in told
        assert raised.value.help, "what to do is said"
    assert texts(read(live.reader())) == ["hello"]


def test_opening_asks_nothing(live: LiveWorld) -> None:
    live.reader().close()
    assert live.server.asked == []


def test_a_server_that_is_down_is_tried_again_later(live: LiveWorld, read: Read) -> None:
    live.server.close()
    reader = live.reader()
    for ask in (reader.check, lambda: read(reader)):
        with pytest.raises(BackendError) as raised:
            ask()
        assert raised.value.kind == "temporary"
        assert live.server.host in str(raised.value)


def test_what_a_server_repeats_comes_once(live: LiveWorld, read: Read, small_pages: None) -> None:
    said = some_pages(live)
    live.say(*said)
    live.repeats = True
    assert texts(read(live.reader())) == [one.text for one in said]


def test_what_a_server_mixes_up_all_comes(live: LiveWorld, read: Read, small_pages: None) -> None:
    said = some_pages(live)
    live.say(*said)
    live.shuffled = True
    pages = read(live.reader())
    assert sorted(texts(pages)) == sorted(one.text for one in said)
    if live.sorts:
        for page in pages:
            times = [post.posted_at for post in page.posts]
            assert times == sorted(times)


@pytest.mark.parametrize("mischief", ["repeats", "shuffled"])
def test_mixed_up_pages_resume_without_gap_or_repeat(
    live: LiveWorld, read: Read, small_pages: None, mischief: str
) -> None:
    said = some_pages(live)
    live.say(*said)
    setattr(live, mischief, True)
    got: list[Page] = []
    for _ in range(20):
        got += read(live.reader(), got[-1].cursor if got else None, most=1)
    assert sorted(texts(got)) == sorted(one.text for one in said)


def test_a_page_whose_last_item_is_broken_keeps_the_39_others(live: LiveWorld, read: Read) -> None:
    said = [Said(f"post {i}", at=FOUNDED + i * MINUTE) for i in range(39)]
    live.say(*said)
    live.say_broken()
    pages = read(live.reader())
    assert texts(pages) == [one.text for one in said]
    assert sum(page.skipped_count for page in pages) == 1
    (skipped,) = [item for page in pages for item in page.skipped]
    assert skipped.why
    live.say(Said("after it", at=FOUNDED + 40 * MINUTE))
    assert texts(read(live.reader(), pages[-1].cursor)) == ["after it"]


def test_a_post_edited_while_it_is_read_is_one_post(
    live: LiveWorld, read: Read, small_pages: None
) -> None:
    said = some_pages(live)
    live.say(*said)
    first = read(live.reader(), most=1)
    live.edit("post 0", "post 0, mended")
    live.edit(said[-1].text, "the last, mended")
    rest = read(live.reader(), first[-1].cursor)
    posts = posts_of([*first, *rest])
    ids = {post.id: post.text for post in posts}
    assert len(ids) == len(said)
    assert "the last, mended" in ids.values()
    unedited = [post.text for post in posts if "mended" not in post.text]
    assert len(unedited) == len(set(unedited))


def test_a_post_deleted_while_it_is_read_leaves_no_gap(
    live: LiveWorld, read: Read, small_pages: None
) -> None:
    """Even where it is the one that the cursor stands on."""
    said = some_pages(live)
    live.say(*said)
    first = read(live.reader(), most=1)
    last_read = posts_of(first)[-1].text
    live.delete(last_read)
    live.delete(said[-2].text)
    got = texts([*first, *read(live.reader(), first[-1].cursor)])
    gone = said[-2].text
    assert got in ([one.text for one in said if one.text != gone], [one.text for one in said])


def test_a_cursor_is_small_and_of_plain_text(live: LiveWorld, read: Read) -> None:
    live.say(*(Said(f"post {i}", at=FOUNDED + i * MINUTE) for i in range(60)))
    cursor = read(live.reader())[-1].cursor
    assert len(cursor) < 20_000
    assert SECRET not in cursor
    json.dumps(cursor).encode("ascii")


def test_two_readers_of_one_source_agree(live: LiveWorld, read: Read, some: Some) -> None:
    live.say(*some(12))
    first, second = read(live.reader()), read(live.reader())
    assert posts_of(first) == posts_of(second)
    assert [replace(page, cursor="") for page in first] == [
        replace(page, cursor="") for page in second
    ]
