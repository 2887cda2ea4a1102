"""What the verdicts on suspects say of each brand.

A lesson is one entry for one list of a `[[brands]]` table. What it would have hidden is found out
by trying it: the look-alike rules look at every suspect without it and with it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from rules.lookalike import Detector, LookalikeRule
from rules.lookalike.candidate import Candidate
from rules.lookalike.detector import local_part
from rules.lookalike.forms import plain
from rules.lookalike.ownership import Owned
from rules.lookalike.pattern import patterns
from rules.lookalike.trusted import beside
from rules.lookalike.words import CLAIMS
from rules.model import Brand, Verdict
from watcher.coherence.brands import is_handle
from watcher.store import SuspectRecord

Key = Literal["accounts", "domains", "spellings", "trusted", "friends"]
KEYS: tuple[Key, ...] = ("accounts", "domains", "spellings", "trusted", "friends")
FEWEST = 3
"""Harmless accounts that bear a word beside the brand before it is trusted."""
MOST_FRIENDS = 200
"""Friends proposed at once for a brand."""
_TRICKS = frozenset({"homoglyph", "leet"})

Records = Sequence[SuspectRecord]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """One entry for one list of a brand."""

    brand: str
    key: Key
    value: str
    taught_by: tuple[SuspectRecord, ...]
    """The suspects whose verdicts say so."""
    hides: tuple[SuspectRecord, ...]
    """The suspects that would not have been raised with it, whatever their verdict."""

    @property
    def is_harmful(self) -> bool:
        """Whether it would have hidden what a person confirmed."""
        return any(record.verdict == Verdict.CONFIRMED for record in self.hides)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lessons:
    """All that the verdicts teach."""

    drawn: tuple[Lesson, ...]
    withheld: tuple[Lesson, ...]
    """Those that would have hidden a confirmed suspect."""
    beyond: int
    """Friends left out because there are too many to look through at once."""


def draw(brands: Sequence[Brand], rules: Sequence[LookalikeRule], records: Records) -> Lessons:
    """Return what the verdicts on all suspects teach, in the order of brands and `KEYS`."""
    drawn: list[Lesson] = []
    withheld: list[Lesson] = []
    beyond = 0
    for brand in brands:
        own = _Brand(brand, rules, records)
        kept = [*own.ours(), *own.spellings()]
        words = list(own.trusted())
        kept += [lesson for lesson in words if not lesson.is_harmful]
        quiet = {record.id for lesson in kept for record in lesson.hides} | own.quiet()
        friends = [one for one in own.dismissed if one.id not in quiet]
        friendly = [own.friend(one) for one in friends[:MOST_FRIENDS]]
        kept += [lesson for lesson in friendly if lesson and not lesson.is_harmful]
        drawn += sorted(kept, key=lambda lesson: KEYS.index(lesson.key))
        withheld += [one for one in (*words, *friendly) if one and one.is_harmful]
        beyond += max(0, len(friends) - MOST_FRIENDS)
    return Lessons(drawn=tuple(drawn), withheld=tuple(withheld), beyond=beyond)


def taught(brand: Brand, lessons: Iterable[Lesson]) -> Brand:
    """Return the brand with the entries of its lessons behind those it has."""
    added: dict[Key, list[str]] = defaultdict(list)
    for lesson in lessons:
        if lesson.brand == brand.name:
            added[lesson.key].append(lesson.value)
    lists: dict[str, Any] = {key: (*getattr(brand, key), *values) for key, values in added.items()}
    return replace(brand, **lists)


def hidden(
    before: Sequence[Brand],
    after: Sequence[Brand],
    rules: Sequence[LookalikeRule],
    records: Records,
) -> tuple[SuspectRecord, ...]:
    """Return the suspects that `before` does not own and raises, and `after` owns or does not."""
    one, two = Detector(rules, before), Detector(rules, after)
    gone = _raised(one, records) - _raised(two, records)
    return tuple(
        record
        for record in records
        if record.id in gone or (_owns(two, record) and not _owns(one, record))
    )


def _raised(detector: Detector, records: Records) -> set[int]:
    """Return the numbers of those that are raised by their names."""
    keys = {record.account.key: record.id for record in records if record.account}
    found = detector.accounts(record.account for record in records if record.account)
    return {keys[one.subject] for one in found}


def _owns(detector: Detector, record: SuspectRecord) -> bool:
    if record.account:
        return detector.owns(record.account)
    return detector.owns_domain(record.suspect.subject.removeprefix("domain:"))


class _Brand:
    """One brand and the suspects that look like it."""

    def __init__(self, brand: Brand, rules: Sequence[LookalikeRule], records: Records) -> None:
        self.brand = brand
        self.rules = [rule for rule in rules if not rule.brands or brand.name in rule.brands]
        self.records = records
        owned = Owned.of([brand])
        self.judged = [
            record
            for record in records
            if record.suspect.brand == brand.name and not _is_owned(owned, record)
        ]
        self.dismissed = [one for one in self.judged if one.verdict == Verdict.DISMISSED]
        self.patterns = [one for name in (brand.name, *brand.spellings) for one in patterns(name)]

    def ours(self) -> Iterator[Lesson]:
        """Yield the accounts and domains that were called ours."""
        for record in self.judged:
            if record.verdict == Verdict.OURS:
                key: Key = "domains" if record.suspect.is_domain else "accounts"
                if lesson := self._owning(key, record):
                    yield lesson

    def friend(self, record: SuspectRecord) -> Lesson | None:
        """Return a dismissed account or domain as a friend."""
        return self._owning("friends", record)

    def _owning(self, key: Key, record: SuspectRecord) -> Lesson | None:
        value = entry(record)
        if value is None:
            return None
        lists: dict[str, Any] = {key: (value,)}
        owned = Owned.of([Brand(name=self.brand.name, **lists)])
        hides = tuple(one for one in self.records if _is_owned(owned, one))
        return self._lesson(key, value, (record,), hides)

    def quiet(self) -> set[int]:
        """Return the numbers of those that a word trusted already keeps from being raised."""
        if not self.brand.trusted:
            return set()
        suspicious = replace(self.brand, trusted=())
        return {one.id for one in hidden([suspicious], [self.brand], self.rules, self.judged)}

    def trusted(self) -> Iterator[Lesson]:
        """Yield words that stand beside the brand in several harmless names."""
        bearers: dict[str, dict[int, SuspectRecord]] = defaultdict(dict)
        for record in self.judged:
            if record.verdict in (Verdict.DISMISSED, Verdict.OURS):
                for word in self._words(record):
                    bearers[word][record.id] = record
        known = {plain(word) for word in self.brand.trusted} | CLAIMS
        accounts = [record for record in self.records if record.account]
        for word, found in sorted(bearers.items(), key=lambda one: (-len(one[1]), one[0])):
            if len(found) >= FEWEST and word not in known:
                more = replace(self.brand, trusted=(*self.brand.trusted, word))
                hides = hidden([self.brand], [more], self.rules, accounts)
                if hides:
                    yield self._lesson("trusted", word, tuple(found.values()), hides)

    def spellings(self) -> Iterator[Lesson]:
        """Yield other ways in which what is ours writes the brand."""
        known = {pattern.text for pattern in self.patterns}
        for record in self.judged:
            if record.verdict != Verdict.OURS:
                continue
            for name in _names(record):
                written = self._respelled(name)
                if written and plain(written) not in known:
                    known.add(plain(written))
                    yield self._lesson("spellings", written, (record,), ())

    def _words(self, record: SuspectRecord) -> set[str]:
        return {
            word
            for name in (_names(record) if record.account else ())
            for pattern in self.patterns
            if (place := Candidate(name).place(pattern))
            for word in beside(place)
        }

    def _respelled(self, name: str) -> str:
        """Return how a name writes the brand, where it spells it otherwise; empty elsewhere."""
        found = [
            (place.score, place)
            for pattern in self.patterns
            if (place := Candidate(name).place(pattern))
        ]
        if not found:
            return ""
        _, place = max(found, key=lambda one: one[0])
        changes = {change.kind for change in place.window.changes}
        plainly = changes and not changes & _TRICKS and not place.disguised
        return place.written if plainly and place.written.isprintable() else ""

    def _lesson(self, key: Key, value: str, taught_by: Records, hides: Records) -> Lesson:
        return Lesson(
            brand=self.brand.name,
            key=key,
            value=value,
            taught_by=tuple(taught_by),
            hides=tuple(hides),
        )


def entry(record: SuspectRecord) -> str | None:
    """Return how a configuration names a suspect: `network:handle`, or the domain in ASCII.

    An account whose handle is none that can be written there goes by its id; None where that is no
    better.
    """
    network, _, rest = record.suspect.subject.partition(":")
    if record.suspect.is_domain:
        return rest
    handle = record.account.handle if record.account else record.suspect.name
    names = (f"{network}:{handle}", f"{network}:{rest}")
    return next((name for name in names if is_handle(name)), None)


def _is_owned(owned: Owned, record: SuspectRecord) -> bool:
    if record.account:
        return owned.account(record.account)
    return owned.domain(record.suspect.subject.removeprefix("domain:"))


def _names(record: SuspectRecord) -> tuple[str, ...]:
    """Return what people read of an account; of a domain the part before the suffix."""
    suspect = record.suspect
    if suspect.is_domain:
        return (suspect.name.rpartition(".")[0],)
    local = local_part(suspect.subject.partition(":")[0], suspect.name)
    return (local, suspect.display_name) if suspect.display_name else (local,)
