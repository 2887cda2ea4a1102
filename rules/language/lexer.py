"""From characters to pieces: brackets, operators and leaves, with everything wrong in each.

A bad leaf leaves a piece behind, so that one mistake is told once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rules.language.diagnostics import Notes
from rules.language.leaves import LeafReader
from rules.language.tree import Leaf, Span

PieceKind = Literal["(", ")", "AND", "OR", "NOT", "leaf"]

_SIGNS: dict[str, PieceKind] = {"(": "(", ")": ")", "-": "NOT"}
_OPERATORS: dict[str, PieceKind] = {"AND": "AND", "OR": "OR", "NOT": "NOT"}
_FOREIGN_OPERATORS = {"&&": "AND", "&": "AND", "||": "OR", "|": "OR", "!": "NOT", "+": "AND"}
_QUOTES = {'"': '"', "“": "”", "”": "”", "„": "“”", "«": "»"}
_ENDS_WORD = frozenset('()"“”„«»')
_ENDS_PHRASE = re.compile(r"\s*[()]|\s+(?:(?:OR|AND|NOT)\s|[-#@]\w|[a-z]+:\w)")


@dataclass(frozen=True, slots=True)
class Piece:
    """One bracket, operator or leaf; `leaf` is None where it was bad and has been reported."""

    kind: PieceKind
    at: Span
    leaf: Leaf | None = None


def pieces(notes: Notes) -> Iterator[Piece]:
    """The pieces of `notes.expression` from left to right."""
    return _Lexer(notes).run()


class _Lexer:
    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.text = notes.expression
        self.leaves = LeafReader(notes)

    def run(self) -> Iterator[Piece]:
        at = 0
        while at < len(self.text):
            sign = self.text[at]
            if sign.isspace() or sign == "\0":
                at += 1
                continue
            piece = self._bracket_or_minus(at) or self._leaf(at)
            at = piece.at[1]
            yield piece

    def _bracket_or_minus(self, at: int) -> Piece | None:
        sign = self.text[at]
        kind = _SIGNS.get(sign)
        return Piece(kind, (at, at + 1)) if kind else None

    def _leaf(self, at: int) -> Piece:
        """A phrase, or whatever reaches to the next space, bracket or quotation mark."""
        opening = at + 1 if self.text[at] == "=" else at
        if self.text[opening : opening + 1] in _QUOTES:
            text, end = self._quoted(opening)
            leaf = self.leaves.phrase(text, (at, end), exact=opening > at)
            return Piece("leaf", (at, end), leaf)
        end = at + 1
        while end < len(self.text) and not self._ends_word(end):
            end += 1
        word = self.text[at:end]
        if word.endswith(",") and word.rstrip(","):
            word = self._without_comma(word, (at, end))
        if word in _OPERATORS:
            return Piece(_OPERATORS[word], (at, end))
        if word in _FOREIGN_OPERATORS:
            return self._foreign_operator(word, (at, end))
        if word.endswith(":") and end < len(self.text) and self.text[end] in _QUOTES:
            text, after = self._quoted(end)
            return Piece("leaf", (at, after), self.leaves.field(word[:-1], text, (at, after)))
        return Piece("leaf", (at, end), self.leaves.word(word, (at, end)))

    def _without_comma(self, text: str, at: Span) -> str:
        word = text.rstrip(",")
        joins = word not in _OPERATORS and self.text[at[1] :].strip()
        repair = self.notes.write(at, f"{word} OR" if joins else word)
        self.notes.warn("comma", (at[0] + len(word), at[1]), "a comma joins nothing", repair)
        return word

    def _ends_word(self, at: int) -> bool:
        sign = self.text[at]
        return sign in _ENDS_WORD or sign.isspace()

    def _foreign_operator(self, word: str, at: Span) -> Piece:
        ours = _FOREIGN_OPERATORS[word]
        repair = self.notes.write(at, ours)
        self.notes.error("unknown-operator", at, f"`{word}` has no meaning here", repair)
        return Piece("leaf", at)

    def _quoted(self, opening: int) -> tuple[str, int]:
        """What stands between the quotation mark at `opening` and its partner, and the end.

        In straight quotes a backslash takes the next quotation mark or backslash as it is.
        """
        sign = self.text[opening]
        closing = _QUOTES[sign]
        if all(self.text.find(mark, opening + 1) < 0 for mark in closing):
            return self._unclosed(opening)
        content: list[str] = []
        at = opening + 1
        while at < len(self.text) and self.text[at] not in closing:
            if sign == '"' and self.text[at] == "\\" and self.text[at + 1 : at + 2] in ('"', "\\"):
                at += 1
            content.append(self.text[at])
            at += 1
        text = "".join(content)
        if at == len(self.text):
            return self._unclosed(opening)
        if sign != '"':
            span = (opening, at + 1)
            message = "curved quotation marks were read as straight ones"
            straight = self.notes.write(span, f'"{text.strip()}"')
            self.notes.warn("typographic-quotes", span, message, straight)
        return text, at + 1

    def _unclosed(self, opening: int) -> tuple[str, int]:
        """Take a quotation mark without partner to close where the next thing begins."""
        following = _ENDS_PHRASE.search(self.text, opening + 1)
        end = following.start() if following else len(self.text)
        phrase = self.text[opening + 1 : end].strip()
        repair = self.notes.write((opening, end), f'"{phrase}"')
        message = f"the quotation mark {self.text[opening]} is never closed"
        self.notes.error("unclosed-quote", (opening, opening + 1), message, repair)
        return phrase, end
