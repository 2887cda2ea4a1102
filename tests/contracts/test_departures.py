"""What every backend that knows accounts tells of those that leave their network."""

import pytest

from tests.contracts.live import LiveWorld
from tests.contracts.test_readers import texts
from tests.contracts.world import NotHadError, Society
from tests.contracts.worlds.bluesky import BlueskySociety
from tests.contracts.worlds.mastodon import TownSociety
from tests.contracts.worlds.real_bluesky import RealBluesky
from tests.contracts.worlds.x import XSociety
from tests.faults import PAGE, Reply
from watcher.backends.http.budget import SHARED
from watcher.backends.interface import BackendError, Page, Reader


def read(reader: Reader, cursor: str | None = None) -> tuple[list[Page], BackendError | None]:
    """Read until the end, or until an error; return both."""
    pages: list[Page] = []
    try:
        pages.extend(reader.pages(cursor))
    except BackendError as error:
        return pages, error
    finally:
        reader.close()
    return pages, None


def settled(society: Society, name: str) -> tuple[str, str]:
    """Make an account that writes two posts, which are read; return its id and the cursor."""
    number = society.account(name)
    for text in ("first", "second"):
        society.write(name, text)
    society.settle()
    pages, error = read(society.timeline(name))
    assert error is None
    assert texts(pages) == ["first", "second"]
    assert {post.author.id for page in pages for post in page.posts} == {number}
    assert not any(page.departed for page in pages)
    return number, pages[-1].cursor


@pytest.mark.parametrize("how", ["suspend", "delete"])
def test_an_account_that_is_gone_is_told_to_have_departed_once(society: Society, how: str) -> None:
    nordelia, cursor = settled(society, "nordelia")
    settled(society, "marie")
    if not society.suspends:
        with pytest.raises(NotHadError):
            getattr(society, how)("nordelia")
        return
    getattr(society, how)("nordelia")
    society.settle()
    pages, error = read(society.timeline("nordelia"), cursor)
    assert [page.departed for page in pages] == [(nordelia,)]
    assert texts(pages) == []
    assert not pages[-1].more
    assert error is not None
    assert error.kind == "gone"
    assert "nordelia" in str(error)
    again, error = read(society.timeline("nordelia"), pages[-1].cursor)
    assert again == []
    assert error is not None
    assert error.kind in ("gone", "refused")
    pages, error = read(society.timeline("marie"))
    assert error is None
    assert not any(page.departed for page in pages)


def test_one_never_read_is_gone_and_nobody_has_departed(society: Society) -> None:
    society.settle()
    pages, error = read(society.timeline("nobody"))
    assert pages == []
    assert error is not None
    assert error.kind == "gone"


def test_a_renamed_account_has_not_departed(society: Society) -> None:
    nordelia, cursor = settled(society, "nordelia")
    reader = society.timeline("nordelia")
    society.rename("nordelia", "acme")
    society.write("acme", "third")
    society.settle()
    pages, error = read(reader, cursor)
    if error is not None:  # the local microblog reads by handle
        assert not society.suspends
        return
    assert not any(page.departed for page in pages)
    assert texts(pages) == ["third"]
    assert {post.author.id for page in pages for post in page.posts} == {nordelia}


@pytest.mark.drill
@pytest.mark.parametrize("kind", [TownSociety, BlueskySociety, XSociety])
@pytest.mark.parametrize("status", [404, 410, 403, 400, 500])
def test_a_server_that_shows_nothing_at_all_tells_of_nobody(
    founding: object, kind: type[Society], status: int
) -> None:
    """A wrong address, a broken proxy: whatever is asked for is not there."""
    society = founding(kind)  # type: ignore[operator]
    _, cursor = settled(society, "nordelia")
    assert isinstance(society, LiveWorld)
    answer = society.server.answer
    for body in (b'{"error": "Not found"}', PAGE):
        SHARED.forget()
        society.server.answer = lambda _, body=body: Reply(status, body)
        pages, error = read(society.timeline("nordelia"), cursor)
        assert pages == []
        assert error is not None
    society.server.answer = answer
    SHARED.forget()
    assert read(society.timeline("nordelia"), cursor)[1] is None


def test_a_mastodon_account_that_moved_is_read_and_its_new_name_told(founding: object) -> None:
    society: TownSociety = founding(TownSociety)  # type: ignore[operator]
    society.account("acme")
    _, cursor = settled(society, "nordelia")
    society.write("nordelia", "we move")
    society.move("nordelia", "acme")
    pages, error = read(society.timeline("nordelia"), cursor)
    assert texts(pages) == ["we move"]
    assert not any(page.departed for page in pages)
    assert error is not None
    assert error.kind == "gone"
    assert f"has moved to @acme@{society.server.host}" in str(error)
    assert f'query = "@acme@{society.server.host}"' in error.help
    with pytest.raises(BackendError, match="has moved to"):
        society.timeline("nordelia").check()


def test_what_one_server_hides_of_another_has_not_departed(founding: object) -> None:
    """A server may suspend whom it likes: elsewhere the account goes on."""
    society: TownSociety = founding(TownSociety)  # type: ignore[operator]
    name = "nordelia@elsewhere.example"
    for how in (society.suspend, society.delete):
        _, cursor = settled(society, name)
        how(name)
        pages, error = read(society.timeline(name), cursor)
        assert pages == []
        assert error is not None
        assert error.kind == "gone"
        society.statuses.clear()


@pytest.mark.parametrize("word", ["AccountNotFound", "ActorNotFound", "NotFound"])
def test_other_words_of_bluesky_s_servers_for_nobody_are_understood(
    founding: object, word: str
) -> None:
    society: BlueskySociety = founding(BlueskySociety)  # type: ignore[operator]
    nordelia, cursor = settled(society, "nordelia")
    society.unknown = {"error": word, "message": "no"}
    society.delete("nordelia")
    pages, error = read(society.timeline("nordelia"), cursor)
    assert [page.departed for page in pages] == [(nordelia,)]
    assert error is not None
    assert "the account is not there" in str(error)


def test_our_own_account_being_taken_down_tells_of_nobody_else(founding: object) -> None:
    society: BlueskySociety = founding(BlueskySociety)  # type: ignore[operator]
    _, cursor = settled(society, "nordelia")
    said = b'{"error": "AccountTakedown", "message": "Account has been taken down"}'
    kind = {"Content-Type": "application/json"}
    society.server.answer = lambda _: Reply(401, said, kind)
    pages, error = read(society.timeline("nordelia"), cursor)
    assert pages == []
    assert error is not None
    assert error.kind == "refused"
    assert "does not let us.town.example in" in str(error)


@pytest.mark.server
def test_a_bluesky_account_that_left_for_a_while_can_come_back(bluesky: object, founding: object
) -> None:  # fmt: skip
    society: RealBluesky = founding(RealBluesky, bluesky)  # type: ignore[operator]
    nordelia, cursor = settled(society, "nordelia")
    society.leave("nordelia")
    society.settle()
    pages, error = read(society.timeline("nordelia"), cursor)
    assert [page.departed for page in pages] == [(nordelia,)]
    assert "perhaps for a while" in str(error)
    society.come_back("nordelia")
    society.write("nordelia", "third")
    society.settle()
    pages, error = read(society.timeline("nordelia"), pages[-1].cursor)
    assert error is None
    assert "third" in texts(pages)


def test_an_x_account_that_hides_its_posts_has_not_departed(founding: object) -> None:
    society: XSociety = founding(XSociety)  # type: ignore[operator]
    _, cursor = settled(society, "nordelia")
    society.protect("nordelia")
    pages, error = read(society.timeline("nordelia"), cursor)
    assert pages == []
    assert error is not None
    assert error.kind == "refused"
    assert "protected" in str(error)
