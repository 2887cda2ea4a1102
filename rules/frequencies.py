"""How common words are: a table that ships, for where no posts of one's own tell it better.

The table is `rules/data/frequencies.txt`; `rules/data/SOURCES.md` says where it comes from. A
language is read when it is first asked for, which takes a few milliseconds.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

WORDS_OF_A_POST = 15
"""How many words a post is taken to have."""

UNKNOWN = 1e-6
"""The frequency of a word that is in no table: a tenth of the rarest ones there."""

_FILE = Path(__file__).parent / "data" / "frequencies.txt"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Common(NamedTuple):
    """A word of the table and the share of posts that have it, 0 to 1."""

    word: str
    share: float


class Frequencies:
    """Shares of posts by word and language. Terms are folded: `rules.text.fold_words` makes them.

    Where several languages are expected, a word counts as in the one that has it most: posts may
    all be in that one.
    """

    def __init__(self, sections: Mapping[str, str]) -> None:
        """Take for each language the lines of the table as text."""
        self._sections = sections
        self._words: dict[str, dict[str, float]] = {}
        self._sorted: dict[str, list[str]] = {}
        self._tables: dict[tuple[str, ...], dict[str, float]] = {}

    @classmethod
    def shipped(cls) -> "Frequencies":
        """Return the table that ships, the same object each time."""
        return _shipped()

    @property
    def languages(self) -> frozenset[str]:
        """The languages that the table knows, by their two letters."""
        return frozenset(self._sections)

    def frequency(self, term: str, languages: Iterable[str]) -> float:
        """Return how much of all words a term is, 0 to 1; `UNKNOWN` for one that is rare."""
        return self._table(tuple(languages)).get(term, UNKNOWN)

    def share(self, term: str, languages: Iterable[str]) -> float:
        """Return the estimated share of posts that have a term, 0 to 1."""
        return share_of(self.frequency(term, languages))

    def beginning(self, prefix: str, languages: Iterable[str]) -> list[Common]:
        """Return the words of the table that begin with a term, the most common first."""
        found: dict[str, float] = {}
        for language in languages:
            words = self._in_order(language)
            at = bisect_left(words, prefix)
            while at < len(words) and words[at].startswith(prefix):
                frequency = self._of(language)[words[at]]
                found[words[at]] = max(found.get(words[at], 0), frequency)
                at += 1
        return _ranked(found)

    def one_edit_from(self, term: str, languages: Iterable[str]) -> list[Common]:
        """Return the words of the table one edit from a term, not itself, the most common first.

        An edit adds, leaves out or changes one letter, or swaps two neighbours.
        """
        table = self._table(tuple(languages))
        return _ranked({near: table[near] for near in table.keys() & one_edit(term)})

    def _table(self, languages: tuple[str, ...]) -> dict[str, float]:
        """The words of some languages, each as frequent as where it is most."""
        if languages not in self._tables:
            table: dict[str, float] = {}
            for language in languages:
                for word, frequency in self._of(language).items():
                    if frequency > table.get(word, 0.0):
                        table[word] = frequency
            self._tables[languages] = table
        return self._tables[languages]

    def _of(self, language: str) -> dict[str, float]:
        if language not in self._words:
            words: dict[str, float] = {}
            for line in self._sections.get(language, "").splitlines():
                level, *some = line.split()
                words.update(dict.fromkeys(some, 10 ** (-int(level) / 10)))
            self._words[language] = words
        return self._words[language]

    def _in_order(self, language: str) -> list[str]:
        if language not in self._sorted:
            self._sorted[language] = sorted(self._of(language))
        return self._sorted[language]


def share_of(frequency: float) -> float:
    """Return the share of posts that have a word at least once, from its share of all words."""
    return 1 - (1 - frequency) ** WORDS_OF_A_POST


def one_edit(term: str) -> set[str]:
    """Return every word of Latin letters that is one edit from a term."""
    near: set[str] = set()
    for at in range(len(term) + 1):
        before, after = term[:at], term[at:]
        rest = after[1:]
        near.update([before + letter + after for letter in _LETTERS])
        if after:
            near.add(before + rest)
            near.update([before + letter + rest for letter in _LETTERS])
        if rest:
            near.add(before + rest[0] + after[0] + rest[1:])
    near.discard(term)
    return near


def _ranked(found: Mapping[str, float]) -> list[Common]:
    ranked = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return [Common(word, share_of(frequency)) for word, frequency in ranked]


@cache
def _shipped() -> Frequencies:
    sections: dict[str, str] = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines(keepends=True):
        if line[0].isalpha():
            language = line.strip()
            sections[language] = ""
        else:
            sections[language] += line
    return Frequencies(sections)
