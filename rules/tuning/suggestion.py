"""From what people called irrelevant to a change of the rule: what to exclude, or to ask for.

Pure. A post is taken apart into *traits*, each of which is an expression of the rule language: a
word, two neighbouring words, a hashtag, an account, a domain, a language. Traits that irrelevant
posts have, and relevant ones lack, are put behind a `-`; where relevant posts share traits that
others lack, one of these can be asked for.

The judgements are few, so three things guard against chance. A trait's worth is estimated with a
prior (m-estimate, Cestnik 1990): what was seen twice counts for little. It is applied to all that
the rule finds, also to what nobody judged, so that a common word is dear. And what the whole
procedure would do is tried on judgements that it has not seen before it is offered.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rules.language.tree import And, Node, Not, Or
from rules.text import Analysis
from rules.tuning.quality import Quality
from rules.tuning.traits import Trait, simplicity, traits

FEWEST = 5
"""Irrelevant posts below which nothing is suggested."""
FEWEST_RELEVANT = 3
"""Relevant posts below which nothing could tell a good change from one that finds nothing."""
MOST_EXCLUDED = 5
MOST_ASKED = 8
"""Alternatives of which one is asked for."""
SUPPORT = 2
"""Judged posts that a trait must have at least."""
PRIOR = 1.0
"""How many judgements the general share of relevant posts weighs in the estimate of a trait."""
COST = 0.002
"""What each further term must better the estimated F1 by."""
FOLDS = 10
BULK = 0.15
"""How much more than their estimated share of irrelevant posts may be lost of those not judged."""
Kind = Literal["exclude", "require"]
GAIN: dict[Kind, float] = {"exclude": 0.005, "require": 0.02}
"""What a change must better the F1 by on judgements left out. An exclusion touches only what has
its few words; what is asked for touches everything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A post that the rule finds, and what a person said of it; None where nobody judged."""

    analysis: Analysis
    relevant: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One term of a suggestion, and the posts it stands on."""

    trait: Trait
    irrelevant: int
    relevant: int
    unjudged: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """A change of a rule."""

    kind: Kind
    evidence: tuple[Evidence, ...]
    before: Quality
    """On the judged posts, all of which the rule finds."""
    after: Quality
    """The same with the change."""
    foreseen: tuple[float, float]
    """F1 without and with a change so made, on judgements that were left out in making it."""

    @property
    def terms(self) -> tuple[Node, ...]:
        """What is excluded, or of what one is asked for."""
        return tuple(one.trait for one in self.evidence)

    def applied(self, tree: Node) -> Node:
        """The tree of the rule with the change."""
        terms = self.terms[0] if len(self.terms) == 1 else Or(parts=self.terms)
        added: Node = Not(part=terms) if self.kind == "exclude" else terms
        parts = tree.parts if isinstance(tree, And) else (tree,)
        return And(parts=(*parts, added))


@dataclass(frozen=True, kw_only=True, slots=True)
class TooFew:
    """Nothing can be suggested yet."""

    irrelevant: int
    relevant: int
    why: str


class _Sheet:
    """Which posts have which trait, as sets of the posts' numbers."""

    def __init__(self, posts: Sequence[Judged], own: frozenset[str]) -> None:
        self.posts = posts
        self.having: dict[Trait, set[int]] = {}
        for number, post in enumerate(posts):
            for trait in traits(post.analysis, own):
                self.having.setdefault(trait, set()).add(number)
        self.relevant = {n for n, post in enumerate(posts) if post.relevant is True}
        self.irrelevant = {n for n, post in enumerate(posts) if post.relevant is False}


def suggest(posts: Sequence[Judged], own: frozenset[str] = frozenset()) -> Suggestion | TooFew:
    """Return the change that betters a rule most, from what people said of posts it finds.

    `posts` are all that the rule finds, judged or not; `own` the terms that it looks for, which are
    never suggested by themselves. Deterministic.
    """
    sheet = _Sheet(posts, own)
    relevant, irrelevant = len(sheet.relevant), len(sheet.irrelevant)
    if irrelevant < FEWEST:
        return TooFew(irrelevant=irrelevant, relevant=relevant, why="few-irrelevant")
    if relevant < FEWEST_RELEVANT:
        return TooFew(irrelevant=irrelevant, relevant=relevant, why="few-relevant")
    best: Suggestion | None = None
    for kind, find in _KINDS.items():
        if kind == "require" and relevant < FEWEST:
            continue
        chosen = find(sheet, sheet.relevant | sheet.irrelevant)
        if not chosen:
            continue
        foreseen = _foreseen(sheet, kind, find)
        if foreseen[1] < foreseen[0] + GAIN[kind]:
            continue
        made = _made(sheet, kind, chosen, foreseen)
        if best is None or made.foreseen[1] > best.foreseen[1] + GAIN["require"]:
            best = made
    if best is None:
        return TooFew(irrelevant=irrelevant, relevant=relevant, why="nothing-in-common")
    return best


def _share(sheet: _Sheet, having: set[int], seen: set[int]) -> float:
    """The estimated share of relevant posts among those that have a trait."""
    relevant, irrelevant = len(sheet.relevant & seen), len(sheet.irrelevant & seen)
    general = (relevant + 1) / (relevant + irrelevant + 2)
    yes, no = len(having & sheet.relevant & seen), len(having & sheet.irrelevant & seen)
    return (yes + PRIOR * general) / (yes + no + PRIOR)


def _general(sheet: _Sheet, seen: set[int]) -> float:
    relevant, irrelevant = len(sheet.relevant & seen), len(sheet.irrelevant & seen)
    return (relevant + 1) / (relevant + irrelevant + 2)


def _excluded(sheet: _Sheet, seen: set[int]) -> list[Trait]:
    """Choose what to exclude, from the judgements numbered in `seen`."""
    relevant, irrelevant = sheet.relevant & seen, sheet.irrelevant & seen
    candidates = {
        trait: _share(sheet, having, seen)
        for trait, having in sheet.having.items()
        if (bad := len(having & irrelevant)) >= SUPPORT and len(having & relevant) * 8 <= bad
    }
    return _greedily(sheet, "exclude", candidates, _general(sheet, seen))


def _required(sheet: _Sheet, seen: set[int]) -> list[Trait]:
    """Choose alternatives of which one is asked for; none where asking finds too little."""
    share = _general(sheet, seen)
    relevant = sheet.relevant & seen
    candidates = {
        trait: estimated
        for trait, having in sheet.having.items()
        if len(having & relevant) >= SUPPORT and (estimated := _share(sheet, having, seen)) > share
    }
    return _greedily(sheet, "require", candidates, share)


_KINDS: dict[Kind, Callable[[_Sheet, set[int]], list[Trait]]] = {
    "exclude": _excluded,
    "require": _required,
}


def _greedily(
    sheet: _Sheet, kind: Kind, candidates: dict[Trait, float], share: float
) -> list[Trait]:
    """Take the trait that betters the estimated F1 most, again and again, while it is worth it.

    `candidates` have the estimated share of relevant posts among those with the trait, `share` is
    that among all.
    """
    total = len(sheet.posts)
    all_true = share * total
    plain = (all_true, total - all_true)
    now, sign, most = (
        (plain, -1, MOST_EXCLUDED) if kind == "exclude" else ((0.0, 0.0), 1, MOST_ASKED)
    )
    covered: set[int] = set()
    chosen: list[Trait] = []
    while len(chosen) < most:
        after = {
            trait: _moved(now, sign * len(sheet.having[trait] - covered), p)
            for trait, p in candidates.items()
            if trait not in chosen
            and (sign > 0 or not _in_bulk(sheet, covered | sheet.having[trait], share))
        }
        if not after:
            break
        pick = min(after, key=lambda t: (-_f1(after[t], all_true), -simplicity(t), repr(t)))
        if _f1(after[pick], all_true) <= _f1(now, all_true) + COST:
            break
        now = after[pick]
        covered |= sheet.having[pick]
        chosen.append(pick)
    return chosen if _f1(now, all_true) > _f1(plain, all_true) else []


def _in_bulk(sheet: _Sheet, gone: set[int], share: float) -> bool:
    """Whether more of what nobody judged would be lost than the judgements can answer for."""
    judged = sheet.relevant | sheet.irrelevant
    unjudged = len(sheet.posts) - len(judged)
    return len(gone - judged) > (1 - share + BULK) * unjudged


def _moved(now: tuple[float, float], posts: int, share: float) -> tuple[float, float]:
    """True and false finds after so many posts, of which a share is relevant, come in or leave."""
    return now[0] + share * posts, now[1] + (1 - share) * posts


def _f1(found: tuple[float, float], all_true: float) -> float:
    true, false = found
    return 2 * true / (true + false + all_true) if true + false + all_true > 0 else 0.0


def _keeps(sheet: _Sheet, kind: Kind, chosen: Iterable[Trait]) -> set[int]:
    """The posts that are found with the change."""
    having = set[int]().union(*(sheet.having[trait] for trait in chosen))
    return set(range(len(sheet.posts))) - having if kind == "exclude" else having


def _foreseen(
    sheet: _Sheet, kind: Kind, find: Callable[[_Sheet, set[int]], list[Trait]]
) -> tuple[float, float]:
    """F1 without and with changes each made without the judgements that it is held against."""
    judged = sorted(sheet.relevant | sheet.irrelevant)
    found: list[tuple[bool, bool]] = []
    for fold in range(FOLDS):
        held = set(judged[fold::FOLDS])
        chosen = find(sheet, set(judged) - held)
        kept = _keeps(sheet, kind, chosen) if chosen else set(range(len(sheet.posts)))
        found += [(number in kept, number in sheet.relevant) for number in held]
    plain = Quality.of((True, relevant) for _, relevant in found)
    return plain.f1 or 0.0, Quality.of(found).f1 or 0.0


def _made(
    sheet: _Sheet, kind: Kind, chosen: Sequence[Trait], foreseen: tuple[float, float]
) -> Suggestion:
    judged = sheet.relevant | sheet.irrelevant
    kept = _keeps(sheet, kind, chosen)
    return Suggestion(
        kind=kind,
        evidence=tuple(
            Evidence(
                trait=trait,
                irrelevant=len(sheet.having[trait] & sheet.irrelevant),
                relevant=len(sheet.having[trait] & sheet.relevant),
                unjudged=len(sheet.having[trait] - judged),
            )
            for trait in chosen
        ),
        before=Quality.of((True, number in sheet.relevant) for number in judged),
        after=Quality.of((number in kept, number in sheet.relevant) for number in judged),
        foreseen=foreseen,
    )
