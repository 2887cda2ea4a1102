"""Whether what a source brings is all of its network's posts that have what is asked for."""

from collections.abc import Iterable

from rules.characters import fold_case
from rules.metadata import fold_handle, handle_forms
from rules.text import fold_tag, fold_words
from watcher.backends.reach import Reach
from watcher.sourcing.needs import Ask


def brought(ask: Ask, reaches: Iterable[Reach]) -> bool:
    """Return whether one of several sources brings it all."""
    return any(brings(reach, ask) for reach in reaches)


def brings(reach: Reach, ask: Ask) -> bool:
    """Return whether a source brings all of its network's posts that have what is asked for."""
    if reach.whole:
        return True
    if ask.kind == "tag" and reach.tag:
        return fold_tag(reach.tag).removeprefix("#") == ask.text
    if ask.kind == "account" and reach.author:
        return _same(reach.author, ask)
    if ask.kind == "words" and reach.words:
        return {*fold_words(reach.words)} <= {*ask.text.split()}
    return any(_keeps(one, ask) for one in reach.kept)


def _keeps(kept: str, ask: Ask) -> bool:
    if kept.startswith("@"):
        return ask.kind == "account" and _same(kept[1:], ask)
    if kept.startswith("#"):
        return ask.kind == "tag" and fold_tag(kept[1:]).removeprefix("#") == ask.text
    words = " ".join(fold_words(kept))
    return Ask("words", words, kept).covers(ask) if words else False


def _same(handle: str, ask: Ask) -> bool:
    wanted = fold_handle(fold_case(ask.text).rpartition(":")[2])
    return wanted in handle_forms(handle)
