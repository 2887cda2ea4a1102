"""Which posts that name a brand are taken for not about it: learnt from the judgements stored.

What is learnt follows from the configuration and the store alone, so it is the same after a crash.
A new judgement changes what is taken from then on; what was told or left out before stays so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from threading import Lock

from rules import KeywordRule, Rule
from rules.model import Brand, Definitions, Match, Post
from rules.signals.relevance import ByContext, Judged, Learner, Named, learn, named_by
from rules.signals.spoken import Spoken
from watcher.store import Store
from watcher.store.left_out import LeftOut


class Telling:
    """What posts are taken for, as far as was judged at one moment."""

    def __init__(
        self, by_brand: Mapping[str, ByContext | Learner], named: Mapping[str, Named]
    ) -> None:
        self._by_brand = by_brand
        self._named = named

    def weigh(self, posts: Sequence[Post], spoken: Sequence[Spoken]) -> list[Spoken]:
        """Return what is spoken with how likely it is about each brand, where somebody asked."""
        if not self._by_brand:
            return list(spoken)
        by_key = {post.key: post for post in posts}
        return [self._weighed(one, by_key[one.post]) for one in spoken]

    def _weighed(self, one: Spoken, post: Post) -> Spoken:
        teller = self._by_brand.get(one.brand)
        told = teller.judge(post) if teller else None
        if told is None:
            return one
        return replace(one, relevance=told.relevance, left_out=told.left_out)

    def left_out(self, found: Iterable[Match], spoken: Iterable[Spoken]) -> LeftOut:
        """Return which matches are not to be told.

        That is those whose rule cannot match without a brand, where the post is about none of the
        brands that it could have matched for.
        """
        named: dict[str, set[str]] = {}
        irrelevant: dict[str, set[str]] = {}
        for one in spoken:
            named.setdefault(one.post, set()).add(one.brand)
            if one.left_out:
                irrelevant.setdefault(one.post, set()).add(one.brand)
        left: dict[tuple[str, str], str] = {}
        for match in found if irrelevant else ():
            rule, key = self._named.get(match.rule), match.post
            if rule is None or key not in irrelevant:
                continue
            brand = rule.left_out(frozenset(named[key]), frozenset(irrelevant[key]))
            if brand is not None:
                left[match.rule, key] = brand
        return left


class Relevances:
    """Learns for each brand that asks for it; what it learnt is kept until somebody judges again.

    Threads may share it.
    """

    def __init__(self, definitions: Definitions, rules: Iterable[Rule]) -> None:
        self.brands = tuple(one for one in definitions.brands if one.relevance != "off")
        """Those that leave posts out, or would."""
        self._named = {
            rule.name: named_by(rule, definitions)
            for rule in rules
            if isinstance(rule, KeywordRule)
        }
        self._lock = Lock()
        self._learnt: tuple[tuple[int, int], Telling] | None = None

    def now(self, store: Store) -> Telling:
        """Return what posts are taken for by all that is judged now. Raises `StoreError`."""
        if not self.brands:
            return Telling({}, {})
        with self._lock:
            mark = store.judged_so_far()
            if self._learnt is None or self._learnt[0] != mark:
                by_brand = {brand.name: self._teller(store, brand) for brand in self.brands}
                self._learnt = mark, Telling(by_brand, self._named)
            return self._learnt[1]

    def learner(self, store: Store, brand: Brand) -> Learner:
        """Learn what was judged of a brand, whether or not it is used. Raises `StoreError`."""
        return learn(brand, self.judged(store, brand))

    def judged(self, store: Store, brand: Brand) -> list[Judged]:
        """Return the posts judged that tell whether a post that names a brand is about it.

        Those of rules that are about this brand alone; and of rules that ask for more than its
        name only those judged relevant: what they find wrongly may be about it all the same. What
        one rule's judgement says is about the brand is so, whatever another one's says.
        """
        said: dict[str, Judged] = {}
        for rule in self.teachers(brand):
            for record, verdict in store.judged(rule):
                relevant = verdict == "relevant"
                if not relevant and not self._named[rule].alone:
                    continue
                known = said.get(record.post.key)
                if known is None or not known.relevant:
                    said[record.post.key] = Judged(post=record.post, relevant=relevant)
        return list(said.values())

    def teachers(self, brand: Brand) -> tuple[str, ...]:
        """Return the rules whose judgements tell of a brand."""
        return tuple(name for name, named in self._named.items() if named.only == brand.name)

    def _teller(self, store: Store, brand: Brand) -> ByContext | Learner:
        return ByContext(brand) if brand.relevance == "context" else self.learner(store, brand)
