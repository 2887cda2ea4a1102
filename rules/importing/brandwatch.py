"""Brandwatch Consumer Research: the operators of its query editor."""

import re
from collections.abc import Callable

from rules.characters import fold_accents
from rules.importing import carrying, wildcards
from rules.importing.carrying import (
    NO_COUNT,
    NO_ID,
    NO_NAME,
    NO_PLACE,
    NO_VERIFIED,
    account,
    counted,
    in_text,
    media,
)
from rules.importing.dialect import Dialect
from rules.importing.outcome import Dropped, Kept, Outcome
from rules.importing.tokens import Syntax, Token
from rules.language.tree import Exact, Field

_ENGAGED = {"comment": "reply", "reply": "reply", "retweet": "repost", "quote": "quote"}
_PAGES = {"twitter": "x", "x": "x", "bluesky": "bluesky", "threads": "threads"}


def _engaged(value: str) -> Outcome:
    kind = _ENGAGED.get(value.lower())
    return Kept(Field(name="is", value=kind)) if kind else Dropped("no post here is of this kind")


def _page_type(value: str) -> Outcome:
    network = _PAGES.get(value.lower())
    if network:
        return carrying.field("network", network)
    return Dropped("rules know networks, not types of pages")


def _engaging(value: str) -> Outcome:
    outcome = account("to", value)
    if isinstance(outcome, Dropped):
        return outcome
    return Kept(outcome.node, "narrowed", "answers to the account are found, its reposts are not")


def _author(value: str) -> Outcome:
    return account("from", value)


def _unknown(why: str) -> Callable[[str], Outcome]:
    return lambda _: Dropped(why)


def _titled(token: Token) -> Outcome:
    return in_text(_words(token), "title")


_FIELDS: dict[str, Callable[[str], Outcome]] = {
    "author": _author,
    "blogname": _author,
    "weblogtitle": _author,
    "at_mentions": carrying.mention,
    "mentions": carrying.mention,
    "hashtags": carrying.hashtag,
    "tags": carrying.hashtag,
    "language": carrying.language,
    "site": carrying.site,
    "host": carrying.site,
    "domain": carrying.site,
    "url": carrying.link,
    "links": carrying.link,
    "engagementtype": _engaged,
    "engagingwith": _engaging,
    "authorfollowers": lambda value: counted("followers", value),
    "sentiment": carrying.sentiment,
    "pagetype": _page_type,
    "imagetype": lambda _: media("pictures"),
    "publishersubtype": lambda value: media(f"{value.lower()}s"),
    **dict.fromkeys(
        ("continent", "country", "region", "city", "latitude", "longitude", "location"),
        _unknown(NO_PLACE),
    ),
    **dict.fromkeys(
        ("guid", "engagingwithguid", "parentpostid", "rootpostid", "channelid"), _unknown(NO_ID)
    ),
    **dict.fromkeys(
        ("impressions", "reach", "impact", "rating", "monthlyvisitors"), _unknown(NO_COUNT)
    ),
    **dict.fromkeys(("authorverified", "authorverifiedtype"), _unknown(NO_VERIFIED)),
    **dict.fromkeys(("authorgender", "gender", "accounttype"), _unknown(NO_NAME)),
    **dict.fromkeys(
        (
            *("subreddit", "subredditnsfw", "subreddittopics", "redditauthorflair"),
            *("redditpostflair", "redditspoiler", "parentblogname", "rootblogname"),
        ),
        _unknown("rules know nothing of this network's own sections"),
    ),
    **dict.fromkeys(
        ("brandids", "objects", "sensitivecontent"), _unknown("nobody looks into pictures here")
    ),
    **dict.fromkeys(
        ("itemreview", "pubtype", "publication", "topleveldomain"),
        _unknown("this is said of pages, not of posts"),
    ),
    "minuteofday": _unknown("a rule looks at posts of every hour"),
}


def _raw(text: str) -> Outcome:
    """Capitals and signs exactly so; a single word without signs needs no quotation marks."""
    node = Exact(text=text) if re.fullmatch(r"\w+", text) else Exact(text=text, phrase=True)
    if carrying.sound(node):
        return Kept(node)
    return Dropped("there is no letter or digit to look for")


def _words(token: Token) -> Outcome:
    text = " ".join(token.text.split())
    if token.style == "cased" or token.field == "raw":
        return _raw(text)
    if token.style == "quoted" and token.slop is not None:
        return wildcards.within(text, token.slop)
    return wildcards.phrase(text) if token.style == "quoted" else wildcards.wildcard(text)


def _leaf(token: Token) -> Outcome:
    if token.field == "title":
        return _titled(token)
    if token.field in _FIELDS:
        return _FIELDS[token.field](token.text)
    return _words(token)


def _remark(query: str) -> str:
    """What is said where words have accents: a capital alone is no difference."""
    if fold_accents(query) == query:
        return ""
    return "Brandwatch minds accents that are written; so do rules with fold_accents = false."


BRANDWATCH = Dialect(
    name="brandwatch",
    title="Brandwatch",
    syntax=Syntax(
        operators={"AND": "AND", "OR": "OR", "NOT": "NOT"},
        fields=frozenset({*_FIELDS, "title", "raw"}),
        near=re.compile(r"NEAR/(?P<n>[0-9]{1,3})(?P<ordered>f)?"),
        minus=True,
        braces=True,
        comments=True,
        mixing="AND binds tighter than OR here; write brackets where that is not meant",
    ),
    leaf=_leaf,
    remark=_remark,
)
