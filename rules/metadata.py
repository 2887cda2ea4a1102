"""What a post is rather than what it says, as terms: author, language, kind, links.

A field of a rule is one of these terms: `lang:fr` in a rule asks for the term `lang:fr`.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from rules.characters import MEMO_LENGTH, fold_case
from rules.model import Brand, Post

_HOST = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]{0,20}:)?(?://)?(?:[^/?#@\s]*@)?([^/?#:@\s]+)")
_PLAIN_HOST = re.compile(r"https?://([A-Za-z0-9.-]{1,64}+)(?![^/?#])")
"""The host of nearly every link."""
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
    accounts = [account for brand in brands for account in brand.accounts]
    return frozenset("author:" + fold_handle(account).replace(":@", ":") for account in accounts)


def author_terms(network: str, handle: str) -> tuple[str, ...]:
    """The terms of who wrote a post and where: `network:`, `author:` and `from:`."""
    if len(handle) > MEMO_LENGTH:
        return _author_terms(network, handle)
    return _author_terms_before(network, handle)


def _author_terms(network: str, handle: str) -> tuple[str, ...]:
    network = network.lower()
    forms = handle_forms(handle)
    terms = [f"network:{network}", f"author:{forms[0]}", f"author:{network}:{forms[0]}"]
    for form in forms:
        terms += (f"from:{form}", f"from:{network}:{form}")
    return tuple(terms)


_author_terms_before = lru_cache(maxsize=16_384)(_author_terms)
"""The same people write again and again: 20 times faster."""


def language_terms(tag: str | None) -> tuple[str, ...]:
    """The term of the language that a post states, if it states one."""
    if not tag:
        return ()
    return _language_terms_before(tag) if len(tag) <= MEMO_LENGTH else _language_terms(tag)


def _language_terms(tag: str) -> tuple[str, ...]:
    language = fold_language(tag)
    return (f"lang:{language}",) if language else ()


_language_terms_before = lru_cache(maxsize=256)(_language_terms)


def origin_terms(post: Post) -> list[str]:
    """The terms of whom a post answers and which source brought it."""
    terms = []
    if post.reply_to_handle:
        terms += [f"to:{handle}" for handle in handle_forms(post.reply_to_handle)]
    if post.source:
        terms.append(f"source:{fold_case(post.source)}")
    return terms


def kind_terms(post: Post) -> list[str]:
    """`is:original` is what neither answers nor passes on; the `RT @` of old counts as a repost."""
    kinds = []
    if post.reply_to is not None or post.reply_to_handle:
        kinds.append("is:reply")
    if post.repost_of is not None or _is_old_repost(post.text):
        kinds.append("is:repost")
    if post.quote_of is not None:
        kinds.append("is:quote")
    if not kinds:
        kinds.append("is:original")
    if post.author.bot:
        kinds.append("is:bot")
    return kinds


def _is_old_repost(text: str) -> bool:
    return text.startswith("RT @") and _OLD_REPOST.match(text) is not None


def carried_terms(
    post: Post, *, linking: bool, tagged: bool, mentioning: bool, asking: bool
) -> list[str]:
    """The terms of what a post carries; the flags tell what its text and its network say of it.

    `asking` is a question mark outside of links.
    """
    carried = {
        "link": linking,
        "media": post.media,
        "mention": mentioning,
        "hashtag": tagged,
        "question": asking,
    }
    return [f"has:{what}" for what, there in carried.items() if there]


def domain_terms(link: str) -> tuple[str, ...]:
    """The terms of a link's host and of every domain above it.

    `shop.acme.com` is also found by `acme.com`.
    """
    plain = _PLAIN_HOST.match(link)
    return _host_terms_before(plain[1]) if plain else _host_terms(link)


def _host_terms(link: str) -> tuple[str, ...]:
    host = fold_domain(link)
    if "." not in host:
        return ()
    labels = host.split(".")
    above = (".".join(labels[-count:]) for count in range(2, min(len(labels), _MOST_LABELS)))
    return tuple([f"domain:{domain}" for domain in (host, *above)])


_host_terms_before = lru_cache(maxsize=16_384)(_host_terms)
"""Links differ, their hosts come again and again."""
