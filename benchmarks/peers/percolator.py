"""perq, which files saved queries by their rarest clause and counts clauses with bit masks.

Its queries are an AND of ORs of terms, without NOT, prefixes or likeness. So the terms of a post
are given with their beginnings and with a letter left out where queries ask for such, and what the
clauses cannot say is verified.
"""

from collections.abc import Sequence

from peers.plan import AllOf, AnyOf, Like, Pairs, Plan, Start, Term, Without, planned, terms_of
from rules import KeywordRule
from rules.model import Post
from rules.text import analyse


class PerqPeer:
    """perq's matcher over a store in memory."""

    def __init__(self, rules: Sequence[KeywordRule]) -> None:
        from perq import Document, MemoryStore, Query, QueryMatcher, index

        self._document = Document
        self._rules = planned(rules)
        self._lengths = sorted({len(s.start) for s in _all(self._rules, Start)})
        self._likes = any(True for _ in _all(self._rules, Like))
        self._exact = [_clauses(one.plan)[1] and one.exact for one in self._rules]
        store = MemoryStore()
        index([Query(one.number, _clauses(one.plan)[0] or [(_ANY,)]) for one in self._rules], store)
        self._matcher = QueryMatcher(store)

    def decide(self, posts: Sequence[Post]) -> Pairs:
        """The pairs of numbers of posts and rules."""
        pairs: Pairs = []
        for number, post in enumerate(posts):
            analysis = analyse(post)
            terms = {_ANY, *terms_of(analysis)}
            for length in self._lengths:
                terms.update([f"{t[:length]}*" for t in analysis.said if len(t) >= length])
            if self._likes:
                words = [term for term in analysis.said if len(term) > 4 and term[0] not in "#@$"]
                terms.update(less for word in words for less in less_one(word))
            for rule in self._matcher.matches(self._document(terms)):
                if self._exact[rule] or self._rules[rule].holds(analysis):
                    pairs.append((number, rule))
        return pairs


_ANY = "*"


def less_one(word: str) -> list[str]:
    """The word and all that remains of it without one letter."""
    return [f"{word}~", *(f"{word[:at]}{word[at + 1 :]}~" for at in range(len(word)))]


def _clauses(plan: Plan) -> tuple[list[tuple[str, ...]], bool]:
    """Clauses of which a matching post has one term each, and whether they say it all."""
    match plan:
        case Term(term=term):
            return [(term,)], True
        case Start(start=start):
            return [(f"{start}*",)], True
        case Like(word=word):
            return [tuple(less_one(word))], False
        case AllOf(parts=parts):
            each = [_clauses(part) for part in parts]
            return [c for clauses, _ in each for c in clauses], all(exact for _, exact in each)
        case AnyOf(parts=parts):
            each = [_clauses(part) for part in parts]
            if not all(clauses for clauses, _ in each):
                return [], False
            firsts = tuple(term for clauses, _ in each for term in clauses[0])
            return [firsts], all(exact and len(clauses) == 1 for clauses, exact in each)
        case Without():
            return [], False


def _all(rules: Sequence[object], kind: type) -> list:  # type: ignore[type-arg]
    found = []
    todo = [one.plan for one in rules]  # type: ignore[attr-defined]
    while todo:
        plan = todo.pop()
        if isinstance(plan, kind):
            found.append(plan)
        todo += getattr(plan, "parts", ())
        todo += [plan.part] if isinstance(plan, Without) else []
    return found
