"""Which of many words are one edit away from those of a post.

Two words at most one edit apart are the same once one letter at most is left out of each, except
that a swap of neighbours leaves out a different letter of the pair on either side. So the words are
filed under themselves and under themselves less each letter (SymSpell, W. Garbe), and what is found
there is measured.
"""

from collections.abc import Iterable, Iterator

from rules.evaluation.slots import one_edit

_MOST_KNOWN = 100_000
"""Words of posts that are remembered to be near nothing; then all are forgotten."""
_LONGEST = 64
"""Longer words of posts are not remembered."""


class NearWords:
    """Words, to be found by what is one edit away from them. Threads may share it."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._filed: dict[str, tuple[str, ...]] = {}
        for word in self._words:
            for less in _less_one(word):
                self._filed[less] = (*self._filed.get(less, ()), word)
        lengths = [len(word) for word in self._words] or [0]
        self._shortest, self._longest = min(lengths) - 1, max(lengths) + 1
        self._far: set[str] = set()
        """Words of posts that were found to be near none; what is near is rare and not kept."""

    def near(self, said: set[str]) -> set[str]:
        """Those of the words that are at most one edit away from what a post says."""
        found: set[str] = set()
        for word in said - self._far:
            if self._shortest <= len(word) <= self._longest and word[:1] not in "#@$":
                near = self._near(word)
                if near:
                    found.update(near)
                    continue
            if len(word) <= _LONGEST:
                if len(self._far) >= _MOST_KNOWN:
                    self._far = set()  # a new one: other threads may be reading the old
                self._far.add(word)
        return found

    def _near(self, word: str) -> list[str]:
        filed = self._filed
        candidates = {one for less in _less_one(word) for one in filed.get(less, ())}
        return [one for one in candidates if one_edit(word, one)]


def _less_one(word: str) -> Iterator[str]:
    yield word
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
