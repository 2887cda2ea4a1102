"""Feeds as they are found in the wild, and as an attacker would write them."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.secret import Secret
from rules.model import Post
from tests.faults import Asked, Fault, Loopback, Reply
from watcher.backends.feed import FeedSource
from watcher.backends.feed.cursor import KEPT, Cursor
from watcher.backends.feed.document import decoded
from watcher.backends.feed.jsonfeed import read_json
from watcher.backends.feed.reader import FeedReader
from watcher.backends.feed.syndication import read_xml
from watcher.backends.http.budget import SHARED
from watcher.backends.interface import BackendError, Page

NOW = datetime(2026, 3, 10, 7, 30, tzinfo=UTC)
HOST = "blog.example"


class Blog:
    """A server with one feed, whose content a test sets."""

    def __init__(self, server: Loopback) -> None:
        self.server = server
        self.document: str | bytes = ""
        self.headers: dict[str, str] = {}
        self.etag = ""
        server.answer = self.answer

    def answer(self, asked: Asked) -> Reply:
        if self.etag and asked.headers.get("if-none-match") == self.etag:
            return Reply(304)
        named = {"ETag": self.etag} if self.etag else {}
        octets = self.document.encode() if isinstance(self.document, str) else self.document
        return Reply(200, octets, {**named, **self.headers})

    def reader(self) -> FeedReader:
        return FeedReader(f"{self.server.url}/feed.xml", source="blog", clock=lambda: NOW)

    def pages(self, cursor: str | None = None) -> list[Page]:
        return list(self.reader().pages(cursor))

    def posts(self) -> list[Post]:
        return [post for page in self.pages() for post in page.posts]


@pytest.fixture
def blog() -> Iterator[Blog]:
    SHARED.forget()
    with ExitStack() as stack:
        yield Blog(stack.enter_context(Loopback(lambda _: Reply())))


def rss(*items: str, head: str = "<title>The blog</title>") -> str:
    written = "".join(f"<item>{item}</item>" for item in items)
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{written}</channel></rss>'


ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr">
 <title>Le blog</title><link href="https://blog.example/"/>
 <author><name>La rédaction</name></author>
 <entry>
  <id>tag:blog.example,2026:1</id><title type="text">Acmé &lt; Nordelia</title>
  <link rel="alternate" href="/2026/acme?a=1&amp;b=2"/>
  <published>2026-03-01T09:00:00+01:00</published><updated>2026-03-02T08:00:00Z</updated>
  <author><name>Marie L.</name><uri>https://blog.example/~marie</uri></author>
  <category term="café"/><category term="2" label="Deux mots"/>
  <content type="html"><![CDATA[<p>Un <b>café</b> chez @acme,
<a href="/menu">le menu</a> #miam</p>]]></content>
  <link rel="enclosure" href="https://blog.example/a.mp3" type="audio/mpeg"/>
 </entry>
</feed>"""


def test_an_entry_of_atom_is_a_post_in_our_words(blog: Blog) -> None:
    blog.document = ATOM
    (post,) = blog.posts()
    assert post.network == "feed"
    assert post.id.endswith(":tag:blog.example,2026:1")
    assert post.text == "Acmé < Nordelia\n\nUn café chez @acme,\nle menu #miam"
    assert post.posted_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert post.edited_at == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert post.url == "https://blog.example/2026/acme?a=1&b=2"
    assert post.links == ("https://blog.example/menu",)
    assert post.hashtags == ("café", "Deuxmots", "miam")
    assert post.mentions == ("acme",)
    assert post.media == ("https://blog.example/a.mp3",)
    assert post.language == "fr"
    assert post.source == "blog"
    assert not post.private
    assert (post.author.handle, post.author.url) == ("Marie L.", "https://blog.example/~marie")


def test_an_entry_of_json_feed_is_a_post(blog: Blog) -> None:
    blog.document = """{"version": "https://jsonfeed.org/version/1.1", "title": "Blog",
      "language": "en", "items": [
      {"id": 7, "url": "https://blog.example/7", "content_text": "5 < 6\\nyes",
       "date_published": "2026-03-01T08:00:00Z", "authors": [{"name": "Luc"}], "tags": ["a b"],
       "attachments": [{"url": "https://blog.example/x.png"}]},
      {"id": "8", "content_html": "<p>older</p>", "date_published": "2026-02-01T08:00:00Z"}]}"""
    older, newer = blog.posts()
    assert older.text == "older"
    assert newer.text == "5 < 6\nyes"
    assert newer.author.handle == "Luc"
    assert newer.hashtags == ("ab",)
    assert newer.media == ("https://blog.example/x.png",)
    assert older.author.handle == "Blog"


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("marie@blog.example (Marie L)", "Marie L"),
        ("Marie &amp; Luc", "Marie & Luc"),
        ("marie@blog.example", "marie@blog.example"),
        ("", "The blog"),
    ],
)
def test_authors_are_named_as_a_person_would(blog: Blog, author: str, name: str) -> None:
    blog.document = rss(f"<guid>1</guid><author>{author}</author><title>t</title>")
    (post,) = blog.posts()
    assert post.author.handle == name


def test_a_title_that_repeats_the_post_is_not_told_twice(blog: Blog) -> None:
    blog.document = rss("<title>Un café chez…</title><description>Un café chez Acmé</description>")
    (post,) = blog.posts()
    assert post.text == "Un café chez Acmé"


def test_entries_without_a_time_have_that_of_their_feed(blog: Blog) -> None:
    items = ("<guid>2</guid><title>new</title>", "<guid>1</guid><title>old</title>")
    blog.document = rss(*items)
    assert [(post.text, post.posted_at) for post in blog.posts()] == [("old", NOW), ("new", NOW)]
    blog.headers = {"Last-Modified": "Sun, 01 Mar 2026 08:00:00 GMT"}
    assert {post.posted_at.day for post in blog.posts()} == {1}
    blog.document = rss(*items, head="<pubDate>Mon, 02 Mar 2026 08:00:00 GMT</pubDate>")
    assert {post.posted_at.day for post in blog.posts()} == {2}


def test_a_time_that_cannot_be_read_is_told_and_made_up_for(blog: Blog) -> None:
    blog.document = rss("<title>t</title><pubDate>mercredi, le 3 mars</pubDate>")
    (page,) = blog.pages()
    assert [post.posted_at for post in page.posts] == [NOW]
    assert page.skipped_count == 1
    assert "mercredi" in page.skipped[0].why


def test_a_feed_that_did_not_change_is_not_read_again(blog: Blog) -> None:
    blog.document, blog.etag = rss("<title>t</title>"), '"1"'
    cursor = blog.pages()[-1].cursor
    assert blog.pages(cursor) == []
    assert blog.server.asked[-1].headers["if-none-match"] == '"1"'
    blog.document, blog.etag = rss("<guid>2</guid><title>u</title>", "<title>t</title>"), '"2"'
    (page,) = blog.pages(cursor)
    assert [post.text for post in page.posts] == ["u"]


def test_the_server_is_sent_back_only_sane_names_of_its_document(blog: Blog) -> None:
    for etag in ("x" * 5000, "é"):
        blog.document, blog.etag = rss("<title>t</title>"), etag
        cursor = blog.pages()[-1].cursor
        blog.pages(cursor)
        assert "if-none-match" not in blog.server.asked[-1].headers


def test_late_entries_come_and_edited_ones_come_again(blog: Blog) -> None:
    day = "<pubDate>0{} Mar 2026 08:00:00 GMT</pubDate>"
    three = f"<guid>3</guid><title>three</title>{day.format(3)}"
    one = f"<guid>1</guid><title>one</title>{day.format(1)}"
    blog.document = rss(three, one)
    cursor = blog.pages()[-1].cursor
    late = f"<guid>2</guid><title>two, late</title>{day.format(2)}"
    blog.document = rss(three, late, one.replace("one", "one, mended"))
    (page,) = blog.pages(cursor)
    assert [post.text for post in page.posts] == ["one, mended", "two, late"]
    assert page.gaps == ()


def test_entries_that_went_by_between_two_readings_are_told_as_a_gap(blog: Blog) -> None:
    def at(day: int) -> str:
        return f"<guid>{day}</guid><title>t</title><pubDate>{day:02} Mar 2026 08:00 GMT</pubDate>"

    blog.document = rss(at(3), at(2))
    cursor = blog.pages()[-1].cursor
    blog.document = rss(at(9), at(8))
    (page,) = blog.pages(cursor)
    (gap,) = page.gaps
    assert (gap.since.day, gap.until.day) == (3, 8)
    assert "its newest 2 entries" in gap.why
    blog.document = rss(at(10), at(9))
    assert blog.pages(page.cursor)[0].gaps == ()


def test_two_feeds_with_the_same_guid_have_two_posts(blog: Blog) -> None:
    blog.document = rss("<guid>1</guid><title>t</title>")
    (mine,) = blog.posts()
    other = FeedReader(f"{blog.server.url}/other.xml", source="other", clock=lambda: NOW)
    (theirs,) = [post for page in other.pages(None) for post in page.posts]
    assert mine.id != theirs.id
    assert mine.author.id != theirs.author.id


@pytest.mark.parametrize(
    ("octets", "stated"),
    [
        ("é".encode(), ""),
        ("é".encode(), "iso-8859-1"),
        ("é".encode("latin-1"), ""),
        ("é".encode("latin-1"), "utf-8"),
        ("\ufeffé".encode("utf-16"), "utf-8"),
        ("<é".encode("utf-16-le"), ""),
        ("<é".encode("utf-16-be"), ""),
        (b'<?xml version="1.0" encoding="windows-1252"?>\xe9', ""),
        ("é".encode(), "punycode"),
        ("é".encode(), "zip"),
        ("é".encode("latin-1"), "idna"),
    ],
)
def test_a_wrong_charset_is_seen_through(octets: bytes, stated: str) -> None:
    assert decoded(octets, stated).endswith("é")


def test_encodings_of_asia_are_read() -> None:
    text = "<?xml version='1.0' encoding='{}'?><t>日本語</t>"
    for name in ("shift_jis", "euc-jp", "iso-2022-jp", "gb18030"):
        assert "日本語" in decoded(text.format(name).encode(name))


LAUGHS = (
    '<!DOCTYPE rss [<!ENTITY a "'
    + "ha" * 5000
    + '">'
    + "".join(f'<!ENTITY {x} "{f"&{y};" * 20}">' for x, y in zip("bcdefg", "abcdef", strict=True))
    + "]>"
)


@pytest.mark.parametrize(
    "document",
    [
        LAUGHS + rss(f"<title>&g;{'&a;' * 5000}</title>").partition("?>")[2],
        (LAUGHS + rss("<title>&g;</title>").partition("?>")[2]).encode("utf-16"),
        '<!DOCTYPE rss SYSTEM "file:///etc/passwd">' + rss("<title>t</title>"),
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + rss("<title>&x;</title>"),
        '<!DOCTYPE a [<!ENTITY b "]>">]><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        + rss("<title>&x;</title>"),
        rss("<title>t</title>") + LAUGHS + "</rss>",
    ],
    ids=["laughs", "hidden", "external", "file", "twice", "behind"],
)
def test_entities_of_a_documents_own_bring_nothing(blog: Blog, document: str | bytes) -> None:
    blog.document = document
    started = process_time()
    text = "".join(post.text for post in blog.posts())
    assert process_time() - started < 3
    assert len(text) < 100_000
    assert "ha" not in text
    assert "root:" not in text


def test_entities_of_html_are_read_and_control_characters_left_out(blog: Blog) -> None:
    blog.document = rss("<title>caf&eacute;&nbsp;&hellip; \x07&lt;3 &amp;amp;</title>")
    (post,) = blog.posts()
    assert post.text == "café … <3 &amp;" or post.text == "café … <3 &"


def test_a_feed_that_is_not_well_formed_is_read_as_far_as_it_can(blog: Blog) -> None:
    blog.document = rss("<title>AT&T <b>bold</title><link>https://a.example/?a=1&b=2</link>")
    (post,) = blog.posts()
    assert post.text.startswith("AT&T")


@pytest.mark.parametrize(
    "piece",
    ["<a ", "&", "<!--", "<item>", "<![CDATA[", "<!DOCTYPE [", "</", "<title type='xhtml'><div>"],
)
def test_hostile_documents_take_linear_time(piece: str) -> None:
    started = process_time()
    with suppress(BackendError):
        read_xml(f"<rss><channel>{piece * 4_000}</channel></rss>", HOST)
    assert process_time() - started < 3


@pytest.mark.parametrize("tag", ["author", "pubDate", "category", "guid", "link"])
def test_long_values_take_linear_time(tag: str) -> None:
    """An author of 60,000 signs kept feedparser busy for more than a minute."""
    started = process_time()
    read_xml(rss(f"<{tag}>{'-1' * 100_000}</{tag}>"), HOST)
    assert process_time() - started < 3


ENTRY = "<item><guid>{0}</guid><title>{0}</title><description>{1}</description></item>"


def test_of_a_feed_that_is_too_laborious_the_newest_entries_are_read(blog: Blog) -> None:
    quoted = "<![CDATA[<item></item>]]><!-- <item> -->"
    items = [ENTRY.format(n, "&lt;br&gt;" * 200 + quoted * (n == 0)) for n in range(1500)]
    blog.document = f'<rss version="2.0"><channel><title>t</title>{"".join(items)}</channel></rss>'
    pages = blog.pages()
    posts = [post for page in pages for post in page.posts]
    assert posts[-1].text == "0"
    assert len(posts) > 900
    assert pages[0].skipped[0].why == f"{1500 - len(posts):,} entries beyond the first are not read"


@pytest.mark.parametrize(
    "document",
    [
        "<rss>" + "<item/>" * 1_000_000 + "</rss>",
        "<rss><item>" + "<a>x</a>" * 1_000_000 + "</item></rss>",
        "<rss><item><title>" + "& " * 4_000_000 + "</title></item></rss>",
        "<rss><item " + " ".join(f'a{n}="1"' for n in range(700_000)) + "/></rss>",
        "<rss><item>"
        + "".join(f'<x xmlns:a{n}="b:{n}"/>' for n in range(300_000))
        + "</item></rss>",
        "<rss>" + "<![CDATA[" * 1_000_000 + "<item>&</item></rss>",
        "<rss>" + "<!-- " * 1_000_000 + "</rss>",
        '{"version": "https://jsonfeed.org/version/1", "items": ['
        + ",".join(['{"content_html": "' + "<p>a" * 200_000 + '"}'] * 12)
        + "]}",
    ],
    ids=["entries", "tags", "signs", "attributes", "namespaces", "quotes", "comments", "json"],
)
def test_the_largest_documents_cost_little(document: str) -> None:
    began = process_time()
    with suppress(BackendError):
        (read_json if document[0] == "{" else read_xml)(document, HOST)
    assert process_time() - began < 5


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("<!DOCTYPE html><html><body>no</body></html>", "web page"),
        ("", "no feed"),
        ("hello", "no feed"),
        ("<svg></svg>", "no feed"),
        (rss("<title>t</title>")[:-20], "breaks off"),
        ("{}", "JSON, but no feed"),
        ('{"version": "https://jsonfeed.org/version/1", "items": [', "not all of it"),
        ("{" * 100_000, "JSON|deep"),
    ],
)
def test_what_is_no_feed_is_told(blog: Blog, document: str, says: str) -> None:
    blog.document = document
    for ask in (blog.pages, blog.reader().check):
        with pytest.raises(BackendError, match=says) as raised:
            ask()
        assert raised.value.kind == "broken"


@settings(max_examples=60)
@given(st.text(alphabet="<>/&;![]-'\" =abrsitemCDAT{}:é\x00\n", max_size=200))
@pytest.mark.parametrize(
    ("before", "after"),
    [("", ""), ("<rss>", "</rss>"), ("<rss><channel><item>", "</item></rss>"), ("{", "")],
)
def test_any_document_is_read_or_told(before: str, after: str, document: str) -> None:
    """Whatever else is raised fails the test."""
    with suppress(BackendError):
        (read_json if before == "{" else read_xml)(before + document + after, HOST)


def test_a_feed_that_has_moved_for_good_is_told_and_not_followed(blog: Blog) -> None:
    moved = Reply(301, b"", {"Location": "https://new.example/feed?x=1"})
    blog.server.fail(Fault("moved", (), lambda _: iter([moved.octets()])))
    with pytest.raises(
        BackendError, match=r"has moved for good to https://new\.example/feed"
    ) as raised:
        blog.pages()
    assert raised.value.kind == "gone"
    assert "new address" in raised.value.help


def test_a_feed_that_is_gone_is_told(blog: Blog) -> None:
    blog.server.answer = lambda _: Reply(410)
    with pytest.raises(BackendError, match="will not have it again") as raised:
        blog.pages()
    assert raised.value.kind == "gone"


def test_a_private_feed_is_asked_with_its_secret_which_is_never_told(blog: Blog) -> None:
    source = FeedSource(
        name="blog",
        url=f"{blog.server.url}/feed?key={{secret}}",
        secret=Secret("s3cret"),
        private=True,
    )
    assert list(source.problems()) == []
    blog.document = rss("<title>t</title><link>x</link>")
    reader = source.open(Path())
    (page,) = reader.pages(None)
    assert [post.private for post in page.posts] == [True]
    assert blog.server.asked[0].query == {"key": "s3cret"}
    assert "s3cret" not in repr((source, page))
    blog.server.answer = lambda _: Reply(403)
    with pytest.raises(BackendError) as raised:
        reader.check()
    assert "s3cret" not in f"{raised.value} {raised.value.help}"


def test_a_secret_in_the_path_of_a_feed_is_kept_nowhere(blog: Blog) -> None:
    source = FeedSource(
        name="blog", url=f"{blog.server.url}/{{secret}}/feed", secret=Secret("s3cret-t0ken")
    )
    own = f"{blog.server.url}/s3cret-t0ken/feed"
    blog.document = rss(
        f"<title>t</title><link>post/1</link><description>see {own}</description>",
        "<title>u</title><guid>s3cret-t0ken</guid>",
        head=f"<title>s3cret-t0ken</title><link>{own}</link>",
    )
    reader = source.open(Path())
    (page,) = reader.pages(None)
    assert len(page.posts) == 2
    assert "s3cret-t0ken" not in repr(page)
    assert "s3cret-t0ken" not in reader.check()


def test_the_cursor_of_a_long_feed_stays_bounded() -> None:
    cursor = Cursor("feed")
    for number in range(3 * KEPT):
        cursor.add(f"{number:016}", "0" * 8)
    cursor.finish("", "", {f"{3 * KEPT - 1:016}"})
    assert len(cursor.seen) == KEPT + 1
    assert Cursor.load(cursor.dump(), "feed") == cursor
    assert Cursor.load(cursor.dump(), "other").seen == {}
