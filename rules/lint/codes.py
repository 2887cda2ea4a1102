"""The linter's codes: stable names that `allow` takes and `docs/lint.md` explains."""

from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Lint(NamedTuple):
    """One thing that the linter looks for."""

    meaning: str
    severity: Severity = "warning"
    may_be_allowed: bool = True
    """Whether a rule may do it all the same."""


LINTS: dict[str, Lint] = {
    "only-negatives": Lint("the rule says only what must not be there", "error"),
    "can-never-match": Lint("no post can fit all that is asked for"),
    "same-rule": Lint("another rule finds exactly the same posts"),
    "subsumed-rule": Lint("another rule finds these posts too, and tells the same channels"),
    "too-common": Lint("a word is so common that it floods"),
    "fuzzy-common-words": Lint("a very common word is one edit from a fuzzy one", "error"),
    "fuzzy-other-words": Lint("other words are one edit from a fuzzy one"),
    "broad-prefix": Lint("a prefix of three letters begins many words"),
    "wide-near": Lint("NEAR reaches further than 10 words"),
    "too-costly": Lint(
        "one post could keep the watcher busy for too long", "error", may_be_allowed=False
    ),
    "unfiltered-regex": Lint("a regular expression that every post is tried against"),
    "all-capitals": Lint("everything is in capitals, which make no difference"),
    "double-negation": Lint("what is excluded is itself an exclusion"),
    "repeated-term": Lint("one thing is asked for twice"),
    "covered-term": Lint("another alternative finds this too"),
    "without-effect": Lint("a key of the rule changes nothing"),
    "typographic-quotes": Lint("curved quotation marks were read as straight ones"),
    "single-quotes": Lint("single quotation marks make no phrase"),
    "star-in-phrase": Lint("a * within quotation marks was left out"),
    "lower-case-operator": Lint("and, or, not in lower case are read as words"),
    "misspelt-operator": Lint("a word in capitals looks like an operator and is read as a word"),
    "typographic-signs": Lint("a dash or a full-width sign was read as the plain one"),
    "invisible-character": Lint("a character that cannot be seen was left out"),
    "comma": Lint("a comma joins nothing"),
    "plus": Lint("a + joins nothing"),
    "unexpected-language": Lint("the rule asks for a language that is not expected"),
    "unheard-alarms": Lint("alarms go to channels that follow accounts, and nowhere else"),
    "no-brand-to-count": Lint("what matches is counted by brand, and there is no brand"),
    "unfed-rule": Lint("no source can bring what the rule asks for"),
    "useless-allow": Lint("`allow` names what the rule does not do"),
}
"""The codes that `docs/lint.md` explains."""
