"""From characters to pieces: brackets, operators and leaves, with everything wrong in each.

A bad leaf leaves a piece behind, so that one mistake is told once.
"""

import re
from collections.abc import Iterator

from rules.language.commas import COMMAS, CommaReader
from rules.language.diagnostics import Notes, Repair
from rules.language.leaves import LeafReader
from rules.language.marks import BRACKETS, DASHES, ENDS_WORD, INVISIBLE, QUOTES, visible
from rules.language.operators import OperatorReader, Piece
from rules.language.tree import Span
from rules.text import fold_words

_ENDS_PHRASE = re.compile(r"[()]|\s(?:(?:OR|AND|NOT)\s|[-#@]\w|[a-z]++:\w)")
_INVISIBLE = re.compile(f"[{''.join(INVISIBLE)}]")
_ENDS_WORD = re.compile(rf"[\s{''.join(sorted(ENDS_WORD))}]")
_ENDS_PART = re.compile(rf"[\s,{''.join(sorted(ENDS_WORD))}]")
_LIST = re.compile(r"(?i)(?:([a-z_]*):)?[@\uff20]list")
_LIST_NAME = re.compile(
    r'\s{0,9}("(?:[^"\\]|\\.){0,200}+"|[^()\uff08\uff09"]{0,200}+)\s{0,9}[)\uff09]', re.DOTALL
)
_AROUND = re.compile(r"(?i)AROUND|O?NEAR")
_NAME_IN_BRACKETS = re.compile(r"\(\s*([^\W\d]\w*)\s*\)")
_IN_BRACKETS = re.compile(r"\(\s{0,9}([0-9]{1,4})\s{0,9}\)")
_SINGLE_QUOTED = re.compile(
    r"['‘‚`´‹]([^\s'‘’`´›()\"]{1,30}(?:\s[^\s'‘’`´›()\"]{1,30}){1,9})['’‘`´›](?=[\s()]|$)"
)
_CLOSES = re.compile('["“”„«»]')
_REGEX_OPTIONS = frozenset("gimsuxyU")


def pieces(notes: Notes) -> Iterator[Piece]:
    """The pieces of `notes.expression` from left to right."""
    return _Lexer(notes).run()


class _Lexer:
    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.text = notes.expression
        self.leaves = LeafReader(notes)
        self.operators = OperatorReader(notes)
        self.commas = CommaReader(notes, self.leaves.fields)
        self.counted: list[bool] = []
        """For each open bracket whether it is that of an OF, where commas part."""
        self.missing: set[str] = set()
        """Closing marks that do not come any more, so that nobody looks for them twice."""

    def run(self) -> Iterator[Piece]:
        self._note_invisible()
        at = 0
        before: Piece | None = None
        after_comma = False
        while at < len(self.text):
            sign = self.text[at]
            if sign.isspace() or sign == "\0" or sign in INVISIBLE:
                at += 1
                continue
            if sign in COMMAS and not self._parts():
                at = self.commas.alone(at)
                after_comma = True
                continue
            if not after_comma:
                self.commas.begin(at, before)
            after_comma = False
            piece = self._sign(at, before) or self._leaf(at)
            at = piece.at[1]
            before = piece
            yield piece

    def _parts(self) -> bool:
        """Whether a comma here would part what OF counts."""
        return bool(self.counted) and self.counted[-1]

    def _note_invisible(self) -> None:
        found = [match.start() for match in _INVISIBLE.finditer(self.text)]
        if found:
            count = f"{len(found)} characters" if len(found) > 1 else "a character"
            were = "were" if len(found) > 1 else "was"
            message = f"{count} that cannot be seen {were} left out"
            repair = Repair(tuple(((at, at + 1), "") for at in found))
            self.notes.warn("invisible-character", (found[0], found[0] + 1), message, repair)

    def _sign(self, at: int, before: Piece | None) -> Piece | None:
        """A bracket, a comma between what OF counts, or a minus."""
        sign = self.text[at]
        if sign == ",":
            return Piece(",", (at, at + 1))
        if sign in DASHES:
            if sign != "-":
                self._plainly(sign, "-", at)
            return Piece("NOT", (at, at + 1))
        bracket = BRACKETS.get(sign)
        if bracket is None:
            return None
        if sign != bracket:
            self._plainly(sign, bracket, at)
        if bracket == "(":
            self.counted.append(before is not None and before.kind == "OF")
            return Piece("(", (at, at + 1))
        if self.counted:
            self.counted.pop()
        return Piece(")", (at, at + 1))

    def _plainly(self, sign: str, plain: str, at: int) -> None:
        message = f"`{sign}` was read as `{plain}`"
        span = (at, at + 1)
        self.notes.warn("typographic-signs", span, message, self.notes.write(span, plain))

    def _leaf(self, at: int) -> Piece:
        """A phrase, a regular expression, or whatever reaches to the next space or bracket."""
        opening = at + 1 if self.text[at] == "=" else at
        if self.text[opening : opening + 1] in QUOTES:
            return self._phrase(at, opening)
        if self.text[at] in "'‘‚`´‹" and (match := _SINGLE_QUOTED.match(self.text, at)):
            message = "single quotation marks make no phrase: each word is looked for alone"
            repair = self.notes.write(match.span(), f'"{match[1].strip()}"')
            self.notes.warn("single-quotes", match.span(), message, repair)
        if self.text[at] == "/" and self.text[at + 1 : at + 2].strip():
            return self._regex(at)
        if self.text[at].isdigit() and (piece := self.operators.count(at)):
            return piece
        end = self._end_of_word(at)
        word = visible(self.text[at:end])
        if ("," in word or ";" in word) and not self._parts():
            word, end = self.commas.without(word, at, end)
        span = (at, end)
        if piece := self._before_bracket(word, span) or self.operators.operator(word, span):
            return piece
        if word.endswith(":") and end < len(self.text) and self.text[end] in QUOTES:
            text, after = self._quoted(end)
            leaf = self.leaves.fields.field(word[:-1], text, (at, after))
            return Piece("leaf", (at, after), leaf)
        return Piece("leaf", span, self.leaves.word(word, span))

    def _phrase(self, at: int, opening: int) -> Piece:
        text, end = self._quoted(opening)
        if self.text[end : end + 1] == "~":
            after = self._end_of_word(end)
            tail = self.text[end:after]
            if fold_words(text):
                self.leaves.near_phrase(text, tail, (at, after))
                return Piece("leaf", (at, after))
        if self.text[end : end + 1] == "*" and fold_words(text):
            self.leaves.starred_phrase(text, (at, end + 1))
            return Piece("leaf", (at, end + 1))
        leaf = self.leaves.phrase(text, (at, end), exact=opening > at)
        return Piece("leaf", (at, end), leaf)

    def _end_of_word(self, at: int) -> int:
        ends = _ENDS_PART if self._parts() else _ENDS_WORD
        match = ends.search(self.text, at + 1)
        return match.start() if match else len(self.text)

    def _before_bracket(self, word: str, at: Span) -> Piece | None:
        """What a bracket makes of the word that it directly follows: `@list(press)`."""
        if self.text[at[1] : at[1] + 1] not in BRACKETS or self.text[at[1]] in ")\uff09":
            return None
        if match := _LIST.fullmatch(word):
            return self._list(match[1] or "", at)
        if _AROUND.fullmatch(word) and (found := _IN_BRACKETS.match(self.text, at[1])):
            return self.operators.near_in_brackets(word, found[1], (at[0], found.end()))
        field, colon, name = word.rpartition(":")
        if name == "list" and (match := _NAME_IN_BRACKETS.match(self.text, at[1])):
            message = "a list is called by @list(...)"
            meant = f"{field}{colon}@list({match[1]})"
            repair = self.notes.write((at[0], match.end()), meant)
            self.notes.error("unknown-operator", at, message, repair)
            return Piece("leaf", (at[0], match.end()))
        if word.endswith(":") and word[:-1].isidentifier():
            self.leaves.fields.before_group(word[:-1], at)
            return Piece("leaf", at)
        return None

    def _list(self, field: str, at: Span) -> Piece:
        """The name of a list, up to the bracket that closes; in quotation marks it may hold one."""
        name = _LIST_NAME.match(self.text, at[1] + 1)
        if name:
            span = (at[0], name.end())
            return Piece("leaf", span, self.leaves.fields.list_name(field, name[1], span))
        end = self._end_of_word(at[1])
        opening = (at[1], at[1] + 1)
        repair = self.notes.write((end, end), ")")
        self.notes.error("unclosed-bracket", opening, "this bracket is never closed", repair)
        return Piece("leaf", (at[0], end))

    def _regex(self, at: int) -> Piece:
        """What stands between slashes; a backslash keeps the slash behind it from closing."""
        pattern, end = self._until_slash(at)
        if end < 0:
            return self._unclosed_regex(at)
        if end - at == 2:
            span = (at, end)
            message = "there is nothing between the slashes"
            self.notes.error("bad-regex", span, message, self.notes.write(span, ""))
            return Piece("leaf", span)
        after = self._end_of_word(end - 1)
        tail = self.text[end:after]
        if not tail:
            return Piece("leaf", (at, end), self.leaves.regex(pattern, (at, end)))
        span = (at, after)
        if _REGEX_OPTIONS.issuperset(tail):
            message = f"no options follow a regular expression, `{tail}`: capitals make no "
            message += "difference anyway"
            repair = self.notes.write((end, after), "")
        else:
            message = f"`{tail}` follows the regular expression; words with slashes are quoted"
            words = self.text[at:after].replace('"', "")
            repair = self.notes.write(span, f'"{words}"' if fold_words(words) else "")
        self.notes.error("bad-regex", (end, after), message, repair)
        return Piece("leaf", span)

    def _until_slash(self, at: int) -> tuple[str, int]:
        """The pattern, and where it ends behind its slash; -1 where it does not."""
        content: list[str] = []
        end = at + 1
        while "/" not in self.missing and end < len(self.text):
            sign = self.text[end]
            if sign == "/":
                return "".join(content), end + 1
            following = self.text[end + 1 : end + 2]
            if sign == "\\" and following:
                content.append("/" if following == "/" else sign + following)
                end += 2
                continue
            content.append(sign)
            end += 1
        self.missing.add("/")
        return "", -1

    def _unclosed_regex(self, at: int) -> Piece:
        end = self._end_of_word(at)
        words = self.text[at + 1 : end]
        repair = self.notes.write((at, end), f'"{words}"' if fold_words(words) else "")
        message = "a regular expression begins here and is never closed by a second /"
        self.notes.error("unclosed-regex", (at, at + 1), message, repair)
        return Piece("leaf", (at, end))

    def _quoted(self, opening: int) -> tuple[str, int]:
        """What stands between the quotation mark at `opening` and its partner, and the end.

        In straight quotes a backslash takes the next quotation mark or backslash as it is.
        """
        sign = self.text[opening]
        closing = QUOTES[sign]
        content: list[str] = []
        at = opening + 1
        end = len(self.text) if sign not in self.missing else 0
        while at < end and self.text[at] not in closing:
            if sign == '"' and self.text[at] == "\\" and self.text[at + 1 : at + 2] in ('"', "\\"):
                at += 1
            content.append(self.text[at : at + 1])
            at += 1
        text = visible("".join(content))
        if at >= end:
            self.missing.add(sign)
            return self._unclosed(opening)
        if sign != '"':
            span = (opening, at + 1)
            message = "curved quotation marks were read as straight ones"
            straight = self.notes.write(span, f'"{text.strip()}"')
            self.notes.warn("typographic-quotes", span, message, straight)
        return text, at + 1

    def _unclosed(self, opening: int) -> tuple[str, int]:
        """Take a quotation mark without partner to close where the next thing begins."""
        other = _CLOSES.search(self.text, opening + 1)
        end = other.start() if other else len(self.text)
        if following := _ENDS_PHRASE.search(self.text, opening + 1, end):
            end, other = following.start(), None
        phrase = self.text[opening + 1 : other.start() if other else end].strip()
        end = other.end() if other and phrase else end
        repair = self.notes.write((opening, end), f'"{phrase}"')
        message = f"the quotation mark {self.text[opening]} is never closed"
        self.notes.error("unclosed-quote", (opening, opening + 1), message, repair)
        return phrase, end
