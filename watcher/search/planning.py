"""What the index is asked for an expression.

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

from collections.abc import Callable

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
from rules.model import Account
from rules.text import HANDLE_PART, fold_cashtag, fold_tag, fold_words
from watcher.search.keys import (
    LONGEST_KEY,
    METADATA,
    NO_LANGUAGE,
    account_key,
    from_key,
    key_of,
)
from watcher.search.plans import (
    EVERYTHING,
    Plan,
    all_of,
    any_of,
    beginning,
    close_to,
    having,
    several,
)

LookUp = Callable[[str], Account | None]
"""From a handle to the account that has it now."""


def plan_for(node: Node, reading: Reading, look_up: LookUp) -> Plan:
    """Return a plan that finds at least the posts that `evaluate(node, reading, ...)` accepts.

    Raises TypeError for references, which have to be expanded first.
    """
    match node:
        case And(parts=parts):
            return all_of(plan_for(part, reading, look_up) for part in parts)
        case Or(parts=parts):
            return any_of(plan_for(part, reading, look_up) for part in parts)
        case AtLeast(count=count, parts=parts):
            return several(count, [plan_for(part, reading, look_up) for part in parts])
        case Near(left=left, right=right):
            return all_of(plan_for(side, reading, look_up) for side in (left, right))
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
                reading,
                lambda sign: all_of(having(key_of(sign + word)) for word in fold_words(text)),
            )
        case Prefix(text=text):
            return _behind_signs(reading, lambda sign: _prefix(text, sign, reading))
        case Fuzzy(text=text) if reading.fold_accents:
            return _behind_signs(
                reading, lambda sign: all_of(_close(word, sign) for word in fold_words(text))
            )
        case Fuzzy():
            return EVERYTHING  # one edit of `œuvres` is two of `oeuvres`, which is what is kept
        case Hashtag(text=text):
            written = "#" + text.lstrip("#\uff03")
            return _word(written, fold_tag(text), "", reading)
        case Mention(text=text):
            return having(key_of("@" + fold_handle(text)))
        case Cashtag(text=text):
            return having(key_of(fold_cashtag(text)))
        case Emoji(text=text):
            return all_of(having(key_of(word)) for word in fold_words(text))
        case _:
            raise TypeError(f"{leaf} has to be expanded before it is looked for")


def _behind_signs(reading: Reading, plan: Callable[[str], Plan]) -> Plan:
    """The words of the text, and those of handles where the rule looks into them."""
    return any_of(map(plan, ("", HANDLE_PART) if reading.handles else ("",)))


def _words(text: str, sign: str, reading: Reading) -> Plan:
    return all_of(
        _word(text[start:end], fold_accents(fold_case(text[start:end])), sign, reading)
        for start, end in word_spans(text)
    )


def _word(written: str, term: str, sign: str, reading: Reading) -> Plan:
    if not reading.confusables or sign:
        return having(key_of(sign + term))
    forms = look_forms(written, term)
    return any_of(having(key_of(mark + form)) for form in forms for mark in ("", LOOKS))


def _close(word: str, sign: str) -> Plan:
    cut = len(key_of(f"{sign}{word}____")) == LONGEST_KEY  # nobody knows how its like end
    return EVERYTHING if cut else close_to(word, sign)


def _prefix(text: str, sign: str, reading: Reading) -> Plan:
    *words, (start, end) = word_spans(text)
    written = text[start:end]
    term = fold_accents(fold_case(written))
    begins = [sign + term]
    if reading.confusables and not sign:
        begins += [mark + form for form in look_forms(written, term) for mark in ("", LOOKS)]
    before = (_words(text[slice(*word)], sign, reading) for word in words)
    return all_of((*before, any_of(beginning(key_of(begin)) for begin in dict.fromkeys(begins))))


def _field(field: Field, reading: Reading, look_up: LookUp) -> Plan:
    match field.name:
        case "bio" | "sentiment":
            return EVERYTHING
        case "url":
            return having(key_of(METADATA + "has:link"))
        case "mentions":
            return having(key_of("@" + fold_handle(field.value)))
        case "from":
            return _from(fold_handle(field.value), look_up)
    term = field_term(field)
    if term == "is:bot":
        return EVERYTHING
    if term == "is:own":
        handles = sorted(own.partition(":")[2] for own in reading.own)
        return any_of(_from(handle, look_up) for handle in handles)
    stated = having(key_of(METADATA + term))
    expected = {f"lang:{fold_language(language)}" for language in reading.languages}
    return any_of((stated, having(NO_LANGUAGE))) if term in expected else stated


def _from(handle: str, look_up: LookUp) -> Plan:
    account = look_up(handle.rpartition(":")[2])
    then = having(from_key(handle))
    return any_of((then, having(account_key(account)))) if account else then
