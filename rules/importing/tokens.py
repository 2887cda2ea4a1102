"""A foreign query cut into brackets, operators and leaves; a `Syntax` is one way to write it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from rules.importing.mistakes import Mistakes
from rules.language.tree import Span

Kind = Literal["(", ")", "AND", "OR", "NOT", "NEAR", "leaf"]
Style = Literal["plain", "quoted", "cased", "raw", "range"]

_QUOTES = {'"': '"', "“": '”"“', "”": '”"', "„": '“”"', "«": "»"}
_ENDS_WORD = frozenset('()"“”„«»')
_FIELD = re.compile(r"([A-Za-z_]{1,30}):\s*")
_SLOP = re.compile(r"~([0-9]{1,3})(?![\w])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """One piece of a query.

    `text` is what a leaf asks for, without quotation marks and without the name of its field. A
    `(` with a `field` opens a group that is looked for in that field.
    """

    kind: Kind
    at: Span
    text: str = ""
    field: str = ""
    """The name before the colon, in lower case; empty for words of the text."""
    style: Style = "plain"
    """How a leaf was written: `"quoted"`, `{cased}`, `++raw++`, `[range]`, or plainly."""
    slop: int | None = None
    """The n of `"..."~n` and `(...)~n`."""
    distance: int = 0
    """For NEAR: how many words from one side to the other, neighbours being 1 apart."""
    ordered: bool = False


@dataclass(frozen=True, kw_only=True)
class Syntax:
    """How one dialect is written."""

    operators: Mapping[str, Kind]
    """Words that join or exclude, as they are written."""
    fields: frozenset[str]
    """Names that stand before a colon, in lower case; any other `name:` is part of a word."""
    near: re.Pattern[str] | None = None
    """An operator of nearness: group `n` counts words in between, group `ordered` fixes the order.
    Without `n` it stands for one sentence."""
    minus: bool = False
    """Whether a `-` before a part excludes it."""
    or_first: bool = False
    """Whether OR binds tighter than AND."""
    braces: bool = False
    """Whether `{...}` minds capitals."""
    pluses: bool = False
    """Whether `++...++` minds every sign."""
    comments: bool = False
    """Whether `<<<...>>>` is left out."""
    rewrite: Callable[[Iterator[Token]], Iterator[Token]] | None = None
    """What is done to the tokens before they are understood."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Leaves with brackets in them, such as `:(`, and what they are read as."""
    doubtful: Mapping[str, str] = field(default_factory=dict)
    """Operators that the dialect itself does not know, and what is said of each."""
    mixing: str = ""
    """What is said where AND and OR stand side by side without brackets; empty where it is plain
    which one binds tighter."""


SENTENCE = 10
"""The distance that stands for one sentence: what rules allow without being warned of it."""


def tokens(mistakes: Mistakes, syntax: Syntax) -> Iterator[Token]:
    """The tokens of `mistakes.query`; what is never closed is noted as an error. Linear time."""
    found = _Tokenizer(mistakes, syntax).run()
    return syntax.rewrite(found) if syntax.rewrite else found


class _Tokenizer:
    def __init__(self, mistakes: Mistakes, syntax: Syntax) -> None:
        self.mistakes = mistakes
        self.text = mistakes.query
        self.syntax = syntax
        self.signs = {word for word in syntax.operators if len(word) == 1}
        """Operators that stand between words without a space too: `a|b`."""

    def run(self) -> Iterator[Token]:
        at = 0
        while at < len(self.text):
            if self.text[at].isspace():
                at += 1
            elif self.syntax.comments and self.text.startswith("<<<", at):
                at = self._closed(at, "<<<", ">>>", "comment")[1]
            else:
                token = self._token(at)
                at = max(token.at[1], at + 1)
                yield token

    def _token(self, at: int) -> Token:
        sign = self.text[at]
        if sign == "(":
            return Token(kind="(", at=(at, at + 1))
        if sign == ")":
            return self._with_slop(Token(kind=")", at=(at, at + 1)))
        if sign == "-" and self.syntax.minus and self.text[at + 1 : at + 2].strip():
            return Token(kind="NOT", at=(at, at + 1))
        if sign in self.signs:
            return Token(kind=self.syntax.operators[sign], at=(at, at + 1), text=sign)
        for written, word in self.syntax.words.items():
            if self.text.startswith(written, at) and self._ends(at + len(written)):
                return Token(kind="leaf", at=(at, at + len(written)), text=word)
        near = self.syntax.near.match(self.text, at) if self.syntax.near else None
        if near and self._ends(near.end()):
            return _near(near)
        name = _FIELD.match(self.text, at)
        if name and name[1].lower() in self.syntax.fields and name.end() < len(self.text):
            return self._of_field(name)
        token = self._leaf(at, at)
        if token.style == "plain" and token.text in self.syntax.operators:
            return Token(kind=self.syntax.operators[token.text], at=token.at, text=token.text)
        return token

    def _of_field(self, name: re.Match[str]) -> Token:
        start, value = name.span()
        field = name[1].lower()
        if self.text[value] == "(":
            return Token(kind="(", at=(start, value + 1), field=field)
        if self.text[value] == "[":
            text, end = self._closed(value, "[", "]", "square bracket")
            return Token(kind="leaf", at=(start, end), text=text, field=field, style="range")
        return replace(self._leaf(start, value), field=field)

    def _leaf(self, start: int, at: int) -> Token:
        """What begins at `at`; the token is said to begin at `start`."""
        sign = self.text[at]
        style: Style = "plain"
        if sign in _QUOTES:
            text, end = self._quoted(at)
            style = "quoted"
        elif sign == "{" and self.syntax.braces:
            text, end = self._closed(at, "{", "}", "brace")
            style = "cased"
        elif self.syntax.pluses and self.text.startswith("++", at):
            text, end = self._closed(at, "++", "++", "++")
            style = "raw"
        else:
            end = at + 1 if start == at else at
            while not self._ends(end):
                end += 1
            text = self.text[at:end]
        token = Token(kind="leaf", at=(start, end), text=text, style=style)
        return self._with_slop(token) if style == "quoted" else token

    def _ends(self, at: int) -> bool:
        if at >= len(self.text):
            return True
        sign = self.text[at]
        return sign.isspace() or sign in _ENDS_WORD or sign in self.signs

    def _with_slop(self, token: Token) -> Token:
        slop = _SLOP.match(self.text, token.at[1])
        if not slop:
            return token
        return replace(token, at=(token.at[0], slop.end()), slop=int(slop[1]))

    def _closed(self, at: int, opening: str, closing: str, called: str) -> tuple[str, int]:
        """What stands between two marks, and the end; without the second, what follows."""
        end = self.text.find(closing, at + len(opening))
        if end < 0:
            span = (at, at + len(opening))
            self.mistakes.add("unclosed-bracket", span, f"this {called} is never closed")
            return self.text[at + len(opening) :], len(self.text)
        return self.text[at + len(opening) : end], end + len(closing)

    def _quoted(self, opening: int) -> tuple[str, int]:
        """What stands in quotation marks, and the end; a backslash takes the next mark as it is."""
        closing = _QUOTES[self.text[opening]]
        content: list[str] = []
        at = opening + 1
        while at < len(self.text) and self.text[at] not in closing:
            if self.text[at] == "\\" and self.text[at + 1 : at + 2] in ('"', "\\"):
                at += 1
            content.append(self.text[at])
            at += 1
        if at >= len(self.text):
            sign = self.text[opening]
            span = (opening, opening + 1)
            self.mistakes.add("unclosed-quote", span, f"the quotation mark {sign} is never closed")
        return " ".join("".join(content).split()), min(at + 1, len(self.text))


def _near(match: re.Match[str]) -> Token:
    found = match.groupdict()
    between = found.get("n")
    return Token(
        kind="NEAR",
        at=match.span(),
        text=match[0],
        distance=SENTENCE if between is None else int(between) + 1,
        ordered=bool(found.get("ordered")),
    )
