"""Google Alerts: Google's own search operators."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from rules.importing import carrying, wildcards
from rules.importing.carrying import NO_DATE, NO_PLACE, in_text
from rules.importing.dialect import Dialect
from rules.importing.outcome import Dropped, Kept, Outcome
from rules.importing.tokens import Syntax, Token

_GAP = 5
"""How many words a lone * stands for at most: Google says one or more, and names no end."""
_NUMBERS = re.compile(r"[$€£]?[0-9][0-9.,]*\.\.[$€£]?[0-9][0-9.,]*")


def _words_of_links(value: str) -> Outcome:
    outcome = carrying.field("url", value)
    message = "`url:` looks at the links of a post, where the query looks at the page's address"
    return Kept(outcome.node, "changed", message) if isinstance(outcome, Kept) else outcome


def _unknown(why: str) -> Callable[[str], Outcome]:
    return lambda _: Dropped(why)


_FIELDS: dict[str, Callable[[str], Outcome]] = {
    "site": carrying.site,
    "link": carrying.link,
    "inurl": _words_of_links,
    "allinurl": _words_of_links,
    **dict.fromkeys(("filetype", "ext"), _unknown("posts are no files")),
    **dict.fromkeys(("before", "after", "daterange"), _unknown(NO_DATE)),
    **dict.fromkeys(("location", "loc"), _unknown(NO_PLACE)),
    **dict.fromkeys(
        ("related", "cache", "info", "define", "source", "inanchor", "allinanchor", "inpostauthor"),
        _unknown("this is said of pages, not of posts"),
    ),
}
_TEXTS = {"intitle": "title", "allintitle": "title", "intext": "", "allintext": ""}


def _words(token: Token) -> Outcome:
    text = token.text
    if token.style == "quoted":
        return wildcards.phrase(text, gap=_GAP) if "*" in text.split() else carrying.quoted(text)
    if text.strip("*") == "":
        return Dropped("a * alone stands for any word", constant=True)
    if _NUMBERS.fullmatch(text):
        return Dropped("rules do not compare numbers in the text")
    if text.startswith("~"):
        outcome = carrying.word(text[1:]) if text[1:] else Dropped("nothing follows the ~")
        if isinstance(outcome, Dropped):
            return outcome
        return Kept(outcome.node, "narrowed", "words of the same meaning are not looked for")
    return carrying.word(text.lstrip("+"))


def _leaf(token: Token) -> Outcome:
    if token.field in _FIELDS:
        return _FIELDS[token.field](token.text)
    where = _TEXTS.get(token.field, "")
    return in_text(_words(token), where) if where else _words(token)


def _spread(found: Iterator[Token]) -> Iterator[Token]:
    """`allintitle:` and its kin are for every word that follows, to the next operator."""
    name = ""
    for token in found:
        if token.kind != "leaf":
            name = ""
        elif token.field:
            name = token.field if token.field.startswith("all") else ""
        yield replace(token, field=name) if name else token


GOOGLE_ALERTS = Dialect(
    name="google-alerts",
    title="Google Alerts",
    syntax=Syntax(
        operators={"AND": "AND", "OR": "OR", "|": "OR"},
        fields=frozenset({*_FIELDS, *_TEXTS}),
        near=re.compile(r"AROUND\s?\((?P<n>[0-9]{1,3})\)"),
        minus=True,
        or_first=True,
        rewrite=_spread,
    ),
    leaf=_leaf,
    remark=lambda _: (
        "Google also finds other forms of a word and synonyms, a rule what is written."
    ),
)
