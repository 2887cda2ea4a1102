"""From a node of a tree to what is asked about posts: one class for each kind of node."""

from collections.abc import Sequence

from rules.characters import fold_accents, fold_case, plain
from rules.confusables import look_forms
from rules.evaluation.combine import AllOf, AnyOf, NoneOf
from rules.evaluation.fields import Feels, HasTerm, InLanguage, IsOwn, Says, Within, field_term
from rules.evaluation.near import Either, Nearby
from rules.evaluation.patterns import Pattern
from rules.evaluation.reading import Reading, Test
from rules.evaluation.slots import Alike, Beginning, Close, Kept, Slot, Written
from rules.evaluation.words import ExactPhrase, Phrase, Single, Standing, word_spans
from rules.language import tree
from rules.metadata import fold_handle
from rules.text import HANDLE_PART, fold_cashtag, fold_tag


def made(node: tree.Node, reading: Reading) -> Test:
    """Return the test for a node; TypeError for a reference, which has to be expanded first."""
    match node:
        case tree.And(parts=parts):
            return AllOf([made(part, reading) for part in parts])
        case tree.Or(parts=parts):
            return AnyOf([made(part, reading) for part in parts])
        case tree.AtLeast(count=count, parts=parts):
            return AnyOf([made(part, reading) for part in parts], count)
        case tree.Not(part=part):
            return NoneOf(made(part, reading))
        case tree.Field():
            return _field(node, reading)
        case tree.Range():
            return Within(node)
        case tree.Regex(pattern=pattern):
            return Pattern(pattern)
        case tree.BrandName() | tree.ListName():
            raise TypeError(f"{node} has to be expanded before it is evaluated")
        case _:
            return _standing(node, reading)


def _field(field: tree.Field, reading: Reading) -> Test:
    match field.name:
        case "mentions":
            return _mention(field.value)
        case "bio" | "url" as name:
            words = _cut(field.value)
            return Says(name, _run([_slot(word, fold_case(word), "", reading) for word in words]))
        case "sentiment":
            return Feels(field.value, reading.languages, reading.names)
        case "lang":
            return InLanguage(field, reading.languages)
        case "is" if fold_case(field.value) == "own":
            return IsOwn(reading.own)
        case _:
            return HasTerm(field_term(field))


def _standing(node: tree.Node, reading: Reading) -> Standing:
    """What stands at places: a leaf, alternatives of such, or such near each other."""
    match node:
        case tree.Near(left=left, right=right):
            return Nearby(
                _standing(left, reading),
                _standing(right, reading),
                node.distance,
                ordered=node.ordered,
            )
        case tree.Or(parts=parts):
            return Either([_standing(part, reading) for part in parts])
        case tree.Mention(text=text):
            return _mention(text)
        case tree.Hashtag(text=text):
            written = "#" + text.lstrip("#\uff03")
            return Single(_slot(written, fold_tag(text, accents=True), "", reading))
        case tree.Cashtag(text=text):
            return Single(Slot(fold_cashtag(text)))
        case tree.Emoji(text=text):
            return _run([Slot(fold_accents(fold_case(word))) for word in _cut(text)])
        case tree.Word() | tree.Phrase() | tree.Exact() | tree.Prefix() | tree.Fuzzy():
            signs = ("", HANDLE_PART) if reading.handles else ("",)
            ways = [_leaf(node, sign, reading) for sign in signs]
            return ways[0] if len(ways) == 1 else Either(ways)
        case _:
            raise TypeError(f"{node} stands at no place")


def _mention(handle: str) -> Standing:
    return Single(Slot("@" + fold_handle(handle)))


def _leaf(
    leaf: tree.Word | tree.Phrase | tree.Exact | tree.Prefix | tree.Fuzzy,
    sign: str,
    reading: Reading,
) -> Standing:
    """The leaf as words of the text, or behind a `sign` that tells other words."""
    words = _cut(leaf.text)
    match leaf:
        case tree.Word() | tree.Phrase():
            return _run([_slot(word, fold_case(word), sign, reading) for word in words])
        case tree.Exact(text=text, phrase=phrase):
            exact = [Written(sign + fold_accents(fold_case(word)), plain(word)) for word in words]
            return ExactPhrase(exact, text) if phrase and exact else _run(exact)
        case tree.Prefix():
            *before, last = words
            slots = [_slot(word, fold_case(word), sign, reading) for word in before]
            return _run([*slots, _beginning(last, sign, reading)])
        case tree.Fuzzy():
            return _run([_close(word, sign, reading) for word in words])


def _cut(text: str) -> list[str]:
    return [text[start:end] for start, end in word_spans(text)]


def _run(slots: Sequence[Slot]) -> Standing:
    if not slots:
        return Either(())  # punctuation alone: there is no such word
    return Single(slots[0]) if len(slots) == 1 else Phrase(slots)


def _slot(written: str, kept: str, sign: str, reading: Reading) -> Slot:
    term = fold_accents(kept)
    if reading.confusables and not sign:
        forms = look_forms(written, term)
        return Alike(term, forms, None if reading.fold_accents else kept)
    return Slot(sign + term) if reading.fold_accents else Kept(sign + term, sign + kept)


def _beginning(written: str, sign: str, reading: Reading) -> Slot:
    kept = fold_case(written)
    term = fold_accents(kept)
    forms = look_forms(written, term) if reading.confusables and not sign else ()
    return Beginning(sign + term, None if reading.fold_accents else sign + kept, forms)


def _close(written: str, sign: str, reading: Reading) -> Slot:
    kept = fold_case(written)
    return Close(sign + fold_accents(kept), None if reading.fold_accents else kept, sign)
