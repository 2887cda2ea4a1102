"""What networks write, read into our words. The posts here are invented."""

import json
import time
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.model import Account, Post
from watcher.backends import plaintext
from watcher.backends.formats import (
    Format,
    Jetstream,
    Line,
    Mastodon,
    Simple,
    UnreadableError,
    X,
    html,
    recognise,
    values,
)

LINE = Line("a.jsonl", 7, zlib.crc32(b"x"), datetime(2026, 1, 2, tzinfo=UTC))
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def one(format_: Format, record: Any) -> Post:
    (post,) = format_.parse(record, LINE).posts
    return post


def status(**more: Any) -> dict[str, Any]:
    return {
        "id": "109",
        "created_at": "2026-03-01T12:00:00.000Z",
        "content": "<p>Hello</p>",
        "url": "https://town.example/@marie/109",
        "language": "fr",
        "account": {
            "id": "12",
            "acct": "marie@town.example",
            "username": "marie",
            "display_name": "Marie 🚆",
            "note": "<p>Teacher &amp; commuter<br>#nobot</p>",
            "url": "https://town.example/@marie",
            "avatar": "https://town.example/a.png",
            "created_at": "2024-01-01",
            "followers_count": 5,
            "following_count": 6,
            "bot": False,
            "locked": True,
            "discoverable": None,
        },
        **more,
    }


# Mastodon

AT = "https://town.example/@marie/109"


def test_a_status_becomes_a_post() -> None:
    post = one(
        Mastodon(source="here"),
        status(
            content='<p>Late <a href="https://town.example/tags/train" class="mention hashtag">'
            '#<span>train</span></a>, says <span class="h-card"><a class="u-url mention" '
            'href="https://town.example/@luc">@<span>luc</span></a></span></p>'
            '<p>See <a href="https://news.example/a?b=1&amp;c=2"><span class="invisible">https://'
            '</span><span class="ellipsis">news.example/a?b</span><span class="invisible">=1&amp;'
            "c=2</span></a></p>",
            tags=[{"name": "train"}],
            mentions=[{"id": "13", "acct": "luc@town.example"}],
            in_reply_to_id="108",
            in_reply_to_account_id="13",
            media_attachments=[{"url": "https://town.example/p.png"}],
            favourites_count=3,
            reblogs_count=2,
            replies_count=1,
        ),
    )
    assert post.text == "Late #train, says @luc\n\nSee https://news.example/a?b=1&c=2"
    assert post.links == ("https://news.example/a?b=1&c=2",)
    assert (post.hashtags, post.mentions) == (("train",), ("luc@town.example",))
    assert (post.reply_to, post.reply_to_handle) == ("108", "luc@town.example")
    assert (post.id, post.alias, post.private) == (AT, "", False)
    assert (post.likes, post.reposts, post.replies) == (3, 2, 1)
    assert post.media == ("https://town.example/p.png",)
    assert post.posted_at == NOON
    assert (post.key, post.source, post.language) == (f"mastodon:{AT}", "here", "fr")
    assert post.author == Account(
        network="mastodon",
        id="https://town.example/@marie",
        handle="marie@town.example",
        display_name="Marie 🚆",
        bio="Teacher & commuter\n#nobot",
        url="https://town.example/@marie",
        avatar="https://town.example/a.png",
        created=datetime(2024, 1, 1, tzinfo=UTC),
        followers=5,
        following=6,
        bot=False,
        locked=True,
        discoverable=None,
        standing="active",
    )


def test_how_an_account_stands_and_when_it_posted_last_is_read() -> None:
    def account(**more: object) -> Account:
        return Mastodon().account({"id": "1", "acct": "marie", **more})

    assert (account().standing, account().last_post) == ("", None)
    assert account(created_at="2024-01-01").standing == "active"
    assert account(suspended=True).standing == "suspended"
    assert account(memorial=True, moved=None, suspended=False).standing == "memorial"
    assert account(moved={"id": "2"}, created_at="2024-01-01").standing == "moved"
    for when in ("2026-03-02", "2026-03-02T11:59:00Z"):
        assert account(last_status_at=when).last_post == datetime(2026, 3, 2, tzinfo=UTC)
    assert account(last_status_at="soon").last_post is None


def test_a_boost_is_a_post_of_the_booster_with_the_boosted_words() -> None:
    booster = {"id": "99", "acct": "luc"}
    boost = status(id="200", url=None, content="", account=booster, reblog=status())
    parsed = Mastodon().parse(boost, LINE)
    (post,) = parsed.posts
    assert (post.id, post.author.handle) == ("200", "luc")
    assert (post.text, post.repost_of) == ("Hello", AT)
    assert [account.handle for account in parsed.accounts] == ["marie@town.example"]


def test_a_content_warning_is_part_of_what_is_read() -> None:
    assert one(Mastodon(), status(spoiler_text="Trains")).text == "Trains\n\nHello"


@pytest.mark.parametrize(
    "quote", [{"quoted_status": {"id": "7"}}, {"quoted_status_id": "7"}, {"id": "7"}]
)
def test_a_quoted_status_is_known(quote: dict[str, Any]) -> None:
    assert one(Mastodon(), status(quote=quote)).quote_of == "7"


def test_an_answer_to_oneself_names_oneself() -> None:
    post = one(Mastodon(), status(in_reply_to_id="1", in_reply_to_account_id="12"))
    assert post.reply_to_handle == "marie@town.example"


@pytest.mark.parametrize("gone", ["id", "created_at", "content", "account"])
def test_a_status_without_what_makes_it_one_is_unreadable(gone: str) -> None:
    with pytest.raises(UnreadableError):
        Mastodon().parse({**status(), gone: None}, LINE)


def test_a_status_is_the_same_by_whichever_server_it_came() -> None:
    address = "https://town.example/users/marie/statuses/109"
    marie = {"id": "12", "acct": "marie", "uri": "https://town.example/users/marie"}
    there = {**marie, "id": "01J5", "acct": "marie@town.example"}
    home = Mastodon(host="town.example", domain=lambda: "town.example")
    elsewhere = Mastodon(host="other.example:8443", domain=lambda: "other.example")
    first = one(home, status(uri=address, account=marie))
    second = one(elsewhere, status(id="01HXYZ", uri=address, url=None, account=there))
    assert first.key == second.key == f"mastodon:{address}"
    assert (first.alias, second.alias) == ("town.example/109", "other.example:8443/01HXYZ")
    assert first.author.key == second.author.key
    assert first.author.handle == second.author.handle == "marie@town.example"


def test_a_status_without_an_address_is_known_by_its_server() -> None:
    record = status(uri="x" * 600, url=None, account={"id": "12", "acct": "marie"})
    post = one(Mastodon(host="town.example"), record)
    assert (post.id, post.author.id) == ("town.example/109", "town.example/12")
    assert one(Mastodon(), record).id == "109"


@pytest.mark.parametrize(
    ("visibility", "private"),
    [("public", False), ("unlisted", False), ("private", True), ("direct", True), ("local", True),
     ("mutuals_only", True), (None, False), (7, True)],
)  # fmt: skip
def test_what_is_for_a_circle_is_private(visibility: object, private: bool) -> None:
    assert one(Mastodon(), status(visibility=visibility)).private is private
    boost = status(id="200", reblog=status(visibility=visibility), visibility="public")
    assert one(Mastodon(), boost).private is private


def test_an_edited_status_says_when() -> None:
    post = one(Mastodon(), status(edited_at="2026-03-01T12:05:00Z"))
    assert post.edited_at == NOON + timedelta(minutes=5)
    assert one(Mastodon(), status(edited_at=None)).edited_at is None


def test_only_addresses_that_the_server_found_to_link_back_are_proof() -> None:
    fields = [
        {"name": "Site", "value": '<a href="https://acme.example/" rel="me">acme</a>',
         "verified_at": "2026-01-01T00:00:00Z"},
        {"name": "Shop", "value": '<a href="https://shop.example/">shop</a>', "verified_at": None},
        {"name": "Plain", "value": "https://plain.example/", "verified_at": "2026-01-01"},
        {"name": "Odd", "value": 7, "verified_at": "2026-01-01"},
        "no field at all",
    ]  # fmt: skip
    author = {**status()["account"], "fields": fields}
    post = one(Mastodon(), status(account=author))
    assert post.author.verified == ("https://acme.example/", "https://plain.example/")


def test_real_statuses_are_read(shared_data: Path) -> None:
    path = shared_data / "posts" / "mastodon_public_timeline_fixture.json"
    statuses = json.loads(path.read_text())
    found = [one(Mastodon(), item) for item in statuses]
    assert len({post.id for post in found}) == 20
    assert not [post.text for post in found if "<" in post.text or "&amp;" in post.text]
    assert sum(bool(post.links) for post in found) >= 8
    assert all(link.startswith("http") for post in found for link in post.links)


# HTML


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>a</p><p>b<br>c<br/>d</p>", "a\n\nb\nc\nd"),
        ("a &lt;b&gt; &amp;amp; c &eacute;&#128512;", "a <b> &amp; c é😀"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<script>alert(1)</script>after<style>p{}</style>", "after"),
        ("<script>never closed <b>x</b>", ""),
        ("before<!-- a comment -->after", "beforeafter"),
        ('<img src=x onerror="alert(1)">ok', "ok"),
        ("no tags\nat all", "no tags\nat all"),
        ("", ""),
    ],
)
def test_html_reads_as_the_eye_reads_it(source: str, text: str) -> None:
    assert html.to_plain(source).text == text


@pytest.mark.parametrize(
    ("source", "links"),
    [
        ('<a href="https://a.example/?x=1&amp;y=2">click</a>', ("https://a.example/?x=1&y=2",)),
        ("<a href='http://a.example'>a</a>", ("http://a.example",)),
        ("<A HREF=https://a.example>a</A>", ("https://a.example",)),
        (
            '<a data-href="https://no.example" href="https://a.example">a</a>',
            ("https://a.example",),
        ),
        ('<a href="javascript:alert(1)">a</a>', ()),
        ('<a href="data:text/html,x">a</a>', ()),
        ('<a class="mention hashtag" href="https://a.example/tags/x">#x</a>', ()),
        ("<a>a</a>", ()),
    ],
)
def test_links_are_where_they_lead_not_what_they_show(source: str, links: tuple[str, ...]) -> None:
    assert html.to_plain(source).links == links


@pytest.mark.parametrize(
    "piece", ["<a ", '<a x="', "<a href='", "<!--", "</", "<", "&", "<p>", "<a b=", "<script></"]
)
def test_hostile_html_takes_no_more_time_than_its_length_asks_for(piece: str) -> None:
    started = time.process_time()
    html.to_plain(piece * (400_000 // len(piece)))
    assert time.process_time() - started < 5


# Bluesky


def event(record: dict[str, Any] | None = None, **commit: Any) -> dict[str, Any]:
    record = {"text": "Hello", "createdAt": "2026-03-01T12:00:00Z", **(record or {})}
    commit = {
        "operation": "create",
        "collection": "app.bsky.feed.post",
        "rkey": "3k",
        "record": record,
        **commit,
    }
    return {"did": "did:plc:marie", "time_us": 1_772_000_000_000_000, "kind": "commit",
            "commit": commit}  # fmt: skip


def identity(handle: str) -> dict[str, Any]:
    return {"did": "did:plc:marie", "kind": "identity",
            "identity": {"did": "did:plc:marie", "handle": handle}}  # fmt: skip


def test_an_event_becomes_a_post() -> None:
    text = "Été 🚆 @luc.example voit #train ici"
    octets = text.encode()

    def marked(words: str, **feature: str) -> dict[str, Any]:
        start = octets.index(words.encode())
        index = {"byteStart": start, "byteEnd": start + len(words.encode())}
        return {"index": index, "features": [feature]}

    post = one(
        Jetstream(),
        event(
            {
                "text": text,
                "langs": ["fr", "en"],
                "tags": ["Nord"],
                "facets": [
                    marked("@luc.example", did="did:plc:luc"),
                    marked("#train", tag="train"),
                    marked("ici", uri="https://a.example/b"),
                    {"index": {"byteStart": 5, "byteEnd": 900}, "features": [{"did": "did:x"}]},
                    {"index": None, "features": [{"uri": "javascript:x"}]},
                ],
                "reply": {"parent": {"uri": "at://did:plc:luc/app.bsky.feed.post/3j"}},
                "embed": {
                    "record": {"record": {"uri": "at://did:plc:zoe/app.bsky.feed.post/3i"}},
                    "media": {"images": [{"image": {"ref": {"$link": "bafy"}}}]},
                },
            }
        ),
    )
    assert post.key == "bluesky:at://did:plc:marie/app.bsky.feed.post/3k"
    assert post.url == "https://bsky.app/profile/did:plc:marie/post/3k"
    assert post.mentions == ("luc.example", "did:x")
    assert post.hashtags == ("train", "Nord")
    assert post.links == ("https://a.example/b",)
    assert post.reply_to == "at://did:plc:luc/app.bsky.feed.post/3j"
    assert post.quote_of == "at://did:plc:zoe/app.bsky.feed.post/3i"
    assert post.media == ("https://cdn.bsky.app/img/feed_fullsize/plain/did:plc:marie/bafy@jpeg",)
    assert (post.language, post.posted_at) == ("fr", NOON)


def test_names_and_profiles_come_in_events_of_their_own() -> None:
    jetstream = Jetstream()
    assert one(jetstream, event()).author.handle == "did:plc:marie"
    (named,) = jetstream.parse(identity("marie.example"), LINE).accounts
    assert named.handle == "marie.example"
    profile = {"displayName": "Marie", "description": "Teacher"}
    (described,) = jetstream.parse(
        event(profile, collection="app.bsky.actor.profile", rkey="self"), LINE
    ).accounts
    assert (described.handle, described.display_name) == ("marie.example", "Marie")
    assert one(jetstream, event()).author == described


def test_deletions_are_told_and_likes_pass_by() -> None:
    deletion = event(operation="delete", record=None)
    gone = Jetstream().parse(deletion, LINE)
    assert gone.deleted == ["at://did:plc:marie/app.bsky.feed.post/3k"]
    assert (gone.posts, gone.notes) == ([], [])
    like = event(collection="app.bsky.feed.like")
    parsed = Jetstream().parse(like, LINE)
    assert (parsed.posts, parsed.notes) == ([], [])


def test_a_status_and_a_simple_record_state_titles_of_links() -> None:
    assert one(
        Mastodon(), status(card={"title": "Acme ouvre", "url": "https://a.example/"})
    ).titles == ("Acme ouvre",)
    assert one(Mastodon(), status(card=None)).titles == ()
    assert one(Simple(), {"text": "a", "titles": ["Acme opens", 3, "", "Acme opens"]}).titles == (
        "Acme opens",
    )
    assert one(Simple(), {"text": "a", "titles": "Acme opens"}).titles == ("Acme opens",)


def test_a_link_card_is_a_link() -> None:
    card = {"uri": "https://card.example/x", "title": "Acme opens a shop"}
    post = one(Jetstream(), event({"embed": {"external": card}}))
    assert post.links == ("https://card.example/x",)
    assert post.titles == ("Acme opens a shop",)


def test_a_post_with_an_impossible_time_has_the_networks() -> None:
    post = one(Jetstream(), event({"createdAt": "once"}))
    assert post.posted_at == datetime(2026, 2, 25, 6, 13, 20, tzinfo=UTC)


def test_names_are_forgotten_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.backends.formats.bluesky.MOST_ACCOUNTS", 2)
    jetstream = Jetstream()
    for name in "abc":
        jetstream.parse({**identity(f"{name}.example"), "did": name}, LINE)
    handles = [one(jetstream, {**event(), "did": name}).author.handle for name in "abc"]
    assert handles == ["a", "b.example", "c.example"]


def test_a_new_version_of_a_post_says_when_it_was_changed() -> None:
    post = one(Jetstream(), event(operation="update"))
    assert post.edited_at == datetime(2026, 2, 25, 6, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "gone"),
    [
        ({"active": False, "status": "deleted"}, True),
        ({"active": False, "status": "takendown"}, True),
        ({"active": True}, False),
        ({"active": False}, False),
    ],
)
def test_an_account_that_left_is_told(state: dict[str, Any], gone: bool) -> None:
    left = {"did": "did:plc:marie", "kind": "account", "account": state}
    assert Jetstream().parse(left, LINE).departed == (["did:plc:marie"] if gone else [])


SHY = {"values": [{"val": "!no-unauthenticated"}]}


def test_who_asks_not_to_be_shown_to_strangers_writes_private_posts() -> None:
    jetstream = Jetstream()
    profile = {"collection": "app.bsky.actor.profile", "rkey": "self"}
    jetstream.parse(event({"displayName": "Marie", "labels": SHY}, **profile), LINE)
    assert one(jetstream, event()).private
    jetstream.parse(event({"displayName": "Marie"}, **profile), LINE)
    assert not one(jetstream, event()).private
    assert one(jetstream, event({"labels": SHY})).private


def view(**more: Any) -> dict[str, Any]:
    return {
        "uri": "at://did:plc:marie/app.bsky.feed.post/3k",
        "author": {
            "did": "did:plc:marie",
            "handle": "marie.example",
            "displayName": "Marie",
            "labels": [],
        },
        "record": {"text": "Hello", "createdAt": "2026-03-01T12:00:00Z"},
        "indexedAt": "2026-03-01T12:00:05Z",
        "likeCount": 3,
        "repostCount": 2,
        "replyCount": 1,
        **more,
    }


def test_a_post_of_an_answer_has_its_author_and_its_counts() -> None:
    post = one(Jetstream(), view())
    assert post.key == "bluesky:at://did:plc:marie/app.bsky.feed.post/3k"
    assert (post.author.handle, post.author.verified) == (
        "marie.example",
        ("https://marie.example",),
    )
    assert (post.likes, post.reposts, post.replies) == (3, 2, 1)
    assert post == one(Jetstream(), {"post": view()})


def test_a_repost_in_a_feed_is_a_post_of_who_passed_it_on() -> None:
    by = {"did": "did:plc:luc", "handle": "luc.bsky.social"}
    reason = {
        "$type": "app.bsky.feed.defs#reasonRepost",
        "by": by,
        "uri": "at://did:plc:luc/app.bsky.feed.repost/3m",
        "indexedAt": "2026-03-01T13:00:00Z",
    }
    post = one(Jetstream(), {"post": view(), "reason": reason})
    assert post.id == "at://did:plc:luc/app.bsky.feed.repost/3m"
    assert post.repost_of == "at://did:plc:marie/app.bsky.feed.post/3k"
    assert (post.author.handle, post.author.verified, post.text) == ("luc.bsky.social", (), "Hello")


@pytest.mark.parametrize("labels", [[{"val": "!no-unauthenticated"}], SHY["values"]])
def test_labels_of_an_author_are_honoured(labels: list[dict[str, str]]) -> None:
    author = {"did": "did:plc:marie", "handle": "handle.invalid", "labels": labels}
    post = one(Jetstream(), view(author=author))
    assert post.private
    assert post.author.handle == "did:plc:marie"
    withdrawn = [{**labels[0], "neg": True}]
    assert not one(Jetstream(), view(author={**author, "labels": withdrawn})).private


def test_a_post_that_names_another_author_is_none() -> None:
    with pytest.raises(UnreadableError, match="no post of its author"):
        Jetstream().parse(view(uri="at://did:plc:luc/app.bsky.feed.post/3k"), LINE)


# X


def tweet(**more: Any) -> dict[str, Any]:
    return {
        "id": "1500",
        "author_id": "12",
        "created_at": "2026-03-01T12:00:00.000Z",
        "text": "Fish &amp; chips &lt;3",
        **more,
    }


USER = {"id": "12", "username": "marie", "name": "Marie", "description": "Teacher",
        "public_metrics": {"followers_count": 4, "following_count": 5}, "protected": False,
        "created_at": "2020-01-01T00:00:00Z"}  # fmt: skip


def test_a_response_becomes_posts() -> None:
    response = {
        "data": [
            tweet(
                lang="en",
                entities={
                    "urls": [
                        {
                            "url": "https://t.co/x",
                            "expanded_url": "https://a.example/y",
                            "title": "A page",
                        }
                    ],
                    "hashtags": [{"tag": "train"}],
                    "mentions": [{"username": "luc", "id": "13"}],
                },
                referenced_tweets=[
                    {"type": "replied_to", "id": "1400"},
                    {"type": "quoted", "id": "1300"},
                ],
                in_reply_to_user_id="13",
                public_metrics={"like_count": 1, "retweet_count": 2, "reply_count": 3},
                attachments={"media_keys": ["3_1"]},
            ),
            {"id": "1501"},
            tweet(id="1502", author_id="77"),
        ],
        "includes": {
            "users": [USER],
            "media": [{"media_key": "3_1", "url": "https://pbs.example/1.jpg"}],
        },
    }
    parsed = X().parse(response, LINE)
    post, unknown = parsed.posts
    assert post.text == "Fish & chips <3"
    assert post.url == "https://x.com/marie/status/1500"
    assert (post.links, post.titles) == (("https://a.example/y",), ("A page",))
    assert (post.hashtags, post.mentions) == (("train",), ("luc",))
    assert (post.reply_to, post.reply_to_handle, post.quote_of) == ("1400", "luc", "1300")
    assert (post.likes, post.reposts, post.replies) == (1, 2, 3)
    assert post.media == ("https://pbs.example/1.jpg",)
    assert (post.author.handle, post.author.followers, post.author.bio) == ("marie", 4, "Teacher")
    assert unknown.author.handle == "77"
    assert parsed.notes == ["post 2 of the response: no author"]


def test_a_retweet_has_the_whole_words_of_what_it_passes_on() -> None:
    response = {
        "data": tweet(
            text="RT @luc: cut…", referenced_tweets=[{"type": "retweeted", "id": "1400"}]
        ),
        "includes": {"tweets": [{"id": "1400", "text": "cut no more"}], "users": [USER]},
    }
    post = one(X(), response)
    assert (post.text, post.repost_of, post.author.handle) == ("cut no more", "1400", "marie")


def test_a_long_post_is_read_whole() -> None:
    assert one(X(), tweet(note_tweet={"text": "long" * 200})).text == "long" * 200


def test_one_flattened_post_a_line_is_read() -> None:
    post = one(X(), tweet(author=USER))
    assert (post.author.handle, post.posted_at) == ("marie", NOON)


def test_a_post_without_a_time_has_the_one_in_its_id() -> None:
    milliseconds = int((NOON - datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC))
                       .total_seconds() * 1000)  # fmt: skip
    record = tweet(id=str(milliseconds << 22))
    del record["created_at"]
    assert one(X(), record).posted_at == NOON


# The simple shape


def test_the_simple_shape_needs_no_more_than_a_text() -> None:
    post = one(Simple(), {"text": "See https://a.example/x. #Nord @luc"})
    assert post.id == f"a.jsonl:7:{LINE.checksum:08x}"
    assert post.posted_at == LINE.file_time
    assert post.author.handle == "?"
    assert (post.links, post.hashtags, post.mentions) == (
        *(("https://a.example/x",), ("Nord",), ("luc",)),
    )


def test_what_is_stated_goes_before_what_is_written() -> None:
    post = one(
        Simple(),
        {
            "text": "#a @b https://c.example",
            "hashtags": [],
            "mentions": "x, @y",
            "links": ["https://d.example", "ftp://no.example"],
            "domains": ["d.example", "e.example"],
        },
    )
    assert (post.hashtags, post.mentions) == ((), ("x", "y"))
    assert post.links == ("https://d.example", "https://e.example/")


def test_an_author_may_be_an_object() -> None:
    author = {"handle": "@marie", "id": 5, "display_name": "Marie", "bot": True, "followers": "9"}
    post = one(Simple(), {"text": "x", "author": author})
    assert (post.author.id, post.author.handle) == ("5", "marie")
    assert (post.author.bot, post.author.followers) == (True, 9)


def test_reposts_of_the_same_words_share_an_original() -> None:
    first = one(Simple(), {"text": "RT @luc: hello", "rt": True}).repost_of
    assert first == one(Simple(), {"text": "RT @zoe: hello", "rt": True}).repost_of
    assert first != one(Simple(), {"text": "RT @luc: bye", "rt": True}).repost_of
    assert first is not None
    assert one(Simple(), {"text": "RT @luc: hello", "rt": False}).repost_of is None


# Recognising, and values


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (status(), "mastodon"),
        ([status()], "mastodon"),
        (event(), "bluesky"),
        (identity("x.example"), "bluesky"),
        (view(), "bluesky"),
        ({"post": view()}, "bluesky"),
        ({"data": [tweet()]}, "x"),
        (tweet(), "x"),
        (tweet(author=USER), "x"),
        ({"id": "1", "author": "a", "author_id": "2", "text": "x"}, "jsonl"),
        ({"text": "x"}, "jsonl"),
        ({"text": "x", "data": {"y": 1}}, "jsonl"),
        ({"account": "marie", "content": "x"}, "jsonl"),
        ([], "jsonl"),
        (None, "jsonl"),
    ],
)
def test_a_record_is_known_by_its_shape(record: object, name: str) -> None:
    assert recognise(record) == name


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01T13:00:00+01:00", NOON),
        ("2026-03-01 12:00:00", NOON),
        ("2026-03-01T12:00:00.000000", NOON),
        ("Sun Mar 01 12:00:00 +0000 2026", NOON),
        ("Sun Mar 01 07:30:00 -0430 2026", NOON),
        (1_772_366_400, NOON),
        ("1772366400", NOON),
        (1_772_366_400.0, NOON),
        (1_772_366_400_000, NOON),
        (1_772_366_400_000_000, NOON),
        ("20260301", datetime(2026, 3, 1, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        ("2999-12-31T23:59:59Z", datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_all_their_forms(written: object, moment: datetime) -> None:
    assert values.moment(written) == moment


@pytest.mark.parametrize(
    "written",
    ["", "soon", "2026-13-01", "0001-01-01T00:00:00+23:00", float("nan"), float("inf"), 10**30,
     "9999-12-31T23:59:59Z", "3000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
     "Fri Dec 31 23:59:59 -0100 2999", -1, 40_000_000_000, "Sat Jan 01 00:00:00 +0000 0001",
     True, [], {}, "Sun Foo 01 12:00:00 +0000 2026", "Sun Mar 41 12:00:00 +0000 2026"],
)  # fmt: skip
def test_what_is_no_time_is_unreadable(written: object) -> None:
    with pytest.raises(UnreadableError):
        values.moment(written)


@pytest.mark.parametrize(
    ("value", "count"),
    [(5, 5), ("12", 12), (3.0, 3), (0, 0), (-1, None), (True, None), (2**40, None), ("x", None),
     (None, None), (1.5, None), ([], None), (float("nan"), None), (float("inf"), None)],
)  # fmt: skip
def test_counts_are_small_whole_numbers_or_unknown(value: object, count: int | None) -> None:
    assert values.count(value) == count


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([*status(), *tweet(), *event(), *event()["commit"], "entities", "facets",
                         "features", "index", "uri", "reblog", "quote", "embed", "links",
                         "referenced_tweets", "public_metrics", "tags", "langs", "author", "data",
                         "post", "reason", "reply", "labels", "uri", "indexedAt"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(
    record=ANYTHING, which=st.sampled_from([Mastodon, Jetstream, X, Simple]), base=st.integers(0, 4)
)
def test_whatever_is_in_a_record_it_is_read_or_unreadable(
    record: Any, which: type[Format], base: int
) -> None:
    """Also where a good record has one part replaced by anything."""
    good: Any = [status(), event(), tweet(), {"text": "x"}, {"post": view()}][base]
    mixed = {**good, **record} if isinstance(record, dict) else record
    try:
        parsed = which().parse(mixed, LINE)
    except UnreadableError:
        return
    for post in parsed.posts:
        assert post.id
        assert post.posted_at.tzinfo is UTC


# Plain text


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("(see https://a.example/b).", ("https://a.example/b",)),
        ("https://a.example/wiki/X_(y)", ("https://a.example/wiki/X_(y)",)),
        ("« https://a.example »", ("https://a.example",)),
        ("HTTPS://A.example and https://a.example/A https://a.example/a https://a.example/A",
         ("HTTPS://A.example", "https://a.example/A", "https://a.example/a")),
        ("http:// nothing", ()),
        ("no://link", ()),
    ],
)  # fmt: skip
def test_links_in_text(text: str, links: tuple[str, ...]) -> None:
    assert plaintext.links(text) == links


@pytest.mark.parametrize(
    ("text", "tags", "mentions"),
    [
        ("#Nord #nord #été2026 #1 #", ("Nord", "été2026"), ()),
        ("https://a.example/#frag/@you #b", ("b",), ()),
        (
            "@luc, @marie@town.example. mail@a.example @_x_",
            (),
            ("luc", "marie@town.example", "_x_"),
        ),
        ("@luc.", (), ("luc",)),
        ("＃全角 ＠luc", ("全角",), ("luc",)),
    ],
)
def test_tags_and_mentions_in_text(
    text: str, tags: tuple[str, ...], mentions: tuple[str, ...]
) -> None:
    assert (plaintext.hashtags(text), plaintext.mentions(text)) == (tags, mentions)


@pytest.mark.parametrize(
    "piece", ["https://", "#", "@", "@a@", ")", "https://a" + ")" * 50, "#a@b"]
)
def test_hostile_texts_take_no_more_time_than_their_length_asks_for(piece: str) -> None:
    text = piece * (500_000 // len(piece))
    started = time.process_time()
    for found in (plaintext.links, plaintext.hashtags, plaintext.mentions):
        assert len(found(text)) <= 100
    assert time.process_time() - started < 5
