"""Talkwalker: the operators of its topics and of the `q` of its API."""

import re
from collections.abc import Callable

from rules.importing import carrying, wildcards
from rules.importing.carrying import (
    NO_COUNT,
    NO_NAME,
    NO_PLACE,
    account,
    counted,
    either,
    every,
    in_text,
    limits,
    media,
)
from rules.importing.dialect import Dialect
from rules.importing.outcome import Dropped, Kept, Outcome
from rules.importing.tokens import Syntax, Token
from rules.language.tree import Exact, Field, Node, Range

_NETWORKS = {
    "twitter": "x",
    "x": "x",
    "mastodon": "mastodon",
    "bluesky": "bluesky",
    "threads": "threads",
}
_KINDS = {
    "retweet": "repost",
    "repost": "repost",
    "share": "repost",
    "reply": "reply",
    "comment": "reply",
    "quote": "quote",
    "original": "original",
}
_CARRIED = {"image": "pictures", "video": "videos", "audio": "sound"}


def _source_type(value: str) -> Outcome:
    kind = value.lower()
    if kind == "socialmedia":
        return Dropped("every post that is read here is of a social network", constant=True)
    network = _NETWORKS.get(kind.removeprefix("socialmedia_"))
    if network:
        return carrying.field("network", network)
    return Dropped("posts of this source are not read here", constant=False)


def _kind(value: str) -> Outcome:
    known = value.lower()
    if known in _KINDS:
        return Kept(Field(name="is", value=_KINDS[known]))
    if known == "link":
        return Kept(Field(name="has", value="link"))
    if known in _CARRIED:
        return media(_CARRIED[known])
    return Dropped("rules know nothing of this kind")


def _engagement(value: str) -> Outcome:
    """Likes, shares and comments together: one of them that is enough, or none too many."""
    found = limits(value)
    if found is None:
        return Dropped("this is no number")
    low, high = found
    if high is None:
        alone: list[Node] = [Range(name="likes", low=low), Range(name="reposts", low=low)]
        return Kept(either(alone), "narrowed", "likes or reposts alone must be as many")
    if low is None:
        both: list[Node] = [Range(name="likes", high=high), Range(name="reposts", high=high)]
        return Kept(every(both), "widened", "likes and reposts are each compared, not their sum")
    return Dropped("likes, reposts and answers are not added up")


def _reach(value: str) -> Outcome:
    outcome = counted("followers", value)
    if isinstance(outcome, Dropped):
        return outcome
    return Kept(outcome.node, "changed", "the followers of the author stand for the reach")


def _unknown(why: str) -> Callable[[str], Outcome]:
    return lambda _: Dropped(why)


_FIELDS: dict[str, Callable[[str], Outcome]] = {
    "author": lambda value: account("from", value),
    "author_short": lambda value: account("from", value),
    "hashtag": carrying.hashtag,
    "mention": carrying.mention,
    "lang": carrying.language,
    **dict.fromkeys(
        (
            *("site", "domain", "domainurl", "domain_url", "host", "hosturl", "host_url"),
            "root_url",
        ),
        carrying.site,
    ),
    "url": carrying.link,
    "sourcetype": _source_type,
    "sentiment": carrying.sentiment,
    "engagement": _engagement,
    "reach": _reach,
    "followers": lambda value: counted("followers", value),
    "likes": lambda value: counted("likes", value),
    "retweets": lambda value: counted("reposts", value),
    "shares": lambda value: counted("reposts", value),
    "is": _kind,
    "posttype": _kind,
    "has": _kind,
    **dict.fromkeys(("author_name", "author_gender", "gender", "demographic"), _unknown(NO_NAME)),
    **dict.fromkeys(
        ("sourcecountry", "country", "region", "city", "geo", "sourcecity"), _unknown(NO_PLACE)
    ),
    **dict.fromkeys(
        ("comments", "views", "tonality", "alexa_pageviews", "trending_score"), _unknown(NO_COUNT)
    ),
    **dict.fromkeys(("tag", "customtag", "theme", "device"), _unknown("rules know no such marks")),
    "published": _unknown(carrying.NO_DATE),
    "images": _unknown("nobody looks into pictures here"),
}
_TEXTS = {"title": "title", "content": "", "text": ""}


def _words(token: Token) -> Outcome:
    if token.style == "raw":
        node = Exact(text=" ".join(token.text.split()), phrase=True)
        if carrying.sound(node):
            return Kept(node)
        return Dropped("there is no letter or digit to look for")
    if token.style == "quoted" and token.slop is not None:
        return wildcards.within(token.text, token.slop)
    if token.style == "quoted":
        return wildcards.phrase(token.text)
    return wildcards.wildcard(token.text)


def _leaf(token: Token) -> Outcome:
    if token.field in _FIELDS:
        return _FIELDS[token.field](token.text)
    where = _TEXTS.get(token.field, "")
    return in_text(_words(token), where) if where else _words(token)


TALKWALKER = Dialect(
    name="talkwalker",
    title="Talkwalker",
    syntax=Syntax(
        operators={"AND": "AND", "OR": "OR", "NOT": "NOT"},
        fields=frozenset({*_FIELDS, *_TEXTS}),
        near=re.compile(r"(?P<ordered>O)?NEAR/(?P<n>[0-9]{1,3})|SENTENCE"),
        minus=True,
        pluses=True,
        mixing="AND binds tighter than OR here; write brackets where that is not meant",
    ),
    leaf=_leaf,
)
