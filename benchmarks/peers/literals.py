"""Engines that look for many strings in one pass over a text, before each rule is verified.

Every rule lends the rarest strings of which a matching post has one. The text is lower-cased and
without accents; the parts of CamelCase hashtags are written behind it once more, so that every word
stands between edges of words. What asks for an author, a domain or a language alone is looked up.
"""

import re
from collections.abc import Iterator, Sequence

from peers.plan import METADATA, Like, Pairs, Plan, Start, Term, needed, planned
from rules import KeywordRule
from rules.characters import fold_accents, fold_case, parts
from rules.matching.presearch import shipped_shares
from rules.model import Post
from rules.text import analyse

_TAG = re.compile(r"#(\w+)")
_ALNUM = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")


class _Literals:
    """What both have in common: strings to look for, and who is asked when one is found."""

    def __init__(self, rules: Sequence[KeywordRule]) -> None:
        self._rules = planned(rules)
        self._looked_up: dict[str, list[int]] = {}
        self._always: list[int] = []
        self._strings: dict[Plan, list[int]] = {}
        share = shipped_shares(())

        def frequency(term: str) -> float:
            if term[0] == METADATA:
                return 1e-4 if term.startswith((":from:", ":domain:")) else 0.5
            return 1e-4 if term[0] in "#@" else share(term)

        for one in self._rules:
            asked = needed(one.plan, frequency)
            if not asked:
                self._always.append(one.number)
            for plan in asked:
                if isinstance(plan, Term) and plan.term[0] == METADATA:
                    self._looked_up.setdefault(plan.term[1:], []).append(one.number)
                else:
                    self._strings.setdefault(plan, []).append(one.number)
        self._fields = {term.partition(":")[0] for term in self._looked_up}

    def _found(self, text: str) -> Iterator[Sequence[int]]:
        raise NotImplementedError

    def decide(self, posts: Sequence[Post]) -> Pairs:
        """The pairs of numbers of posts and rules."""
        pairs: Pairs = []
        for number, post in enumerate(posts):
            candidates = set(self._always)
            for rules in self._found(_searched(post)):
                candidates.update(rules)
            analysis = analyse(post)
            if self._fields <= {"from", "domain"}:
                looked_up = self._looked_up.get(f"from:{post.author.handle.lower()}")
                if looked_up:
                    candidates.update(looked_up)
                if "domain" in self._fields:
                    for term in analysis.domains:
                        candidates.update(self._looked_up.get(term, ()))
            else:
                for term in analysis.metadata:
                    candidates.update(self._looked_up.get(term, ()))
            pairs += [(number, rule) for rule in candidates if self._rules[rule].holds(analysis)]
        return pairs


def _searched(post: Post) -> str:
    text = post.text
    if "#" in text:
        for tag in _TAG.findall(text):
            if not (tag.islower() and tag.isalpha()):
                text += " " + " ".join(tag[start:end] for start, end in parts(tag))
    if text.isascii():
        return text.lower()
    return fold_accents(fold_case(text))


class AhoCorasickPeer(_Literals):
    """ahocorasick-rs: no edges of words, so what is found inside longer words is thrown away."""

    def __init__(self, rules: Sequence[KeywordRule]) -> None:
        import ahocorasick_rs

        super().__init__(rules)
        strings: dict[tuple[str, bool, bool], list[int]] = {}
        for plan, numbers in self._strings.items():
            for literal in _pieces(plan):
                strings.setdefault(literal, []).extend(numbers)
        self._edges = list(strings)
        self._numbers = list(strings.values())
        self._automaton = ahocorasick_rs.AhoCorasick([text for text, _, _ in self._edges])

    def _found(self, text: str) -> Iterator[Sequence[int]]:
        size = len(text)
        for which, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            _, begins, ends = self._edges[which]
            if (begins and start and text[start - 1] in _ALNUM) or (
                ends and end < size and text[end] in _ALNUM
            ):
                continue
            yield self._numbers[which]


def _pieces(plan: Plan) -> list[tuple[str, bool, bool]]:
    """Strings of which the text has one, and whether each begins and ends a word."""
    match plan:
        case Term(term=term):
            return [(term, term[0].isalnum(), True)]
        case Start(start=start):
            return [(start, True, False)]
        case Like(word=word):
            # One edit touches two neighbours at most: the beginning or the end stays as it is.
            half = (len(word) - 1) // 2
            return [(word[:half], True, False), (word[-half:], False, True)]
    raise NotImplementedError(type(plan))


class HyperscanPeer(_Literals):
    """Hyperscan: words with their edges as patterns, each reported once for each text."""

    def __init__(self, rules: Sequence[KeywordRule]) -> None:
        import hyperscan

        super().__init__(rules)
        self._numbers = list(self._strings.values())
        patterns = [(_pattern(plan), which) for which, plan in enumerate(self._strings)]
        single = hyperscan.HS_FLAG_SINGLEMATCH
        expressions = [(one, which) for texts, which in patterns for one in texts]
        self._which = [which for _, which in expressions]
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self._database.compile(
            expressions=[pattern for pattern, _ in expressions],
            ids=list(range(len(expressions))),
            elements=len(expressions),
            flags=[single] * len(expressions),
        )
        self._scratch = hyperscan.Scratch(self._database)

    def _found(self, text: str) -> Iterator[Sequence[int]]:
        hits: list[int] = []

        def on_match(which: int, *_: object) -> None:
            hits.append(which)

        self._database.scan(
            text.encode("utf-8", "replace"), match_event_handler=on_match, scratch=self._scratch
        )
        return (self._numbers[self._which[hit]] for hit in hits)


def _pattern(plan: Plan) -> list[bytes]:
    # Letters beyond ASCII may stand beside a word of ASCII: candidates may be too many, never few.
    match plan:
        case Term(term=term):
            before = _EDGE if term[0].isascii() and term[0].isalnum() else b""
            more = b"_" if term[0] in "#@" else b""
            after = rb"(?:[^a-z0-9" + more + rb"]|$)" if term[-1].isascii() else b""
            return [before + re.escape(term).encode() + after]
        case Start(start=start):
            return [_EDGE + re.escape(start).encode()]
        case Like(word=word):
            return [pattern.encode() for pattern in _edits(word)]
    raise NotImplementedError(type(plan))


_EDGE = rb"(?:^|[^a-z0-9])"


def _edits(word: str) -> list[str]:
    """One pattern for each half that stays as it is, with what may stand beside it."""
    half = (len(word) - 1) // 2
    few, most = len(word) - half - 1, len(word) - half + 1
    gap = f"[a-z0-9\\x80-\\xff]{{{few},{most * 4}}}"
    edge = _EDGE.decode()
    return [
        rf"{edge}{word[:half]}{gap}(?:[^a-z0-9]|$)",
        rf"{edge}{gap}{word[-half:]}(?:[^a-z0-9]|$)",
    ]
