"""What the dialects have in common: words, accounts, languages, sites, links and counts as leaves.

Every leaf made here is one that the rule language reads back: `sound` asks its parser.
"""

import re
from functools import lru_cache

from rules.characters import EMOJI
from rules.importing.outcome import Dropped, Kept, Outcome
from rules.language.parser import check
from rules.language.printing import render
from rules.language.tree import (
    And,
    Cashtag,
    Emoji,
    Field,
    FieldName,
    Hashtag,
    Mention,
    Node,
    Or,
    Phrase,
    Range,
    RangeName,
    Word,
)
from rules.language.vocabulary import LANGUAGES, is_field_elsewhere, other_name
from rules.metadata import fold_domain
from rules.text import fold_words

NO_PLACE = "posts state no place"
NO_ID = "rules ask for what posts say, not for single posts"
NO_DATE = "a rule looks at what comes; `watcher search` has --since and --until"
NO_COUNT = "this count is not known of posts here"
NO_NAME = "rules look at the handle and the bio of authors, not at this"
NO_VERIFIED = "whether an author is verified is not known"

_OURS = frozenset({"AND", "OR", "NOT", "OF", "NEAR", "ONEAR"})
_LINK = re.compile(r"(?i)(?:https?://|www\.)(?=\w)")
_HOST = re.compile(r"(?i)(?:https?://)?(?:www\.)?((?:[\w-]{1,63}\.)+[\w-]{2,63})(?::[0-9]+)?(/.*)?")
_LOW_HIGH = re.compile(r"\s*([0-9]{1,15}|\*)\s*(?:\.\.|,|\bTO\b)\s*([0-9]{1,15}|\*)\s*")
_COMPARED = re.compile(r"(>=|<=|>|<|=)?\s*([0-9]{1,15})")

# Two letters of old that ISO 639 has changed, and longer codes for what has two letters.
_LANGUAGES = {
    "in": "id",
    "iw": "he",
    "ji": "yi",
    "tl": "tl",
    "fil": "fil",
    "cmn": "zh",
    "nob": "nb",
}

_NETWORKS = {
    "twitter.com": "x",
    "x.com": "x",
    "bsky.app": "bluesky",
    "bsky.social": "bluesky",
    "mastodon.social": "mastodon",
    "threads.net": "threads",
    "threads.com": "threads",
}


@lru_cache(maxsize=4096)
def _read(expression: str) -> Node | None:
    return check(expression)[0]


def sound(node: Node) -> bool:
    """Whether the node can be written in the rule language: what is printed reads back the same."""
    return _read(render(node)) == node


def word(text: str) -> Outcome:
    """A word, hashtag, mention, cashtag or emoji; as a phrase where signs in it mean more here."""
    if _LINK.match(text):
        return link(text)
    read = None if text in _OURS else _read(text)
    if isinstance(read, Word | Hashtag | Mention | Cashtag | Emoji) and sound(read):
        return Kept(read)
    if isinstance(read, And) and all(isinstance(part, Emoji) for part in read.parts):
        return Kept(read)
    phrase = _phrase(text)
    name = text.partition(":")[0]
    if isinstance(phrase, Kept) and name != text and ("_" in name or is_field_elsewhere(name)):
        message = f"no operator `{name}:` is known: it is looked for as words"
        return Kept(phrase.node, "changed", message)
    return phrase


def quoted(text: str) -> Outcome:
    """What stands in quotation marks: a phrase, or the hashtag, mention or emoji alone in them."""
    alone = not any(char.isspace() for char in text)
    if alone and (text[:1] in "#@$＃＠" or EMOJI.fullmatch(text) or not fold_words(text)):
        return word(text)
    single = Word(text=text)
    if text.isalnum() and text.upper() not in _OURS and sound(single):
        return Kept(single)
    return _phrase(text)


def _phrase(text: str) -> Outcome:
    phrase = Phrase(text=" ".join(text.split()))
    if fold_words(text) and sound(phrase):
        return Kept(phrase)
    return Dropped("there is no letter or digit to look for")


def either(nodes: list[Node]) -> Node:
    """At least one of the nodes; those that are alternatives themselves are taken up."""
    return _joined(Or, nodes)


def every(nodes: list[Node]) -> Node:
    """All of the nodes; those that are such themselves are taken up."""
    return _joined(And, nodes)


def _joined(kind: type[And] | type[Or], nodes: list[Node]) -> Node:
    whole: list[Node] = []
    for node in nodes:
        whole.extend(node.parts if isinstance(node, And | Or) and type(node) is kind else (node,))
    return whole[0] if len(whole) == 1 else kind(parts=tuple(whole))


def field(name: FieldName, value: str) -> Outcome:
    """`name:value`, where the rule language takes it so."""
    node = Field(name=name, value=value)
    if value and sound(node):
        return Kept(node)
    return Dropped(f"`{name}:` does not take this here")


def account(name: FieldName, value: str) -> Outcome:
    """A field that takes a handle."""
    handle = value.strip().lstrip("@＠")
    if handle.isdecimal():
        return Dropped(f"`{name}:` takes a handle here, not the number of an account")
    if any(char.isspace() for char in handle):
        return Dropped(f"`{name}:` takes a handle here, not a name")
    return field(name, handle)


def mention(value: str) -> Outcome:
    """An account that is mentioned."""
    node = Mention(text=value.strip().lstrip("@＠"))
    return Kept(node) if node.text and sound(node) else Dropped("this is no handle")


def hashtag(value: str) -> Outcome:
    """A hashtag, written with its sign or without."""
    node = Hashtag(text=value.strip().lstrip("#＃"))
    return Kept(node) if node.text and sound(node) else Dropped("this is no hashtag")


def language(value: str) -> Outcome:
    """`lang:` with the code of another product: its first part, in today's spelling."""
    code = value.strip().lower().replace("_", "-")
    primary = _LANGUAGES.get(code.partition("-")[0], code.partition("-")[0])
    primary = primary if primary in LANGUAGES else other_name("lang", primary)
    if primary not in LANGUAGES:
        return Dropped("no language has this code here")
    node = Field(name="lang", value=primary)
    if "-" in code:
        return Kept(node, "widened", f"`lang:{primary}` takes every kind of the language")
    return Kept(node)


def sentiment(value: str) -> Outcome:
    """`sentiment:` in words, or compared with 0."""
    bare = value.strip().lower().replace(" ", "")
    words = {">0": "positive", "<0": "negative", "0": "neutral", "=0": "neutral"}
    found = words.get(bare, bare)
    if found in ("positive", "negative", "neutral"):
        return field("sentiment", found)
    return Dropped("sentiment is negative, neutral or positive here")


def host_of(text: str) -> tuple[str, str]:
    """The host of a link or bare domain without `www.`, and the rest; both empty if it is none."""
    match = _HOST.fullmatch(text.strip())
    return (fold_domain(match[1]), (match[2] or "").strip("/")) if match else ("", "")


def site(value: str) -> Outcome:
    """The site that a page or post stands on: a network, else links to the site."""
    host, path = host_of(value.strip().removeprefix("*."))
    if host in _NETWORKS and not path:
        return field("network", _NETWORKS[host])
    carried = field("domain", host) if host else Dropped("this is no site")
    if isinstance(carried, Dropped):
        return carried
    message = f"posts stand on networks, not on sites: `domain:{host}` finds posts that link there"
    return Kept(carried.node, "changed", message)


def link(value: str) -> Outcome:
    """A link that a post carries: its domain and the words of its path, or words of its address."""
    host, path = host_of(value)
    if not host:
        return _words_of_links(value)
    domain = field("domain", host)
    words = _words_of_links(path) if fold_words(path) else None
    if isinstance(domain, Kept) and isinstance(words, Kept):
        message = "the words of the path may stand anywhere in the path or title of a link"
        return Kept(every([domain.node, words.node]), "widened", message)
    return domain


def _words_of_links(value: str) -> Outcome:
    carried = field("url", " ".join(value.replace("*", " ").split()))
    if isinstance(carried, Dropped):
        return carried
    message = "`url:` looks at the path and the title of links, not at their domain"
    return Kept(carried.node, "changed", message)


def in_text(outcome: Outcome, where: str) -> Outcome:
    """Words that were to stand in one place of a page, looked for in the whole post."""
    if isinstance(outcome, Dropped) or outcome.kind:
        return outcome
    return Kept(outcome.node, "changed", f"posts have no {where}: it is looked for in their text")


def media(what: str) -> Outcome:
    """`has:media` for one kind of media."""
    message = f"`has:media` finds {what} and every other picture, video or sound"
    return Kept(Field(name="has", value="media"), "widened", message)


def counted(name: RangeName, value: str, *, at_least: bool = False) -> Outcome:
    """A count compared: `5`, `5..9`, `5,9`, `5 TO 9`, `>5`, `<=9`; both ends are included.

    `at_least` reads a bare number as the least one, otherwise it is the only one.
    """
    bounds = limits(value, at_least=at_least)
    if bounds is None:
        return Dropped("this is no number, and no two with .. between them")
    node = Range(name=name, low=bounds[0], high=bounds[1])
    return Kept(node) if sound(node) else Dropped(f"`{name}:` does not take this here")


def limits(value: str, *, at_least: bool = False) -> tuple[int | None, int | None] | None:
    """The least and the greatest number that fit, None where there is no such end, or no number."""
    if match := _LOW_HIGH.fullmatch(value):
        low, high = (None if end == "*" else int(end) for end in match.groups())
        return None if low is None and high is None else (low, high)
    match = _COMPARED.fullmatch(value.strip())
    if not match:
        return None
    number = int(match[2])
    ends: dict[str | None, tuple[int | None, int | None]] = {
        ">": (number + 1, None),
        ">=": (number, None),
        "<": (None, number - 1),
        "<=": (None, number),
        "=": (number, number),
        None: (number, None if at_least else number),
    }
    low, high = ends[match[1]]
    return None if high is not None and high < 0 else (low, high)
