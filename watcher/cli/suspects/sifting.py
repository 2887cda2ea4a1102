"""A filter typed in a few words, while suspects are looked at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rules.lookalike.bands import Band, band
from watcher.cli.console import safe
from watcher.cli.suspects.choosing import says
from watcher.store import SuspectRecord

Test = Callable[[SuspectRecord], bool]


@dataclass(frozen=True, slots=True)
class Sieve:
    """Which suspects pass, and how a person says it; empty words let all pass."""

    words: str
    tests: tuple[Test, ...]

    @classmethod
    def all(cls) -> "Sieve":
        """Return what lets every suspect pass."""
        return cls("", ())

    def passes(self, record: SuspectRecord) -> bool:
        """Return whether a suspect is among those wanted."""
        return all(test(record) for test in self.tests)


def sieve(words: str, records: Sequence[SuspectRecord]) -> Sieve:
    """Return the filter that `words` mean; a suspect has to pass every one of them.

    A word is a band, a technique or brand of one of the records, `accounts`, `domains`, or else a
    part of a name or bio. A brand of several words is known where it stands alone.
    """
    brands = {record.suspect.brand.casefold() for record in records}
    techniques = {name for record in records for name in record.suspect.techniques}
    whole = words.strip()
    parts = [whole] if whole.casefold() in brands else whole.split()
    tests = tuple(_test(part.casefold(), brands, techniques) for part in parts)
    return Sieve(safe(" ".join(parts), 60), tests)


def _test(word: str, brands: set[str], techniques: set[str]) -> Test:
    if word in set(Band):
        return lambda record: band(record.suspect.score) == word
    if word in techniques:
        return lambda record: word in record.suspect.techniques
    if word in brands:
        return lambda record: record.suspect.brand.casefold() == word
    if word in ("accounts", "domains"):
        return lambda record: record.suspect.is_domain == (word == "domains")
    return lambda record: says(record, word)
