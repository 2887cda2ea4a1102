"""A second evaluator, as plain as can be: lists of places, all pairs, no index and no haste.

It reads trees and analyses as `rules.evaluator` does and has no line in common with how that works.
"""

import re
from datetime import timedelta
from itertools import pairwise
from urllib.parse import unquote, urlsplit

import re2
from rapidfuzz.distance import OSA

from rules.characters import LINK, fold_accents, fold_case, plain, scanner
from rules.confusables import look_forms
from rules.evaluator import MOST_SPANS, Reading
from rules.language.tree import (
    And,
    AtLeast,
    Cashtag,
    Emoji,
    Exact,
    Field,
    Fuzzy,
    Hashtag,
    Mention,
    Near,
    Node,
    Not,
    Or,
    Prefix,
    Range,
    Regex,
)
from rules.metadata import fold_domain, fold_handle
from rules.signals.language import detect, language_of
from rules.signals.sentiment import tone
from rules.signs import find_signs
from rules.text import Analysis, Token

Place = tuple[int, int, tuple[tuple[int, int], ...]]
"""First and last position, and the spans of the words that stand there."""
FAR = 10_000


class Oracle:
    """What one post means to rules read in one way."""

    def __init__(self, reading: Reading, analysis: Analysis) -> None:
        self.reading = reading
        self.post = analysis.post
        self.metadata = analysis.metadata
        self.tokens = analysis.tokens

    def spans(self, node: Node) -> tuple[tuple[int, int], ...] | None:
        """What `evaluate` gives, of posts that say nothing `MOST_SPANS` times."""
        found = self._find(node)
        if found is None:
            return None
        covered: list[tuple[int, int]] = []
        for start, end in sorted({span for span in found if span[0] < span[1]}):
            if covered and start < covered[-1][1]:
                covered[-1] = (covered[-1][0], max(covered[-1][1], end))
            else:
                covered.append((start, end))
        return tuple(covered[:MOST_SPANS])

    def _find(self, node: Node) -> list[tuple[int, int]] | None:
        match node:
            case And(parts=parts):
                found = [self._find(part) for part in parts]
                return None if None in found else [s for one in found for s in one or ()]
            case Or(parts=parts):
                return self._at_least(1, parts)
            case AtLeast(count=count, parts=parts):
                return self._at_least(count, parts)
            case Not(part=part):
                return [] if self._find(part) is None else None
            case Field(name="mentions", value=handle):
                return self._find(Mention(text=handle))
            case Field() | Range():
                return [] if self._holds(node) else None
            case Regex(pattern=pattern):
                options = re2.Options()
                options.case_sensitive = False
                text = self.post.text.encode("utf-8", "replace").decode()
                return [m.span() for m in re2.compile(pattern, options).finditer(text)] or None
            case _:
                places = self._places(node)
                return [span for place in places for span in place[2]] or None

    def _at_least(self, count: int, parts: tuple[Node, ...]) -> list[tuple[int, int]] | None:
        found = [one for one in map(self._find, parts) if one is not None]
        return [span for one in found for span in one] if len(found) >= count else None

    # --- words -----------------------------------------------------------------------------------

    def _places(self, node: Node) -> list[Place]:
        match node:
            case Or(parts=parts):
                return [place for part in parts for place in self._places(part)]
            case Near(left=left, right=right, distance=distance, ordered=ordered):
                lefts, rights = self._places(left), self._places(right)
                pairs = [(a, b) for a in lefts for b in rights]
                if not ordered:
                    pairs += [(b, a) for a in lefts for b in rights]
                return [(a[0], b[1], a[2] + b[2]) for a, b in pairs if 1 <= b[0] - a[1] <= distance]
            case _:
                return self._runs(node)

    def _runs(self, leaf: Node) -> list[Place]:
        """Every run of tokens that fits the words of the leaf, one after the other."""
        wanted = [leaf.text] if isinstance(leaf, Hashtag | Mention | Cashtag) else _words(leaf.text)
        runs: list[list[Token]] = [[]] if wanted else []
        for word in wanted:
            runs = [
                [*run, token]
                for run in runs
                for token in self.tokens
                if (not run or self._follows(run[-1], token))
                and (not run or _sign(run[0]) == _sign(token))
                and self._fits(leaf, word, token, last=len(run) == len(wanted) - 1)
            ]
        if isinstance(leaf, Exact) and leaf.phrase:
            runs = [run for run in runs if self._same_punctuation(leaf.text, run)]
        return [self._place(run) for run in runs]

    def _place(self, run: list[Token]) -> Place:
        first, last = self._position(run[0]), self._position(run[-1])
        if len(run) == 1:
            first, last = self._extent(run[0])
        return first, last, ((run[0].start, run[-1].end),)

    def _follows(self, token: Token, other: Token) -> bool:
        return self._position(other) == self._position(token) + 1

    def _position(self, token: Token) -> int:
        """What the text does not show is far from the text, and each from the next."""
        if token.start < token.end:
            return token.position
        before = {t.position for t in self.tokens if t.start == t.end}
        apart = sum(1 for at in before if at - 1 not in before and at <= token.position)
        return token.position + apart * FAR

    def _extent(self, token: Token) -> tuple[int, int]:
        """The positions of a whole hashtag, or handle, are those of all its words."""
        if token.term[0] in "#@" and not token.term.startswith("@/"):
            words = [t for t in self.tokens if self._inside(t, token)]
        else:
            words = [
                t
                for t in self.tokens
                if t.term == token.term
                and (t.start, t.end) == (token.start, token.end)
                and abs(t.position - token.position) < 10
            ]
        places = [self._position(t) for t in (token, *words)]
        return min(places), max(places)

    def _inside(self, token: Token, sign: Token) -> bool:
        if sign.start < sign.end:
            return sign.start <= token.start < sign.end
        return token.start == token.end and 0 <= token.position - sign.position < 10

    def _fits(self, leaf: Node, word: str, token: Token, *, last: bool) -> bool:
        kept = fold_case(word)
        term = fold_accents(kept)
        sign = _sign(token)
        match leaf:
            case Mention():
                return token.term == "@" + fold_handle(word)
            case Cashtag():
                return token.term == "$" + fold_case(word)
            case Emoji():
                return token.term == term
            case Hashtag():
                return self._same(token, "#" + term, "#" + kept, "#" + word)
        if sign and not (sign == "@/" and self.reading.handles):
            return False
        match leaf:
            case Exact():
                shown = self.post.text[token.start : token.end]
                return bool(shown) and token.term == sign + term and plain(shown) == plain(word)
            case Prefix() if last:
                return self._begins(token, sign, term, kept, word)
            case Fuzzy() if self.reading.fold_accents:
                return OSA.distance(token.term.removeprefix(sign), term) <= 1
            case Fuzzy():
                return OSA.distance(token.kept.removeprefix(sign), kept) <= 1
        return self._same(token, sign + term, sign + kept, word)

    def _same(self, token: Token, term: str, kept: str, written: str) -> bool:
        if token.term == term:
            return self.reading.fold_accents or token.kept == kept
        return bool(self._looks(token) & set(look_forms(written, term)))

    def _begins(self, token: Token, sign: str, term: str, kept: str, written: str) -> bool:
        if token.term.startswith(sign + term):
            return self.reading.fold_accents or token.kept.startswith(sign + kept)
        forms = look_forms(written, term)
        return any(look.startswith(form) for look in self._looks(token) for form in forms)

    def _looks(self, token: Token) -> set[str]:
        if not self.reading.confusables or token.term[0] in "@$":
            return set()
        shown = self.post.text[token.start : token.end]
        return set(look_forms(shown or token.term, token.term))

    def _same_punctuation(self, wanted: str, run: list[Token]) -> bool:
        spans = [match.span() for match in scanner(wanted).words.finditer(wanted)]
        found = _gaps(self.post.text, [(token.start, token.end) for token in run])
        asked = _gaps(wanted, spans)
        return (
            found[1:-1] == asked[1:-1]
            and found[0].endswith(asked[0])
            and found[-1].startswith(asked[-1])
        )

    # --- conditions ------------------------------------------------------------------------------

    def _holds(self, node: Field | Range) -> bool:
        if isinstance(node, Range):
            number = self._number(node)
            low = float("-inf") if node.low is None else node.low
            high = float("inf") if node.high is None else node.high
            return number is not None and low <= number <= high
        match node.name, node.value:
            case "is", "own":
                return any(term in self.metadata for term in self.reading.own)
            case "from" | "to", value:
                return f"{node.name}:{fold_handle(value)}" in self.metadata
            case "domain", value:
                return f"domain:{fold_domain(value)}" in self.metadata
            case "bio", value:
                return self._says(self.post.author.bio, value)
            case "url", value:
                shown = [s.text for s in find_signs(self.post)[0] if s.kind == LINK]
                links = map(_after_host, (*self.post.links, *shown))
                return any(self._says(text, value) for text in (*links, *self.post.titles))
            case "sentiment", value:
                return tone(self.post.text, self._language(), self.reading.names).label == value
            case "lang", value:
                stated = [term for term in self.metadata if term.startswith("lang:")]
                languages = tuple(sorted(self.reading.languages))
                if stated or value not in languages:
                    return f"lang:{value}" in stated
                return detect(self.post, languages) == value
            case name, value:
                return f"{name}:{fold_case(value)}" in self.metadata

    def _language(self) -> str | None:
        return language_of(self.post, self.reading.languages)

    def _number(self, node: Range) -> float | None:
        if node.name == "age":
            created = self.post.author.created
            return None if created is None else (self.post.posted_at - created) / timedelta(0, 1)
        found: float | None = getattr(
            self.post.author if node.name == "followers" else self.post, node.name
        )
        return found

    def _says(self, text: str, wanted: str) -> bool:
        said, asked = _words(text), _words(wanted)
        return bool(asked) and any(
            len(said) >= at + len(asked)
            and all(self._alike(a, b) for a, b in zip(asked, said[at:], strict=False))
            for at in range(len(said))
        )

    def _alike(self, wanted: str, said: str) -> bool:
        kept, term = fold_case(said), fold_accents(fold_case(said))
        if term == fold_accents(fold_case(wanted)):
            return self.reading.fold_accents or kept == fold_case(wanted)
        looks = look_forms(wanted, fold_accents(fold_case(wanted)))
        return self.reading.confusables and bool(set(looks) & set(look_forms(said, term)))


def _sign(token: Token) -> str:
    """What tells the term from a word of the text."""
    return "@/" if token.term.startswith("@/") else token.term[0] * (token.term[0] in "#@$")


def _words(text: str) -> list[str]:
    return scanner(text).words.findall(text)


def _after_host(link: str) -> str:
    parts = urlsplit(link if "//" in link else "//" + link)
    return unquote(" ".join((parts.path, parts.query, parts.fragment)), errors="replace")


def _gaps(text: str, spans: list[tuple[int, int]]) -> list[str]:
    """The punctuation before, between and after some words, as the eye takes it."""
    first, last = spans[0][0], spans[-1][1]
    gaps = [text[max(0, first - 20) : first]]
    gaps += [text[a[1] : b[0]] for a, b in pairwise(spans)]
    gaps.append(text[last : last + 20])
    straight = str.maketrans("’‘“”", "''\"\"")
    return [re.sub(r"\s+", " ", plain(gap).translate(straight)) for gap in gaps]
