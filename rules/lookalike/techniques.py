"""What was done to a brand's name, in the words of dnstwist and urlinsane."""

from typing import Final

from rules.lookalike.align import Change
from rules.lookalike.forms import Form, form, kind
from rules.lookalike.measure import Place

ORDER: Final = (
    "same-name", "same-name-elsewhere", "tld-swap", "subdomain", "homoglyph", "leet", "invisible",
    "reversed", "transposition", "omission", "insertion", "repetition", "replacement",
    "bitsquatting", "vowel-swap", "keyboard", "accent", "word-order", "separator", "plural",
    "affix", "number", "contains",
    "copied-display-name", "copied-bio", "copied-avatar",
)  # fmt: skip
"""Every label there is, in the order in which a suspect lists its own.

`same-name-elsewhere`, `tld-swap` and `subdomain` come from where a name stands, those that
begin with `copied-` from what stands beside it, the others from the name itself.
"""


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
    if place.form.turned:
        spelled.add("reversed")
    if any(_one_bit(place, change) for change in place.window.changes):
        spelled.add("bitsquatting")
    written = range(place.window.start, place.window.end)
    added = any(at in place.form.accented for at in written)
    brand = form(place.pattern.name)
    if added and not brand.accented:
        spelled.add("accent")
    start, end = place.window.start, place.window.end
    if _apart(place.form, start, end) != _apart(brand, 0, len(brand.text)):
        spelled.add("separator")
    around = _around(place)
    if place.pattern.reordered:
        around.add("word-order")
    labels = spelled | around
    if not labels:
        labels.add("same-name")
    return ordered(labels), _sentence(spelled, around)


def _apart(form: Form, start: int, end: int) -> bool:
    """Return whether separators stand between letters [start, end)."""
    if start >= end:
        return False
    read = set(form.origin[start:end])
    between = range(form.origin[start] + 1, form.origin[end - 1])
    return any(kind(form.raw[at]) == "s" for at in between if at not in read)


def _one_bit(place: Place, change: Change) -> bool:
    """Return whether a letter became another by one flipped bit, as a faulty memory makes it."""
    wanted = place.pattern.text[change.brand_at : change.brand_end]
    found = place.form.text[change.at : change.end]
    if change.kind not in {"replacement", "keyboard"} or len(wanted) != 1 or len(found) != 1:
        return False
    return found.isascii() and wanted.isascii() and (ord(wanted) ^ ord(found)).bit_count() == 1


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
    if "reversed" in spelled:
        return "turned"
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
