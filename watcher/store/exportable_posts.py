"""The tables of the export that are about posts, and what was found in them."""

from collections.abc import Mapping

from sqlalchemy import exists

from watcher.store.export_kind import Kind, is_public, key_of, speaks_of
from watcher.store.schema import accounts, matches, posts, spoken

_author = {
    "author_key": key_of(accounts),
    "author": accounts.c.handle,
    "author_name": accounts.c.display_name,
}
_post = {
    "post": key_of(),
    "posted_at": posts.c.posted_at,
    "author_key": key_of(accounts),
    "author": accounts.c.handle,
    "text": posts.c.text,
    "language": posts.c.language,
    "url": posts.c.url,
    "private": posts.c.private,
}
_by = posts.join(accounts, accounts.c.row == posts.c.author)
_original = matches.alias("original")

OF_POSTS: Mapping[str, Kind] = {
    "posts": Kind(
        columns={
            "key": key_of(),
            "network": posts.c.network,
            "id": posts.c.id,
            "posted_at": posts.c.posted_at,
            "seen": posts.c.seen,
            **_author,
            "author_followers": accounts.c.followers,
            "author_bot": accounts.c.bot,
            "text": posts.c.text,
            "language": posts.c.language,
            "url": posts.c.url,
            "source": posts.c.source,
            "reply_to": posts.c.network + ":" + posts.c.reply_to,
            "reply_to_handle": posts.c.reply_to_handle,
            "repost_of": posts.c.network + ":" + posts.c.repost_of,
            "quote_of": posts.c.network + ":" + posts.c.quote_of,
            "links": posts.c.links,
            "titles": posts.c.titles,
            "hashtags": posts.c.hashtags,
            "mentions": posts.c.mentions,
            "media": posts.c.media,
            "likes": posts.c.likes,
            "reposts": posts.c.reposts,
            "replies": posts.c.replies,
            "edited_at": posts.c.edited_at,
            "private": posts.c.private,
        },
        source=_by,
        order=(posts.c.rid,),
        time=posts.c.posted_at,
        public=is_public,
        brand=speaks_of,
        rule=lambda rule: exists().where(matches.c.rid == posts.c.rid, matches.c.rule == rule),
        post=posts.c.rid,
    ),
    "matches": Kind(
        columns={
            "id": matches.c.row,
            "rule": matches.c.rule,
            "found": matches.c.found,
            **_post,
            "matched": matches.c.spans,
            "reason": matches.c.reason,
            "verdict": matches.c.verdict,
            "copy_of": matches.c.copy_of,
            "source": posts.c.source,
        },
        source=matches.join(posts, posts.c.rid == matches.c.rid).join(
            accounts, accounts.c.row == posts.c.author
        ),
        order=(matches.c.row,),
        time=posts.c.posted_at,
        public=is_public,
        brand=speaks_of,
        rule=lambda rule: matches.c.rule == rule,
        post=posts.c.rid,
        made={
            "matched": lambda row: tuple(row.text[start:end] for start, end in row.matched),
            "reason": lambda row: str(row.reason),
        },
    ),
    "spoken": Kind(
        columns={
            "brand": spoken.c.brand,
            **_post,
            "tone": spoken.c.tone,
            "confidence": spoken.c.confidence,
            "complaint": spoken.c.complaint,
            "relevance": spoken.c.relevance,
            "left_out": spoken.c.left_out,
            "repost_of": posts.c.network + ":" + posts.c.repost_of,
            "likes": posts.c.likes,
            "reposts": posts.c.reposts,
            "replies": posts.c.replies,
        },
        source=spoken.join(posts, posts.c.rid == spoken.c.rid).join(
            accounts, accounts.c.row == posts.c.author
        ),
        order=(spoken.c.rid, spoken.c.brand),
        time=posts.c.posted_at,
        public=is_public,
        brand=lambda brand: spoken.c.brand == brand,
        post=posts.c.rid,
        made={"tone": lambda row: row.tone or None},
    ),
}  # fmt: skip
