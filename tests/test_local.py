"""The embedded microblog beyond the contract: queries, replies, deletions, writers at once."""

import sqlite3
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rules.model import Account, Post
from watcher.backends import LocalSource
from watcher.backends.interface import BackendError, Page, Skipped
from watcher.backends.local import Microblog, NewPost, Profile, import_pages
from watcher.backends.local import network as local_network
from watcher.backends.local.file import SCHEMA

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def town(tmp_path: Path) -> Microblog:
    return Microblog.found(tmp_path / "town.db", NOW)


def say(town: Microblog, author: str, text: str, **more: str | None) -> str:
    with town.change() as change:
        written = change.post(NewPost(author=author, text=text, posted_at=NOW, **more))
    assert written is not None
    return written


def read(town: Microblog, query: str = "public", us: str = "") -> list[Post]:
    source = LocalSource(name="here", file=town.path.name, query=query, account=us)
    return [post for page in source.open(town.path.parent).pages(None) for post in page.posts]


def texts(posts: Iterable[Post]) -> list[str]:
    return [post.text for post in posts]


def test_each_query_reads_its_part(town: Microblog) -> None:
    say(town, "marie", "Vive le #Été à vélo")
    say(town, "luc", "rien à voir, https://a.example/#été")
    say(town, "zoe", "un VELO neuf cet ete")
    with town.change() as change:
        change.account("us", NOW)
        change.follow("us", "zoe")
    say(town, "us", "bonjour")
    assert len(read(town)) == 4
    assert texts(read(town, "#ete")) == ["Vive le #Été à vélo"]
    assert texts(read(town, "@Luc")) == ["rien à voir, https://a.example/#été"]
    assert len(read(town, "search:vélo été")) == 2
    assert texts(read(town, "home", us="us")) == ["un VELO neuf cet ete", "bonjour"]


def test_a_search_takes_any_words_as_words(town: Microblog) -> None:
    say(town, "marie", "100% sûr_e 'vrai' \"ou\" pas; DROP TABLE posts")
    for words in ("100%", "'vrai'", '"ou"', "sûr_e", "DROP TABLE"):
        assert len(read(town, f"search:{words}")) == 1
    for words in ("%", "_ %", "_x", "10_%"):
        assert len(read(town, f"search:{words}")) == (1 if words in ("%", "_ %") else 0)


def test_a_quiet_query_still_moves_its_cursor(
    town: Microblog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit is not looked through again at each pull."""
    for number in range(5):
        say(town, "marie", f"post {number}")
    source = LocalSource(name="here", file=town.path.name, query="#none")
    (page,) = source.open(town.path.parent).pages(None)
    assert (page.posts, page.more) == ((), False)
    assert list(source.open(town.path.parent).pages(page.cursor)) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [("#trains", "public"), ("home", "public"), ("public", "#trains"), ("@marie", "search:late")],
)
def test_another_query_reads_from_the_beginning(town: Microblog, before: str, after: str) -> None:
    say(town, "marie", "late #trains")
    say(town, "us", "quiet")
    folder, file = town.path.parent, town.path.name
    first = LocalSource(name="here", file=file, query=before, account="us").open(folder)
    *_, page = first.pages(None)
    second = LocalSource(name="here", file=file, query=after, account="us").open(folder)
    again = [post.text for page in second.pages(page.cursor) for post in page.posts]
    assert again == texts(read(town, after, "us")) != []


def test_the_timeline_of_another_account_is_another_query(town: Microblog) -> None:
    say(town, "us", "ours")
    say(town, "them", "theirs")
    source = LocalSource(name="here", file=town.path.name, query="home", account="us")
    *_, page = source.open(town.path.parent).pages(None)
    other = LocalSource(name="here", file=town.path.name, query="home", account="them")
    (begun,) = other.open(town.path.parent).pages(page.cursor)
    assert texts(begun.posts) == ["theirs"]


def test_a_microblog_put_back_from_a_copy_is_read_from_the_beginning(town: Microblog) -> None:
    say(town, "marie", "kept")
    copy = town.path.read_bytes()
    say(town, "marie", "lost")
    network = LocalSource(name="here", file=town.path.name).open(town.path.parent)
    *_, page = network.pages(None)
    for path in town.path.parent.iterdir():
        path.unlink()
    town.path.write_bytes(copy)
    (begun,) = network.pages(page.cursor)
    assert texts(begun.posts) == ["kept"]


def test_replies_quotes_and_reposts_know_their_originals(town: Microblog) -> None:
    original = say(town, "marie", "le train de #nuit", language="fr")
    say(town, "luc", "oui", reply_to=original)
    say(town, "zoe", "voyez", quote_of=original)
    with town.change() as change:
        repost = change.repost("aya", original, NOW)
        assert change.repost("aya", original, NOW) == repost, "once however often"
        of_repost = change.repost("luc", repost, NOW)
    posts = {post.id: post for post in read(town)}
    assert len(posts) == 5
    first, answer, quote, *_ = posts.values()
    assert (first.reposts, first.replies) == (2, 1)
    assert (answer.reply_to, answer.reply_to_handle) == (original, "marie")
    assert quote.quote_of == original
    assert posts[repost].repost_of == posts[of_repost].repost_of == original
    assert posts[repost].text == "le train de #nuit"
    assert (posts[repost].hashtags, posts[repost].language) == (("nuit",), "fr")


def test_a_page_brings_the_accounts_that_its_posts_speak_of(town: Microblog) -> None:
    original = say(town, "marie", "bonjour")
    with town.change() as change:
        change.account("Zoé", NOW, Profile(display_name="Zoé", bio="hello", avatar="https://a.b/c"))
    network = LocalSource(name="here", file=town.path.name).open(town.path.parent)
    (before,) = network.pages(None)
    say(town, "luc", "@ZOE et @personne", reply_to=original)
    (page,) = network.pages(before.cursor)
    assert [account.handle for account in page.accounts] == ["marie", "Zoé"]
    assert page.accounts[1].bio == "hello"


def test_a_deleted_post_takes_its_reposts_along_and_leaves_its_answers(town: Microblog) -> None:
    original = say(town, "marie", "oups #faux")
    answer = say(town, "luc", "trop tard", reply_to=original)
    with town.change() as change:
        change.repost("zoe", original, NOW)
        change.delete(original)
        with pytest.raises(BackendError) as raised:
            change.delete(original)
        assert raised.value.kind == "gone"
    assert [post.id for post in read(town)] == [answer]
    assert read(town, "#faux") == []


def test_a_change_happens_wholly_or_not_at_all(town: Microblog) -> None:
    def two() -> None:
        with town.change() as change:
            change.post(NewPost(author="marie", text="first", posted_at=NOW))
            change.post(NewPost(author="marie", text="second", posted_at=NOW, reply_to="999"))

    with pytest.raises(BackendError, match="no post 999"):
        two()
    assert read(town) == []
    assert not list(town.path.parent.glob("*-journal"))


@pytest.mark.parametrize("handle", ["", "@", "two words", "a" * 300, "a\x00b", "a\nb", "<b>"])
def test_a_handle_that_cannot_be_is_refused(town: Microblog, handle: str) -> None:
    with pytest.raises(BackendError) as raised, town.change() as change:
        change.account(handle, NOW)
    assert raised.value.kind == "refused"


def test_handles_are_one_whatever_their_case_and_cannot_be_taken(town: Microblog) -> None:
    with town.change() as change:
        assert change.account("@Marie", NOW) == change.account("marie", NOW)
        change.account("luc", NOW)
    with pytest.raises(BackendError, match="@MARIE is taken"), town.change() as change:
        change.rename("luc", "MARIE")


def test_an_account_changes_only_where_it_is_told_to(town: Microblog) -> None:
    with town.change() as change:
        change.account("marie", NOW, Profile(display_name="Marie", bio="prof", bot=True))
        change.account("marie", NOW, Profile(bio="", locked=True))
    found = LocalSource(name="h", file="town.db").open(town.path.parent).lookup("@marie")
    assert found is not None
    assert (found.display_name, found.bio, found.bot, found.locked) == ("Marie", "", True, True)
    assert found.created == NOW


def test_following_without_an_account_of_ours_says_what_to_add(town: Microblog) -> None:
    say(town, "marie", "x")
    network = LocalSource(name="h", file="town.db").open(town.path.parent)
    marie = network.lookup("marie")
    assert marie is not None
    with pytest.raises(BackendError) as raised:
        network.follow(marie.id)
    assert 'account = "handle"' in raised.value.help
    lost = LocalSource(name="h", file="town.db", account="lost").open(town.path.parent)
    with pytest.raises(BackendError, match="no account @lost"):
        lost.check()


def test_an_account_cannot_follow_itself(town: Microblog) -> None:
    with town.change() as change:
        change.account("us", NOW)
    with pytest.raises(BackendError, match="itself"), town.change() as change:
        change.follow("us", "us")


def test_writers_at_once_lose_nothing_and_a_reader_between_them_misses_nothing(
    town: Microblog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_network, "PAGE", 7)
    network = LocalSource(name="here", file="town.db").open(town.path.parent)

    def write(author: int) -> None:
        for number in range(15):
            say(town, f"author{author}", f"{author}-{number}")

    got: list[str] = []
    cursor: str | None = None
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, author) for author in range(4)]
        while True:
            finished = all(writer.done() for writer in writers)
            for page in network.pages(cursor):
                got += texts(page.posts)
                cursor = page.cursor
            if finished:
                break
    for writer in writers:
        writer.result()
    assert len(got) == 60
    assert sorted(got) == sorted(f"{a}-{n}" for a in range(4) for n in range(15))
    for author in range(4):
        mine = [text for text in got if text.startswith(f"{author}-")]
        assert mine == [f"{author}-{n}" for n in range(15)], "in the order of writing"


def test_a_microblog_made_anew_repeats_no_id(tmp_path: Path) -> None:
    first = Microblog.found(tmp_path / "a.db", NOW)
    second = Microblog.found(tmp_path / "b.db", NOW + timedelta(minutes=1))
    old = [int(say(first, "marie", f"post {number}")) for number in range(20)]
    new = [int(say(second, "marie", f"post {number}")) for number in range(20)]
    assert max(old) < min(new), "so that a cursor of the old one reads all of the new one"


def test_a_post_may_be_named_by_its_number(town: Microblog) -> None:
    first = say(town, "marie", "first")
    assert int(first) - town.first_post() + 1 == 1
    say(town, "luc", "answer", reply_to="1")
    assert read(town)[1].reply_to == first
    for nonsense in ("0", "-1", "99", "x", "9" * 30, "١"):
        with pytest.raises(BackendError, match="no post"):
            say(town, "luc", "answer", reply_to=nonsense)


def test_another_programs_database_is_not_taken_for_a_microblog(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE things (x)")
    connection.close()
    with pytest.raises(BackendError, match="not a local microblog") as raised:
        read(Microblog(path))
    assert raised.value.kind == "broken"


def test_a_microblog_whose_making_was_cut_short_is_made(tmp_path: Path) -> None:
    (tmp_path / "town.db").touch()
    town = Microblog.found(tmp_path / "town.db", NOW)
    say(town, "marie", "hello")
    assert texts(read(Microblog.found(town.path, NOW))) == ["hello"]


def test_making_one_where_something_else_is_leaves_it_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("my notes\n" * 300)
    with pytest.raises(BackendError) as raised:
        Microblog.found(tmp_path / "notes.txt", NOW)
    assert raised.value.kind == "broken"
    assert (tmp_path / "notes.txt").read_text() == "my notes\n" * 300
    with pytest.raises(BackendError, match="folder"):
        Microblog.found(tmp_path, NOW)


def test_a_microblog_of_a_newer_program_is_left_alone(town: Microblog) -> None:
    connection = sqlite3.connect(town.path)
    connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()
    with pytest.raises(BackendError, match="newer watcher"):
        say(town, "marie", "x")


def test_a_locked_file_is_a_temporary_failure(
    town: Microblog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watcher.backends.local.file.BUSY_SECONDS", 0.01)
    with town.change() as change:
        change.account("marie", NOW)
        with pytest.raises(BackendError) as raised:
            say(town, "luc", "me too")
    assert raised.value.kind == "temporary"


def test_a_text_too_long_is_refused_and_half_a_surrogate_replaced(town: Microblog) -> None:
    with pytest.raises(BackendError, match="1,000,000"):
        say(town, "marie", "x" * 1_000_001)
    say(town, "marie", "a\ud83db")
    assert texts(read(town)) == ["a\N{REPLACEMENT CHARACTER}b"]


def test_posts_of_another_network_are_imported_once_with_their_relations(town: Microblog) -> None:
    def elsewhere(id_: str, text: str, handle: str = "marie", **more: str) -> Post:
        author = Account(network="x", id=handle, handle=handle, display_name=handle.title())
        return Post(network="x", id=id_, author=author, text=text, posted_at=NOW, **more)

    posts = (
        elsewhere("a", "first"),
        elsewhere("b", "answer", "?", reply_to="a"),
        elsewhere("c", "first", "l u c", repost_of="a"),
        elsewhere("d", "RT lost", repost_of="nowhere"),
    )
    page = Page(
        posts=posts,
        cursor="",
        more=False,
        skipped=(Skipped(where="f:1", why="x"),),
        skipped_count=1,
    )
    done = import_pages(town, [page], NOW)
    assert (done.new, done.known, done.skipped) == (4, 0, 1)
    again = import_pages(town, [page], NOW)
    assert (again.new, again.known) == (0, 4)
    first, answer, repost, lost = read(town)
    assert first.author.display_name == "Marie"
    assert (answer.reply_to, answer.author.handle) == (first.id, "somebody")
    assert (repost.repost_of, repost.author.handle) == (first.id, "l_u_c")
    assert (lost.repost_of, lost.text) == (None, "RT lost")


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"file": " "}, "missing-file"),
        ({"query": "home"}, "missing-account"),
        ({"query": "everything"}, "bad-query"),
        ({"query": "#"}, "bad-query"),
        ({"query": "search:"}, "bad-query"),
    ],
)
def test_a_table_that_cannot_work_says_so(keys: dict[str, str], code: str) -> None:
    source = LocalSource(**{"name": "here", "file": "town.db", **keys})
    assert [problem.code for problem in source.problems()] == [code]


@pytest.mark.parametrize("query", ["public", "#nord", "@marie", "search:a b"])
def test_a_table_that_works_has_no_problems(query: str) -> None:
    assert not list(LocalSource(name="here", file="town.db", query=query).problems())
