"""One word of a rule: which tokens of a post fit it."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from rapidfuzz.distance import OSA

from rules.characters import plain
from rules.confusables import LOOKS, look_forms
from rules.evaluation.standing import Stand, remembered
from rules.text import Analysis, Token

_END = 2
_POSITION = itemgetter(1)
"""Of a token; in C."""
STEM = 3
"""Prefixes are told apart by their first letters, as many as the language demands of them."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Tokens with this term."""

    term: str

    def stand(self, analysis: Analysis) -> Stand:
        """Where the word stands in the post."""
        return remembered(analysis, self, lambda post: Stand(post, self.tokens(post)))

    def tokens(self, analysis: Analysis) -> Sequence[Token]:
        """The tokens that fit, in the order of the text."""
        return analysis.places.get(self.term, ())

    def needed(self) -> frozenset[str] | None:
        """Terms of which a post has one if any token fits, stems as `ste*`; None: not known."""
        return frozenset((self.term,))


@dataclass(frozen=True, slots=True)
class Kept(Slot):
    """Tokens with this term that have these accents."""

    kept: str

    def tokens(self, analysis: Analysis) -> Sequence[Token]:
        """The tokens that fit, in the order of the text."""
        return remembered(analysis, ("kept", self.term), self._by_accents).get(self.kept, ())

    def _by_accents(self, analysis: Analysis) -> dict[str, list[Token]]:
        return _filed((t.kept, t) for t in analysis.places.get(self.term, ()))


@dataclass(frozen=True, slots=True)
class Written(Slot):
    """Tokens with this term that the text shows so, capitals and accents included."""

    written: str

    def tokens(self, analysis: Analysis) -> Sequence[Token]:
        """The tokens that fit, in the order of the text."""
        return remembered(analysis, ("written", self.term), self._by_look).get(self.written, ())

    def _by_look(self, analysis: Analysis) -> dict[str, list[Token]]:
        text = analysis.post.text
        tokens = [t for t in analysis.places.get(self.term, ()) if t.start < t.end]
        shown = _filed((text[token.start : token.end], token) for token in tokens)
        looks = ((plain(look), token) for look, alike in shown.items() for token in alike)
        return {look: _in_order(alike) for look, alike in _filed(looks).items()}


def _filed(tokens: Iterable[tuple[str, Token]]) -> dict[str, list[Token]]:
    """Tokens by text: what a post says a thousand times is not gone through for each rule."""
    filed: dict[str, list[Token]] = {}
    for text, token in tokens:
        filed.setdefault(text, []).append(token)
    return filed


def _in_order(tokens: list[Token]) -> list[Token]:
    """The tokens in the order of the text."""
    return sorted(tokens, key=_POSITION)


def _gathered(lists: Sequence[list[Token]]) -> list[Token]:
    """The tokens of several lists in the order of the text."""
    return lists[0] if len(lists) == 1 else _in_order([token for one in lists for token in one])


@dataclass(frozen=True, slots=True)
class Alike(Slot):
    """Tokens that look like this word, letters of other scripts included."""

    forms: tuple[str, ...]
    kept: str | None
    """The accents of tokens with the very term, None where they do not count."""

    def tokens(self, analysis: Analysis) -> Sequence[Token]:
        """The tokens that fit, in the order of the text."""
        alike = remembered(analysis, ("alike", self.forms), self._alike)
        if self.kept is None:
            return alike
        return [t for t in alike if t.term != self.term or t.kept == self.kept]

    def _alike(self, analysis: Analysis) -> list[Token]:
        looks = remembered(analysis, "looks", _looks)
        found = [looks[form] for form in self.forms if form in looks]
        return _gathered(found) if len(found) < 2 else _in_order(list({*found[0], *found[1]}))

    def needed(self) -> frozenset[str]:
        """Terms of which a post has one if any token fits, stems as `ste*`."""
        return frozenset(self.forms) | {LOOKS + form for form in self.forms}


def _looks(analysis: Analysis) -> dict[str, list[Token]]:
    """The tokens of words and hashtags by the forms that they look like."""
    text = analysis.post.text
    looks: dict[str, list[Token]] = {}
    for token in analysis.tokens:
        if token.term[0] not in "@$":
            written = text[token.start : token.end] or token.term
            for form in look_forms(written, token.term):
                looks.setdefault(form, []).append(token)
    return looks


@dataclass(frozen=True, slots=True)
class Beginning(Slot):
    """Tokens that begin with this term, and with these accents where they count."""

    kept: str | None
    forms: tuple[str, ...] = ()
    """What the beginning looks like, where letters of other scripts are taken for each other."""

    def tokens(self, analysis: Analysis) -> Sequence[Token]:
        """The tokens that fit, in the order of the text."""
        if self.kept is None:
            ordered = remembered(analysis, "sorted", _sorted)
            found = [analysis.places[term] for term in _beginning(ordered, self.term)]
        else:
            kept = remembered(analysis, "kept", _kept)
            ordered = remembered(analysis, "sorted kept", lambda _post: sorted(kept))
            said = [kept[form] for form in _beginning(ordered, self.kept)]
            found = [alike for alike in said if alike[0].term.startswith(self.term)]
        if not self.forms:
            return _gathered(found) if found else ()
        looks = remembered(analysis, "looks", _looks)
        ordered = remembered(analysis, "sorted looks", lambda _post: sorted(looks))
        alike = {
            token
            for form in self.forms
            for looked in _beginning(ordered, form)
            for token in looks[looked]
            if not token.term.startswith(self.term)
        }
        return _gathered([*found, list(alike)])

    def needed(self) -> frozenset[str]:
        """Terms of which a post has one if any token fits, stems as `ste*`."""
        begins = {self.term, *self.forms, *(LOOKS + form for form in self.forms)}
        return frozenset(begin[:STEM] + "*" for begin in begins)


def _sorted(analysis: Analysis) -> list[str]:
    return sorted(analysis.places)


def _kept(analysis: Analysis) -> dict[str, list[Token]]:
    return _filed((token.kept, token) for token in analysis.tokens)


def _beginning(ordered: Sequence[str], prefix: str) -> Iterable[str]:
    for number in range(bisect_left(ordered, prefix), len(ordered)):
        if not ordered[number].startswith(prefix):
            return
        yield ordered[number]


@dataclass(frozen=True, slots=True)
class Close(Slot):
    """Tokens at most one edit from this term, or from its form with accents where they count."""

    kept: str | None
    sign: str

    def tokens(self, analysis: Analysis) -> Sequence[Token]:
        """The tokens that fit, in the order of the text."""
        kept = self.kept is not None
        word = self.term.removeprefix(self.sign) if self.kept is None else self.kept
        ends = remembered(
            analysis, ("ends", self.sign, kept), lambda post: Ends(post, self.sign, kept)
        )
        found = [ends.tokens[said] for said in ends.close(word)]
        return _gathered(found) if found else ()

    def needed(self) -> None:
        """Terms of which a post has one if any token fits: none is certain."""


class Ends:
    """The words of a post by their first letters and by their last, to find those one edit away."""

    def __init__(self, analysis: Analysis, sign: str, kept: bool) -> None:
        self.tokens: dict[str, list[Token]] = {}
        for token in analysis.tokens:
            if token.term.startswith(sign) and (sign or token.term[0] not in "#@$"):
                said = (token.kept if kept else token.term).removeprefix(sign)
                self.tokens.setdefault(said, []).append(token)
        self._ends: dict[str, list[str]] = {}
        for said in self.tokens:
            self._ends.setdefault(said[:_END] + "-", []).append(said)
            self._ends.setdefault("-" + said[-_END:], []).append(said)

    def close(self, word: str) -> set[str]:
        """The words of the post that are at most one edit from this one."""
        first, last = kept_by_an_edit(word)
        if len(first) < _END:
            among: Iterable[str] = self.tokens
        else:
            among = (
                *self._ends.get(first[:_END] + "-", ()),
                *self._ends.get("-" + last[-_END:], ()),
            )
        return {said for said in among if one_edit(said, word)}


def one_edit(one: str, other: str) -> bool:
    """Whether at most one letter is added, left out, changed, or swapped with its neighbour."""
    if not -1 <= len(one) - len(other) <= 1:
        return False
    first, last = kept_by_an_edit(other)
    if one.startswith(first) or one.endswith(last):
        return OSA.distance(one, other, score_cutoff=1) <= 1
    return False


def kept_by_an_edit(word: str) -> tuple[str, str]:
    """The first and the last letters of a word, of which one edit leaves one as it is.

    An edit touches two neighbouring letters at most, and there is one between the two.
    """
    half = (len(word) - 1) // 2
    return word[:half], word[len(word) - half :]
