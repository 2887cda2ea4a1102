"""What a post is rather than what it says, as terms: author, language, kind, links.

A field of a rule is one of these terms: `lang:fr` in a rule asks for the term `lang:fr`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from rules.characters import fold_case
from rules.model import Brand, Post

_HOST = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]{0,20}:)?(?://)?(?:[^/?#@\s]*@)?([^/?#:@\s]+)")
_LONGEST_HOST = 253
_MOST_LABELS = 10
_OLD_REPOST = re.compile(r"RT @\w")


def fold_handle(handle: str) -> str:
    """A handle in the form it is compared in, without the `@` before it."""
    return fold_case(handle.strip().lstrip("@\uff20"))


def handle_forms(handle: str) -> tuple[str, ...]:
    """A handle folded, in full and, where it names a server, in the short form people write.

    `acme@other.social` is also `acme`; `acme.bsky.social` is also `acme`.
    """
    full = fold_handle(handle)
    short = full.partition("@")[0].removesuffix(".bsky.social")
    return (full, short) if short and short != full else (full,)


def fold_domain(address: str) -> str:
    """The host of a link, or a bare domain, in lower-case ASCII; empty where there is none.

    Internationalised names become Punycode as IDNA 2003 has it, on both sides of a comparison.
    """
    match = _HOST.match(address.strip()[:2048])
    host = match[1].strip(".").lower() if match else ""
    if len(host) > _LONGEST_HOST:
        return ""
    if host.isascii():
        return host
    try:
        return fold_case(host).encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def fold_language(tag: str) -> str:
    """The primary subtag of a BCP 47 tag: `fr` for `fr-CA`; empty where it is not like one."""
    primary = tag.strip().replace("_", "-").partition("-")[0].lower()
    return primary if primary.isascii() and primary.isalpha() and len(primary) <= 8 else ""


def own_terms(brands: Iterable[Brand]) -> frozenset[str]:
    """The terms of which a post has one when any brand's own account wrote it: `is:own`.

    Only full handles count: `acme@elsewhere.example` is not `acme`.
    """
    return frozenset(
        "author:" + fold_handle(account) for brand in brands for account in brand.accounts
    )


def metadata_terms(
    post: Post, links: Sequence[str], *, tagged: bool, mentioning: bool, asking: bool
) -> Iterator[str]:
    """The terms of the post's metadata.

    `links` are all of its links; the flags tell what the text carries: hashtags, mentions, a
    question mark outside of links.
    """
    author = post.author
    network = post.network.lower()
    full, *short = handle_forms(author.handle)
    yield f"author:{full}"
    yield f"author:{network}:{full}"
    for handle in (full, *short):
        yield f"from:{handle}"
        yield f"from:{network}:{handle}"
    if post.reply_to_handle:
        yield from (f"to:{handle}" for handle in handle_forms(post.reply_to_handle))
    if post.language and (language := fold_language(post.language)):
        yield f"lang:{language}"
    yield f"network:{network}"
    if post.source:
        yield f"source:{fold_case(post.source)}"
    yield from _kinds(post)
    if author.bot:
        yield "is:bot"
    if links:
        yield "has:link"
        for link in links:
            yield from _domains(link)
    if post.media:
        yield "has:media"
    if mentioning:
        yield "has:mention"
    if tagged:
        yield "has:hashtag"
    if asking:
        yield "has:question"


def _kinds(post: Post) -> Iterator[str]:
    """`is:original` is what neither answers nor passes on; the `RT @` of old counts as a repost."""
    original = True
    if post.reply_to is not None or post.reply_to_handle:
        original = False
        yield "is:reply"
    if post.repost_of is not None or _OLD_REPOST.match(post.text):
        original = False
        yield "is:repost"
    if post.quote_of is not None:
        original = False
        yield "is:quote"
    if original:
        yield "is:original"


def _domains(link: str) -> Iterator[str]:
    """The link's host and every domain above it: `shop.acme.com` is also found by `acme.com`."""
    host = fold_domain(link)
    if "." not in host:
        return
    yield f"domain:{host}"
    labels = host.split(".")
    for count in range(2, min(len(labels), _MOST_LABELS)):
        yield "domain:" + ".".join(labels[-count:])
