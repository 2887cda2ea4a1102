"""Operators as words: `AND`, `NEAR/5`, `2 OF`, and what people write instead of them."""

import re
from typing import Literal, NamedTuple

from rules.language.diagnostics import Notes, Repair
from rules.language.tree import Leaf, Reference, Span

PieceKind = Literal["(", ")", ",", "AND", "OR", "NOT", "NEAR", "OF", "leaf"]

FARTHEST = 100
"""The largest distance of NEAR."""

_PLAIN: dict[str, PieceKind] = {"AND": "AND", "OR": "OR", "NOT": "NOT"}
_FOREIGN = {"&&": "AND", "&": "AND", "||": "OR", "|": "OR", "/": "OR", "!": "NOT", "+": "AND"}
_NEAR = re.compile(r"(O?)NEAR(?:/([0-9]+))?")
_NEARLY = re.compile(
    r"(O?NEAR|NERA|NAER|ENAR|NEER|NEAER|NER|NR|W|N|PRE|WITHIN|AROUND)[/~:=\u2044-]?([0-9]{1,4})(F?)",
    re.IGNORECASE,
)
_COUNT = re.compile(r"([0-9]{1,6})\s+OF\s*(?=[(\uff08])")
_COUNT_IN_LOWER_CASE = re.compile(r"([0-9]{1,6})(\s+[Oo]f|[Oo][Ff])\s*(?=[(\uff08][^()\"“”„«»/]*,)")
_COUNT_WITHOUT_BRACKET = re.compile(
    r"[0-9]{1,3}\s+OF\s+(?:([\w#@$*]++(?:\s*+,\s*+[\w#@$*]++){1,50}+)(?=\s|$)|(?=\S))"
)
_NUMBER = re.compile(r"\s+[/\\]?\s*([0-9]{1,4})(?=\s|$)")
_NO_NUMBER = re.compile(r"(O?NEAR)[/\\:~]([0-9]{0,3})(.*)", re.DOTALL)
_MISSPELT = {
    "ANDD": "AND", "AAND": "AND", "ANND": "AND",
    "ORR": "OR", "OOR": "OR", "NOTT": "NOT", "NNOT": "NOT", "NTO": "NOT",
    "ANDNOT": "AND NOT", "AND-NOT": "AND NOT", "SENTENCE": "NEAR/10",
    "WITHOUT": "NOT", "EXCEPT": "NOT", "SAUF": "NOT", "SANS": "NOT", "PAS": "NOT",
    "NICHT": "NOT", "OHNE": "NOT",
}  # fmt: skip


class Piece(NamedTuple):
    """One bracket, operator or leaf; `leaf` is None where it was bad and has been reported."""

    kind: PieceKind
    at: Span
    leaf: Leaf | Reference | None = None
    number: int = 0
    """The distance of NEAR, the count of OF."""
    ordered: bool = False


class OperatorReader:
    """Makes operators of words; None where a word is none."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.text = notes.expression

    def operator(self, word: str, at: Span) -> Piece | None:
        """The operator that the word is, or is meant to be, which is noted."""
        if word.isalpha() and not word.isupper():  # as most words
            return None
        if word in _PLAIN:
            return Piece(_PLAIN[word], at)
        if word in _FOREIGN:
            repair = self.notes.write(at, _FOREIGN[word])
            self.notes.error("unknown-operator", at, f"`{word}` has no meaning here", repair)
            return Piece("leaf", at)
        if match := _NEAR.fullmatch(word):
            return self._near(match, at)
        if (match := _NEARLY.fullmatch(word)) and self._is_near(match):
            return self._nearly(match, at)
        if match := _NO_NUMBER.fullmatch(word):
            return self._bad_number(match, at)
        if word in _MISSPELT and self._between(at):
            meant = _MISSPELT[word]
            message = f"`{word}` is looked for as a word; did you mean {meant}?"
            self.notes.warn("misspelt-operator", at, message, self.notes.write(at, meant))
        return None

    def count(self, at: int) -> Piece | None:
        """`2 OF` before a bracket."""
        if match := _COUNT.match(self.text, at):
            return Piece("OF", (at, match.end()), number=int(match[1]))
        if match := _COUNT_IN_LOWER_CASE.match(self.text, at):
            written = match[2].strip() if match[2][0].isspace() else match[0].rstrip()
            message = f"`{written}` has no meaning here; did you mean {match[1]} OF?"
            place = (match.end(2) - len(written), match.end(2))
            repair = self.notes.write(match.span(2), " OF")
            self.notes.error("unknown-operator", place, message, repair)
            return Piece("OF", (at, match.end()), number=int(match[1]))
        if match := _COUNT_WITHOUT_BRACKET.match(self.text, at):
            message = "what OF counts stands in brackets, with commas between"
            mended: Repair | str = "such as: 2 OF (acme, orange, renault)"
            if match[1]:
                mended = self.notes.write(match.span(1), f"({match[1]})")
            self.notes.error("dangling-operator", (at, match.end()), message, mended)
            return Piece("leaf", (at, match.end()))
        return None

    def _near(self, match: re.Match[str], at: Span) -> Piece:
        name, ordered = match[0].partition("/")[0], bool(match[1])
        if match[2] is None:
            number = _NUMBER.match(self.text, at[1])
            slash = at[1] < len(self.text) and self.text[at[1]] == "("
            end = number.end() if number and not slash else at[1]
            distance = number[1] if number and 1 <= int(number[1]) <= FARTHEST else "5"
            message = f"{name} lacks its number of words: {name}/5 is within 5 words"
            repair = self.notes.write((at[0], end), f"{name}/{distance}")
            joins = self._between((at[0], end))
            if not joins:
                repair = self.notes.write(at, f'"{name}"')
            self.notes.error("bad-distance", at, message, repair)
            if not joins:
                return Piece("leaf", at)
            return Piece("NEAR", (at[0], end), number=5, ordered=ordered)
        distance = match[2].lstrip("0") or "0"
        if len(distance) > 3 or not 1 <= int(distance) <= FARTHEST:
            message = f"the number of words is from 1 to {FARTHEST}"
            meant = f"{name}/{1 if distance == '0' else FARTHEST}"
            self.notes.error("bad-distance", at, message, self.notes.write(at, meant))
            distance = "5"
        return Piece("NEAR", at, number=int(distance), ordered=ordered)

    def _bad_number(self, match: re.Match[str], at: Span) -> Piece:
        """Note `NEAR/five`, `NEAR/5word`, `NEAR/ 5`."""
        name, digits, rest = match.groups()
        number = None if digits or rest else _NUMBER.match(self.text, at[1])
        end = number.end() if number else at[1] - len(rest) * bool(digits)
        distance = int(digits or (number[1] if number else "5"))
        meant = f"{name}/{min(max(distance, 1), FARTHEST)}"
        message = f"a number of words follows {name}/, from 1 to {FARTHEST}"
        written = meant + " " * bool(digits and rest)
        self.notes.error("bad-distance", at, message, self.notes.write((at[0], end), written))
        return Piece("NEAR", (at[0], end), number=5, ordered=name == "ONEAR")

    def _is_near(self, match: re.Match[str]) -> bool:
        """Whether `near/5` and the like is meant as an operator, rather than a name like `w3`."""
        slash = match[0][len(match[1])] == "/"
        return slash or (match[1].upper() in ("NEAR", "ONEAR") and match[1].isupper())

    def _nearly(self, match: re.Match[str], at: Span) -> Piece:
        ordered = bool(match[3]) or match[1].lower() in ("onear", "pre")
        name = "ONEAR" if ordered else "NEAR"
        meant = f"{name}/{min(max(int(match[2]), 1), FARTHEST)}"
        message = f"`{match[0]}` has no meaning here; did you mean {meant}?"
        self.notes.error("unknown-operator", at, message, self.notes.write(at, meant))
        return Piece("NEAR", at, number=5, ordered=ordered)

    def near_in_brackets(self, word: str, inside: str, at: Span) -> Piece:
        """Note `AROUND(5)` and `NEAR(5)`, as other languages write them."""
        number = inside.strip()
        meant = f"NEAR/{min(max(int(number), 1), FARTHEST)}"
        message = f"`{word}({inside})` has no meaning here; did you mean {meant}?"
        self.notes.error("unknown-operator", at, message, self.notes.write(at, meant))
        return Piece("NEAR", at, number=5)

    def _between(self, at: Span) -> bool:
        """Whether something stands on either side that an operator could join."""
        before = self.text[max(0, at[0] - 20) : at[0]].rstrip()
        after = self.text[at[1] : at[1] + 20].lstrip()
        return (
            bool(before) and before[-1] not in "(,\uff08" and bool(after) and after[0] not in "),"
        )
