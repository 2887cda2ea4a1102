"""What was done to a brand's name, in the words of dnstwist and urlinsane."""

import re
from typing import Final

from rules.lookalike.forms import form
from rules.lookalike.measure import Place

ORDER: Final = (
    "same-name", "same-name-elsewhere", "tld-swap", "subdomain", "homoglyph", "leet", "invisible",
    "transposition", "omission", "insertion", "repetition", "replacement", "vowel-swap", "keyboard",
    "accent", "word-order", "separator", "plural", "affix", "number", "contains",
    "copied-display-name", "copied-bio", "copied-avatar",
)  # fmt: skip
"""Every label there is, in the order in which a suspect lists its own.

`same-name-elsewhere`, `tld-swap` and `subdomain` come from where a name stands, those that
begin with `copied-` from what stands beside it, the others from the name itself.
"""

_SEPARATORS: Final = re.compile(r"[\W_]+")


def ordered(labels: set[str]) -> tuple[str, ...]:
    """Return labels in their one order."""
    return tuple(label for label in ORDER if label in labels)


def named(place: Place) -> tuple[tuple[str, ...], str]:
    """Return the labels of the techniques in a place, and the kind of sentence that tells them."""
    spelled = {change.kind for change in place.window.changes}
    if place.disguised:
        spelled.add("homoglyph")
    if place.form.invisible:
        spelled.add("invisible")
    written = range(place.window.start, place.window.end)
    added = any(at in place.form.accented for at in written)
    if added and not form(place.pattern.name).accented:
        spelled.add("accent")
    apart = place.written.replace("\u200d", "")
    if bool(_SEPARATORS.search(apart)) != bool(_SEPARATORS.search(place.pattern.name)):
        spelled.add("separator")
    around = _around(place)
    if place.pattern.reordered:
        around.add("word-order")
    labels = spelled | around
    if not labels:
        labels.add("same-name")
    return ordered(labels), _sentence(spelled, around)


def _around(place: Place) -> set[str]:
    rest = place.rest
    if not rest:
        return set()
    if rest.isdigit():
        return {"number"}
    if rest == "s" and place.right:
        return {"plural"}
    return {"affix"} if place.claim or place.filled else {"contains"}


def _sentence(spelled: set[str], around: set[str]) -> str:
    respelled = spelled - {"accent", "separator", "invisible"}
    if "word-order" in around:
        return "word-order"
    if "affix" in around:
        return "respelled-affix" if respelled else "affix"
    if "contains" in around or (around and respelled):
        return "respelled-contains" if respelled else "contains"
    if around:
        return next(iter(around))
    if not respelled:
        return "same"
    return "homoglyph" if respelled <= {"homoglyph", "leet"} else "respelled"
