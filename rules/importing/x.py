"""X: recent search and filtered stream (v2), and the operators of its older web search."""

from collections.abc import Callable

from rules.importing import carrying, wildcards
from rules.importing.carrying import (
    NO_COUNT,
    NO_DATE,
    NO_ID,
    NO_NAME,
    NO_PLACE,
    NO_VERIFIED,
    account,
    counted,
    every,
    field,
    link,
    media,
)
from rules.importing.dialect import Dialect
from rules.importing.outcome import Dropped, Kept, Outcome
from rules.importing.tokens import Syntax, Token
from rules.language.tree import Field, Mention, Node, Not, Regex

_REPOST, _REPLY, _QUOTE = (Field(name="is", value=kind) for kind in ("repost", "reply", "quote"))
_ADS = Dropped("what is only an advertisement is not read here", constant=False)
_KINDS: dict[str, Outcome] = {
    "retweet": Kept(_REPOST),
    "reply": Kept(_REPLY),
    "quote": Kept(_QUOTE),
    "verified": Dropped(NO_VERIFIED),
    "nullcast": _ADS,
}
_LINK, _MEDIA, _TAG, _MENTION = (
    Field(name="has", value=what) for what in ("link", "media", "hashtag", "mention")
)
_CARRIED: dict[str, Outcome] = {
    "links": Kept(_LINK),
    "media": Kept(_MEDIA),
    "hashtags": Kept(_TAG),
    "mentions": Kept(_MENTION),
    "images": media("pictures"),
    "videos": media("videos"),
    "video_link": media("videos"),
    "cashtags": Kept(Regex(pattern=r"\$[a-z]{1,6}\b")),
    "geo": Dropped(NO_PLACE),
}
_FILTERED: dict[str, Outcome] = {
    "links": Kept(_LINK),
    "media": Kept(_MEDIA),
    "images": media("pictures"),
    "twimg": media("pictures"),
    "videos": media("videos"),
    "native_video": media("videos"),
    "consumer_video": media("videos"),
    "hashtags": Kept(_TAG),
    "mentions": Kept(_MENTION),
    "replies": Kept(_REPLY),
    "retweets": Kept(_REPOST),
    "nativeretweets": Kept(_REPOST),
    "quote": Kept(_QUOTE),
    "verified": Dropped(NO_VERIFIED),
    "blue_verified": Dropped(NO_VERIFIED),
    "follows": Dropped("rules do not know whom you follow"),
}
_ALWAYS = Dropped("reposts are looked at unless a rule says otherwise", constant=True)


def _one_of(known: dict[str, Outcome], value: str) -> Outcome:
    return known.get(value.lower(), Dropped("rules know nothing of this kind"))


def _excluded(value: str) -> Outcome:
    outcome = _one_of(_FILTERED, value)
    return Kept(Not(part=outcome.node)) if isinstance(outcome, Kept) else outcome


def _reposts_of(value: str) -> Outcome:
    named = carrying.mention(value)
    if isinstance(named, Dropped) or not isinstance(named.node, Mention):
        return named
    parts: list[Node] = [_REPOST, named.node]
    return Kept(every(parts), "changed", "reposts that name the account are looked for")


def _words_of_pages(value: str) -> Outcome:
    outcome = field("url", value)
    message = "`url:` looks at the path and the title of links"
    return Kept(outcome.node, "changed", message) if isinstance(outcome, Kept) else outcome


def _unknown(why: str) -> Callable[[str], Outcome]:
    return lambda _: Dropped(why)


_FIELDS: dict[str, Callable[[str], Outcome]] = {
    "from": lambda value: account("from", value),
    "to": lambda value: account("to", value),
    "retweets_of": _reposts_of,
    "url": link,
    "url_contains": link,
    "url_title": _words_of_pages,
    "url_description": _words_of_pages,
    "card_domain": link,
    "card_url": link,
    "lang": carrying.language,
    "bio": lambda value: field("bio", value),
    "is": lambda value: _one_of(_KINDS, value),
    "has": lambda value: _one_of(_CARRIED, value),
    "filter": lambda value: _one_of(_FILTERED, value),
    "include": lambda _: _ALWAYS,
    "exclude": _excluded,
    "followers_count": lambda value: counted("followers", value, at_least=True),
    "min_faves": lambda value: counted("likes", value, at_least=True),
    "min_retweets": lambda value: counted("reposts", value, at_least=True),
    **dict.fromkeys(
        ("min_replies", "tweets_count", "following_count", "listed_count"), _unknown(NO_COUNT)
    ),
    **dict.fromkeys(("bio_name", "bio_location"), _unknown(NO_NAME)),
    **dict.fromkeys(
        ("place", "place_country", "point_radius", "bounding_box", "near", "within", "geocode"),
        _unknown(NO_PLACE),
    ),
    **dict.fromkeys(
        (
            *("conversation_id", "in_reply_to_tweet_id", "in_reply_to_status_id"),
            *("retweets_of_tweet_id", "quotes_of_tweet_id", "quoted_tweet_id", "quoted_user_id"),
        ),
        _unknown(NO_ID),
    ),
    **dict.fromkeys(
        (
            *("since", "until", "since_time", "until_time", "since_id", "max_id"),
            "within_time",
        ),
        _unknown(NO_DATE),
    ),
    "context": _unknown("X's own annotations are not known"),
    "entity": _unknown("X's own annotations are not known"),
    "embedding": _unknown("rules look at words, not at likeness of meaning"),
    "embedding_threshold": _unknown("rules look at words, not at likeness of meaning"),
    "list": _unknown("the members of a list on X are not known; `@list(name)` is one of your own"),
    "sample": _unknown("a rule finds every post that it describes, not a share of them"),
    "source": _unknown("the program that a post was written with is not known"),
    "card_name": _unknown("rules know nothing of X's cards"),
}

_WORD = "X looks for this as a word; it joins or excludes here"
_MOODS = {
    **dict.fromkeys((":)", ":-)", ":D", ":P"), "positive"),
    **dict.fromkeys((":(", ":-("), "negative"),
}


def _leaf(token: Token) -> Outcome:
    if token.field:
        return _FIELDS[token.field](token.text)
    if token.text in _MOODS and token.style == "plain":
        message = "the mood of the post stands for the emoticon"
        outcome = carrying.sentiment(_MOODS[token.text])
        return Kept(outcome.node, "changed", message) if isinstance(outcome, Kept) else outcome
    if token.style == "quoted" and token.slop is not None:
        return wildcards.within(token.text, token.slop, lucene=True)
    if token.style == "quoted":
        starred = "*" in token.text.split()
        return wildcards.phrase(token.text, gap=1) if starred else carrying.quoted(token.text)
    if token.text == "?":
        return Kept(Field(name="has", value="question"))
    return carrying.word(token.text.lstrip("+"))


X = Dialect(
    name="x",
    title="X",
    syntax=Syntax(
        operators={"OR": "OR", "AND": "AND", "NOT": "NOT"},
        fields=frozenset(_FIELDS),
        minus=True,
        words={mood: mood for mood in _MOODS},
        doubtful={"AND": _WORD, "NOT": _WORD},
    ),
    leaf=_leaf,
)
