"""X's search syntax, read and applied as its pages "Build a query" and "Operators" tell it.

Where they leave something open, this takes the side that is harder for us: words are not looked for
in hashtags, handles and cashtags, but are in links.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LIMIT = 512
FIELDS = {"from", "to", "url", "lang", "is", "has", "conversation_id", "retweets_of"}
CONJUNCTION = {"lang", "is", "has"}
_TOKENS = re.compile(r'\(|\)|-?(?:[a-z_]+:)?"[^"]*"|[^\s()"]+')
_SIGNS = re.compile(r"https?://\S+|[#@$]\w+")

Post = dict[str, Any]
Test = Callable[[Post], bool]


class QueryError(ValueError):
    """What X answers to a query that it does not take."""


@dataclass(frozen=True)
class Part:
    test: Test
    alone: bool
    """Whether it may stand without another operator."""
    negated: bool = False


def compiled(query: str) -> Test:
    """Return a test of posts. Raises `QueryError`."""
    if len(query.encode("utf-16-le")) // 2 > LIMIT:
        raise QueryError(f"Rules must be {LIMIT} characters or less")
    tokens = _TOKENS.findall(query)
    if "".join(tokens) != "".join(query.split()) and '"' not in query:
        raise QueryError("no viable alternative at input")
    part = _any(tokens)
    if tokens:
        raise QueryError(f"mismatched input '{tokens[0]}'")
    if part.negated or not part.alone:
        raise QueryError("Rule must contain at least one standalone operator")
    return part.test


def _any(tokens: list[str]) -> Part:
    parts = [_all(tokens)]
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        parts.append(_all(tokens))
    if len(parts) == 1:
        return parts[0]
    if any(part.negated for part in parts):
        raise QueryError("negated operators cannot be used alone")
    return Part(lambda post: any(p.test(post) for p in parts), all(p.alone for p in parts))


def _all(tokens: list[str]) -> Part:
    parts: list[Part] = []
    while tokens and tokens[0] not in (")", "OR"):
        parts.append(_one(tokens))
    if not parts:
        raise QueryError("missing operand")
    return Part(
        lambda post: all(part.test(post) for part in parts),
        any(part.alone for part in parts),
        all(part.negated for part in parts),
    )


def _one(tokens: list[str]) -> Part:
    token = tokens.pop(0)
    if token == "(":
        part = _any(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise QueryError("missing ')'")
        return part
    if token == "-" or token.startswith("-("):
        raise QueryError("groups cannot be negated")
    if token.lower() in ("and", "not") or token == "or":
        raise QueryError(f"ambiguous use of {token}")
    if token.startswith("-"):
        inner = _leaf(token[1:])
        return Part(lambda post: not inner.test(post), alone=False, negated=True)
    return _leaf(token)


def _leaf(token: str) -> Part:
    name, colon, value = token.partition(":")
    if colon and not token.startswith('"'):
        if name not in FIELDS:
            raise QueryError(f"Reference to invalid operator '{name}'")
        return Part(_field(name, value.strip('"')), name not in CONJUNCTION)
    if token.startswith('"'):
        wanted = words(token.strip('"'))
        if not wanted:
            raise QueryError("empty phrase")
        # "Love Snow" matches "#love #snow", says X of phrases; signs count as spaces in them.
        whole = len(wanted) > 1
        return Part(
            lambda post: _within(wanted, words(post["text"]) if whole else said(post)), alone=True
        )
    sign, rest = token[0], fold(token[1:])
    if sign in "#@$" and re.fullmatch(r"\w+", rest):
        kind = {"#": "hashtags", "@": "mentions", "$": "cashtags"}[sign]
        return Part(lambda post: rest in entities(post)[kind], alone=True)
    if not token.isalnum():
        raise QueryError(f"no viable alternative at character '{token}'")
    return Part(lambda post: fold(token) in said(post), alone=True)


def _field(name: str, value: str) -> Test:
    if name in ("from", "to"):
        if not re.fullmatch(r"[A-Za-z0-9_]{1,15}", value):
            raise QueryError(f"'{value}' is no user name")
        key = "author" if name == "from" else "to"
        return lambda post: str(post.get(key) or "").lower() == value.lower()
    if name == "url":
        wanted = words(value)
        return lambda post: any(_within(wanted, words(url)) for url in entities(post)["urls"])
    if name == "lang":
        if not re.fullmatch(r"[a-z]{2}", value):
            raise QueryError(f"'{value}' is no language")
        return lambda post: post["lang"] == value
    if name == "is" and value in ("retweet", "reply", "quote"):
        return lambda post: value in post["kinds"]
    if name == "has" and value == "links":
        return lambda post: bool(entities(post)["urls"] or post["media"])
    if name == "has" and value == "media":
        return lambda post: bool(post["media"])
    raise QueryError(f"invalid value '{value}' for the operator {name}")


def fold(text: str) -> str:
    """Capitals and accents make no difference."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """Cut at punctuation, symbols and separators."""
    return re.findall(r"[^\W_]+", fold(text))


def said(post: Post) -> list[str]:
    """The words of a post, those of its links among them; not its tags and handles."""
    text = _SIGNS.sub(lambda sign: sign[0] if sign[0][0] == "h" else " . ", post["text"])
    return words(text)


def entities(post: Post) -> dict[str, list[str]]:
    text = post["text"]
    return {
        "hashtags": [fold(tag) for tag in re.findall(r"(?<!\w)#(\w+)", text) if not tag.isdigit()],
        "mentions": [fold(name) for name in re.findall(r"(?<!\w)@([A-Za-z0-9_]{1,15})", text)],
        "cashtags": [fold(tag) for tag in re.findall(r"(?<!\w)\$([A-Za-z]{1,6})\b", text)],
        "urls": re.findall(r"https?://\S+", text),
    }


def _within(wanted: list[str], found: list[str]) -> bool:
    size = len(wanted)
    return any(found[i : i + size] == wanted for i in range(len(found) - size + 1))
