"""What the index keeps of a post, and what it is asked for an expression.

A plan finds every post that an expression matches, and some that it does not: `newest` verifies
each on the stored post with the evaluator that live matching uses. So a plan only has to be wide
enough, and the same expression finds the same posts live and here:

- a phrase or an exact word is all of its words; a negation is everything; `is:bot` too, since an
  account may become a bot after its post was indexed;
- `from:` asks for the handle at the time of indexing, or for the account that has the handle now;
- what an account may change is never asked for in any other way: how many follow it and what its
  bio says are looked up on every candidate, and so are likes, sentiment and regular expressions;
- `lang:fr` finds what states French and, where it is one of the languages expected, what states
  none; `url:` finds whatever carries a link;
- near each other are posts that have both sides.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from rules.characters import fold_accents, fold_case
from rules.confusables import LOOKS, look_forms
from rules.evaluation.words import word_spans
from rules.evaluator import Reading, field_term
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
    Phrase,
    Prefix,
    Range,
    Regex,
    Word,
)
from rules.metadata import fold_handle, fold_language
from rules.model import Account, Post
from rules.text import HANDLE_PART, Analysis, analyse, fold_cashtag, fold_tag, fold_words
from watcher.search.segments import Segment

LONGEST_KEY = 120
"""Bytes of a term that the index keeps; longer ones are found by their beginning."""
MOST_EXPANSIONS = 1_000
"""Where a prefix begins more words of a segment than this, all its documents are verified instead:
one post with 50,000 made-up words must not make a prefix slow, or refused, for everybody.
"""

_METADATA = ":"
"""Stands before terms of the metadata, so that the prefix `sou*` does not meet `source:`."""

_NO_LANGUAGE = b":lang:?"
"""The key of posts that do not state their language."""

LookUp = Callable[[str], Account | None]
"""From a handle to the account that has it now."""


def keys_of(post: Post) -> set[bytes]:
    """Return the keys under which a post is found."""
    analysis = analyse(post)
    keys = set(map(_key, analysis.terms - analysis.metadata))
    keys.update(_keys_of_metadata(analysis))
    return keys


def _keys_of_metadata(analysis: Analysis) -> Iterator[bytes]:
    for term in analysis.metadata:
        name, _, value = term.partition(":")
        if name == "from":
            yield _from_key(value)
        elif name != "author":
            yield _key(_METADATA + term)
    if not fold_language(analysis.post.language or ""):
        yield _NO_LANGUAGE
    yield _account_key(analysis.post.author)


def _key(term: str) -> bytes:
    return term.encode("utf-8", "surrogatepass")[:LONGEST_KEY]


def key_of_term(term: str) -> bytes:
    """Return the key of a term of a post's text: a word, `#tag`, `@handle`."""
    return _key(term)


def _from_key(handle: str) -> bytes:
    """`acme` and `town:acme` are one key: which network is verified later."""
    return _key(f"{_METADATA}from:{handle.rpartition(':')[2]}")


def _account_key(account: Account) -> bytes:
    return _key(f"{_METADATA}account:{account.key}")


class _Everything:
    """All documents of a segment."""

    def documents(self, segment: Segment) -> set[int]:
        return set(range(segment.size))

    def at_most(self, segment: Segment) -> int:
        return segment.size


@dataclass(frozen=True, slots=True)
class _Term:
    """The documents with one term."""

    key: bytes

    def documents(self, segment: Segment) -> set[int]:
        return set(segment.documents(self.key))

    def at_most(self, segment: Segment) -> int:
        return segment.frequency(self.key)


@dataclass(frozen=True, slots=True)
class _Prefix:
    """The documents with any term that begins so."""

    key: bytes

    def documents(self, segment: Segment) -> set[int]:
        terms = segment.terms_from(self.key, MOST_EXPANSIONS + 1)
        if len(terms) > MOST_EXPANSIONS:
            return EVERYTHING.documents(segment)
        return set().union(*map(segment.documents, terms))

    def at_most(self, segment: Segment) -> int:
        return segment.size


@dataclass(frozen=True, slots=True)
class _All:
    """The documents that all parts find; the rarest part is asked first."""

    parts: tuple["Plan", ...]

    def documents(self, segment: Segment) -> set[int]:
        found: set[int] | None = None
        for part in sorted(self.parts, key=lambda part: part.at_most(segment)):
            documents = part.documents(segment)
            found = documents if found is None else found & documents
            if not found:
                break
        return found or set()

    def at_most(self, segment: Segment) -> int:
        return min(part.at_most(segment) for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Any:
    """The documents that at least one part finds."""

    parts: tuple["Plan", ...]

    def documents(self, segment: Segment) -> set[int]:
        return set().union(*(part.documents(segment) for part in self.parts))

    def at_most(self, segment: Segment) -> int:
        return min(segment.size, sum(part.at_most(segment) for part in self.parts))


@dataclass(frozen=True, slots=True)
class _Several:
    """The documents that at least so many parts find."""

    count: int
    parts: tuple["Plan", ...]

    def documents(self, segment: Segment) -> set[int]:
        times = Counter(chain.from_iterable(part.documents(segment) for part in self.parts))
        return {document for document, found in times.items() if found >= self.count}

    def at_most(self, segment: Segment) -> int:
        return sum(part.at_most(segment) for part in self.parts) // self.count


@dataclass(frozen=True, slots=True)
class _Close:
    """The documents with a term at most one edit from a word; `sign` stands before the term."""

    word: str
    sign: str

    def documents(self, segment: Segment) -> set[int]:
        found: set[int] = set()
        for term in segment.terms_close(self.word, self.sign):
            found.update(segment.documents(term))
        return found

    def at_most(self, segment: Segment) -> int:
        return segment.size


Plan = _Everything | _Term | _Prefix | _All | _Any | _Several | _Close
EVERYTHING = _Everything()


def plan_for(node: Node, reading: Reading, look_up: LookUp) -> Plan:
    """Return a plan that finds at least the posts that `evaluate(node, reading, ...)` accepts.

    Raises TypeError for references, which have to be expanded first.
    """
    match node:
        case And(parts=parts):
            return _all(plan_for(part, reading, look_up) for part in parts)
        case Or(parts=parts):
            return _any(plan_for(part, reading, look_up) for part in parts)
        case AtLeast(count=count, parts=parts):
            return _several(count, [plan_for(part, reading, look_up) for part in parts])
        case Near(left=left, right=right):
            return _all(plan_for(side, reading, look_up) for side in (left, right))
        case Not() | Regex() | Range():
            return EVERYTHING
        case Field():
            return _field(node, reading, look_up)
        case _:
            return _leaf(node, reading)


def _leaf(leaf: Node, reading: Reading) -> Plan:
    match leaf:
        case Word(text=text) | Phrase(text=text):
            return _behind_signs(reading, lambda sign: _words(text, sign, reading))
        case Exact(text=text):
            return _behind_signs(
                reading, lambda sign: _all(_Term(_key(sign + word)) for word in fold_words(text))
            )
        case Prefix(text=text):
            return _behind_signs(reading, lambda sign: _prefix(text, sign, reading))
        case Fuzzy(text=text) if reading.fold_accents:
            return _behind_signs(
                reading, lambda sign: _all(_close(word, sign) for word in fold_words(text))
            )
        case Fuzzy():
            return EVERYTHING  # one edit of `œuvres` is two of `oeuvres`, which is what is kept
        case Hashtag(text=text):
            written = "#" + text.lstrip("#\uff03")
            return _word(written, fold_tag(text), "", reading)
        case Mention(text=text):
            return _Term(_key("@" + fold_handle(text)))
        case Cashtag(text=text):
            return _Term(_key(fold_cashtag(text)))
        case Emoji(text=text):
            return _all(_Term(_key(word)) for word in fold_words(text))
        case _:
            raise TypeError(f"{leaf} has to be expanded before it is looked for")


def _all(parts: Iterable[Plan]) -> Plan:
    narrow = tuple(part for part in parts if part is not EVERYTHING)
    return _All(narrow) if narrow else EVERYTHING


def _any(parts: Iterable[Plan]) -> Plan:
    wide = tuple(parts)
    if len(wide) == 1:
        return wide[0]
    return EVERYTHING if EVERYTHING in wide else _Any(wide)


def _several(count: int, parts: Sequence[Plan]) -> Plan:
    """At least so many of the parts; those that may be anything are taken to be there."""
    narrow = tuple(part for part in parts if part is not EVERYTHING)
    count -= len(parts) - len(narrow)
    if count <= 0:
        return EVERYTHING
    return _any(narrow) if count == 1 else _Several(count, narrow)


def _behind_signs(reading: Reading, plan: Callable[[str], Plan]) -> Plan:
    """The words of the text, and those of handles where the rule looks into them."""
    return _any(map(plan, ("", HANDLE_PART) if reading.handles else ("",)))


def _words(text: str, sign: str, reading: Reading) -> Plan:
    return _all(
        _word(text[start:end], fold_accents(fold_case(text[start:end])), sign, reading)
        for start, end in word_spans(text)
    )


def _word(written: str, term: str, sign: str, reading: Reading) -> Plan:
    if not reading.confusables or sign:
        return _Term(_key(sign + term))
    forms = look_forms(written, term)
    return _any(_Term(_key(mark + form)) for form in forms for mark in ("", LOOKS))


def _close(word: str, sign: str) -> Plan:
    cut = len(_key(f"{sign}{word}____")) == LONGEST_KEY  # nobody knows how its like end
    return EVERYTHING if cut else _Close(word, sign)


def _prefix(text: str, sign: str, reading: Reading) -> Plan:
    *words, (start, end) = word_spans(text)
    written = text[start:end]
    term = fold_accents(fold_case(written))
    begins = [sign + term]
    if reading.confusables and not sign:
        begins += [mark + form for form in look_forms(written, term) for mark in ("", LOOKS)]
    before = (_words(text[slice(*word)], sign, reading) for word in words)
    return _all((*before, _any(_Prefix(_key(begin)) for begin in dict.fromkeys(begins))))


def _field(field: Field, reading: Reading, look_up: LookUp) -> Plan:
    match field.name:
        case "bio" | "sentiment":
            return EVERYTHING
        case "url":
            return _Term(_key(_METADATA + "has:link"))
        case "mentions":
            return _Term(_key("@" + fold_handle(field.value)))
        case "from":
            return _from(fold_handle(field.value), look_up)
    term = field_term(field)
    if term == "is:bot":
        return EVERYTHING
    if term == "is:own":
        handles = sorted(own.partition(":")[2] for own in reading.own)
        return _any(_from(handle, look_up) for handle in handles)
    stated = _Term(_key(_METADATA + term))
    expected = {f"lang:{fold_language(language)}" for language in reading.languages}
    return _any((stated, _Term(_NO_LANGUAGE))) if term in expected else stated


def _from(handle: str, look_up: LookUp) -> Plan:
    account = look_up(handle.rpartition(":")[2])
    then = _Term(_from_key(handle))
    return _Any((then, _Term(_account_key(account)))) if account else then
