"""The lists that rules share: what their items are, and whether any rule asks for them."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rules.characters import fold_case
from rules.errors import Problem
from rules.text import fold_words
from watcher.coherence.names import references_in_rules

if TYPE_CHECKING:
    from watcher.config import Config

_OPERATOR = re.compile(
    r"(?:^|\s)(?:AND|OR|NOT|O?NEAR/\d+)(?:\s|$)|(?:^|\s)-\S|[()\"*“”„«»]|~\d|(?:^|\s)[=/]\S"
)
_FIELD = re.compile(
    r"(?i)(?:https?|www\.|(?:from|to|mentions|bio|domain|url|lang|is|has|brand):\S)"
)
_QUOTED = re.compile(r'"[^"]+"')
"""A phrase in quotation marks, as it stands in expressions: they do no harm."""
_ACCOUNT = re.compile(r"[@\uff20][\w.-]*\w[\w.-]*(?:@[\w.-]+)?")
_TAG = re.compile(r"[#\uff03]\w*[^\W\d_]\w*")


def problems(config: "Config") -> Iterator[Problem]:
    """Yield items that no post could have, lists without any, and lists that nobody asks for."""
    used = {
        fold_case(name.strip()) for kind, name, *_ in references_in_rules(config) if kind == "lists"
    }
    for i, words in enumerate(config.lists):
        if not words.items:
            yield Problem(
                code="empty-list",
                message="this list has no items: asking for it would find nothing",
                path=("lists", i, "items"),
                help='items = ["acme", "acme corp", "@acme", "#acme"]',
            )
        for j, item in enumerate(words.items):
            if wrong := _wrong(item):
                message, help_ = wrong
                path = ("lists", i, "items", j)
                yield Problem(code="bad-item", message=message, path=path, help=help_)
        if fold_case(words.name.strip()) not in used:
            yield Problem(
                code="unused-list",
                message=f'no rule asks for the list "{words.name}"',
                path=("lists", i),
                help=f"write @list({_written(words.name)}) into a rule, or leave the list out",
                severity="warning",
            )


def _wrong(item: str) -> tuple[str, str] | None:
    """What is wrong with an item, and what to do; None where nothing is."""
    text = item.strip()
    if text.startswith(("@", "\uff20")):
        right = 'an account is written like "@acme" or "@acme@social.example"'
        return None if _ACCOUNT.fullmatch(text) else ("this is no account", right)
    if text.startswith(("#", "\uff03")):
        right = 'a hashtag is written like "#acme"'
        return None if _TAG.fullmatch(text) else ("this is no hashtag", right)
    if not fold_words(text):
        return "there is no letter, digit or emoji to look for", "leave it out"
    if _QUOTED.fullmatch(text):
        return None
    if _OPERATOR.search(text) or _FIELD.match(text):
        words = " ".join(fold_words(_OPERATOR.sub(" ", text)))
        plain = f'write "{words}" for the words alone; ' if words and not _FIELD.match(text) else ""
        return (
            "an item is a word, a phrase, an account or a hashtag: no operators, no fields",
            f"{plain}what needs more stands in the expression of a rule",
        )
    return None


def _written(name: str) -> str:
    return name if re.fullmatch(r"[\w.-]+", name) else f'"{name}"'
