"""Commas and semicolons, which join nothing outside of `2 OF (a, b)`, and what they stood for."""

import re

from rules.language.diagnostics import Notes, Repair
from rules.language.fields import FieldReader
from rules.language.operators import Piece
from rules.language.tree import Span

COMMAS = ",;"

_WITHIN_WORD = re.compile(r"(?<=[^\W\d])[,;]+(?=[^\W_])|(?<=\d)[,;]+(?=[^\W\d_])")
_NEXT_OPERATOR = re.compile(r"(?i)\s*(?:(?:AND|OR|NOT|ET|OU|UND|ODER)\s|[),\uff09]|$)")
_LISTED = re.compile(r'(?:\s*+[,;]++\s*+(?!-)(?:"[^"]*+"|[^\s,;()":]++(?!:)))++')
_LONGEST_VALUES = 200
_AFTER_FIELD = re.compile(r"([a-z]++):([^\s:,;()\"]++)$", re.IGNORECASE)
_ENDS_ALTERNATIVES = re.compile(r"\s*(?:OR\s|[),\uff09]|$)")


class CommaReader:
    """Notes commas, with the alternatives that were probably meant by what they divide."""

    def __init__(self, notes: Notes, fields: FieldReader) -> None:
        self.notes = notes
        self.text = notes.expression
        self.fields = fields
        self._behind = ""
        """Of what may be the first of several, the kind of piece before it."""
        self._list = (0, 0)
        """Where that begins, and the end of the list as far as it was looked for."""
        self._values_end = 0
        self._values_repair: Repair | None = None
        """The help for the values of one field up to `_values_end`."""

    def begin(self, at: int, before: Piece | None) -> None:
        """Take what begins at `at` for the first of several with commas between."""
        self._behind = before.kind if before else ""
        self._list = (at, at)

    def alone(self, at: int) -> int:
        """Note a comma by itself, and give where it ends."""
        end = at
        while end < len(self.text) and self.text[end] in COMMAS:
            end += 1
        self._warn((at, end))
        return end

    def without(self, word: str, at: int, end: int) -> tuple[str, int]:
        """The word from `at` to `end` without the commas at its end, and where it ends then.

        Within a word a comma divides as a hyphen does; it is noted unless it stands in a number.
        """
        bare = word.rstrip(COMMAS)
        shorter = end - (len(word) - len(bare))
        if bare != word and self.text[shorter:end] == word[len(bare) :]:
            word, end = bare, shorter
        if "/" not in word and ":" not in word:
            for match in _WITHIN_WORD.finditer(word):
                self._warn((at + match.start(), at + match.end()))
        return word, end

    def _warn(self, at: Span) -> None:
        before = self.text[max(0, at[0] - 20) : at[0]].rstrip()
        joins = before and not before.endswith(("(", "AND", "OR", "NOT", "-"))
        repair = self.notes.write(at, "")
        if joins and not _NEXT_OPERATOR.match(self.text, at[1]):
            repair = self._values(at) or self._in_brackets(at) or self.notes.write(at, " OR ")
        sign = "semicolon" if self.text[at[0]] == ";" else "comma"
        self.notes.warn("comma", at, f"a {sign} joins nothing", repair)

    def _values(self, comma: Span) -> Repair | None:
        """The help for `lang:fr, en`: each value behind its field; None for other commas."""
        if comma[0] < self._values_end:
            return self._values_repair
        begin = max(0, comma[0] - 60)
        field = _AFTER_FIELD.search(self.text, begin, comma[0])
        listed = _LISTED.match(self.text, comma[0], comma[0] + _LONGEST_VALUES)
        if not field or not listed:
            return None
        name = field[1].lower()
        values = re.split(r"\s*[,;]+\s*", listed[0].strip(" ,;"))
        if not self.fields.takes(name, values):
            return None
        each = " OR ".join(f"{name}:{value}" for value in (field[2], *values))
        self._values_end = listed.end()
        self._values_repair = self.notes.write((field.start(), listed.end()), f"({each})")
        return self._values_repair

    def _in_brackets(self, comma: Span) -> Repair | None:
        """The help that puts a list in brackets, where more is joined to it; None elsewhere."""
        if self._behind not in ("", "(", "NOT", "AND"):
            return None
        start, end = self._list
        if end <= comma[0]:
            match = _LISTED.match(self.text, comma[0])
            if not match:
                return self.notes.write(comma, "")
            end = match.end()
            self._list = (start, end)
        if self._behind in ("", "(") and _ENDS_ALTERNATIVES.match(self.text, end):
            return None
        return Repair((((start, start), "("), (comma, " OR "), ((end, end), ")")))
