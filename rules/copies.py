"""Which posts say the same: reposts, and texts that differ in little.

Texts are compared as rapidfuzz's `token_sort_ratio` does (edits between the sorted words), without
links and whom they are addressed to: who asks twenty people the same has said it once.
`benchmarks/copies.py` measures what that finds.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Literal

from rapidfuzz import fuzz, process

from rules.model import Post

ALIKE = 90.0
LONGEST_COMPARED = 400
SHORTEST_COMPARED = 24
"""Shorter texts ("thank you acme!") are the same only when equal."""
COPIES_FOR = timedelta(days=7)
"""For so long after a match a rule with `dedupe` takes what says the same for a copy of it."""
MOST_KNOWN = 500
"""A post is compared with so many others that a rule found last."""

_LINK = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_MENTION = re.compile(r"(?<!\w)[@\uff20]\w[\w.-]*(?:@\w[\w.-]*)?")
_REPOST = re.compile(r"^\s*rt\s+@?[\w.@-]+\s*:?", re.IGNORECASE)
_OLD_REPOST = re.compile(r"^\s*RT\s+@\w[\w.@-]*\s*:?")
_CUT_OFF = ("…", "...")


def words(post: Post) -> str:
    """The sorted words of a post without links and the mark of a repost, the first 400 characters.

    Mentions are left out where enough remains. Two posts with the same words say the same. A post
    without words gives what else it carries.
    """
    text = post.text[: LONGEST_COMPARED * 2]
    said = _sorted(_said(_MENTION.sub(" ", _REPOST.sub("", text))))
    if len(said) < SHORTEST_COMPARED:  # "thanks @ann" is not what "thanks @bob" says
        said = _sorted(_said(text))
    return said or f"{text} {post.links[:3]} {post.media[:3]}"


def _sorted(said: list[str]) -> str:
    return " ".join(sorted(said))[:LONGEST_COMPARED]


def _said(text: str) -> list[str]:
    plain = _LINK.sub(" ", _REPOST.sub("", text))
    return re.findall(r"\w+", unicodedata.normalize("NFKC", plain).casefold())


def root(post: Post) -> str:
    """The key of the post that this one passes on, else its own."""
    return f"{post.network}:{post.repost_of or post.id}"


class Wordings:
    """Texts under names, to find again what differs little."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def add(self, name: str, text: str) -> None:
        """Remember a text, as `words` gives it."""
        if len(text) >= SHORTEST_COMPARED:
            self._texts[name] = text

    def forget(self, name: str) -> None:
        """Forget a text, if it is there."""
        self._texts.pop(name, None)

    def like(self, text: str) -> str | None:
        """The name of the text that is most like this one, None where none is like it."""
        if len(text) < SHORTEST_COMPARED:
            return None
        found = process.extractOne(text, self._texts, scorer=fuzz.ratio, score_cutoff=ALIKE)
        return None if found is None else found[2]


class Originals:
    """What one rule found, each saying once; tells whether a further post is a copy of any.

    `repost` takes for a copy what the network calls a repost, and the `RT @ann: ...` of old where
    the text is that of a post known here, or its beginning where the text was cut off. `near` takes
    for one also a post with the same words, or with few others. Only the `MOST_KNOWN` last are
    known, so a post costs the same however much was found before.
    """

    def __init__(self, how: Literal["repost", "near"], known: Sequence[Post] = ()) -> None:
        self._near = how == "near"
        self._posts: dict[str, tuple[str, ...]] = {}
        self._names: dict[str, str] = {}
        self._wordings = Wordings()
        self._beginnings: dict[str, str] = {}
        for post in known:
            self._add(post)

    def original_of(self, post: Post) -> str | None:
        """The key of the post that says the same; None for a new one, which is known from now."""
        found = self._find(post)
        if found is None:
            self._add(post)
        return found if found != post.key else None

    def _find(self, post: Post) -> str | None:
        by_root = self._names.get(root(post))
        if by_root is not None:
            return by_root
        text = words(post)
        old = bool(_OLD_REPOST.match(post.text))
        if not (self._near or old):
            return None
        found = self._names.get(f"text:{text}")
        if found is None and old and post.text.rstrip().endswith(_CUT_OFF):
            said = _beginning(post)
            found = next(
                (k for k, t in self._beginnings.items() if said and t.startswith(said)), None
            )
        if found is None and self._near:
            found = self._wordings.like(text)
        return found

    def _add(self, post: Post) -> None:
        text = words(post)
        names = (root(post), f"text:{text}")
        self._posts[post.key] = names
        for name in names:
            self._names.setdefault(name, post.key)
        self._beginnings[post.key] = _beginning(post)
        if self._near:
            self._wordings.add(post.key, text)
        if len(self._posts) > MOST_KNOWN:
            self._forget(next(iter(self._posts)))

    def _forget(self, key: str) -> None:
        for name in self._posts.pop(key):
            if self._names.get(name) == key:
                del self._names[name]
        self._beginnings.pop(key, None)
        self._wordings.forget(key)


def find_copies(
    how: Literal["repost", "near"], known: Sequence[Post], found: Sequence[Post]
) -> Iterator[tuple[str, str]]:
    """Yield the key of each found post that is a copy, and that of the post it repeats.

    `known` are the posts the rule found before, copies left out, oldest first; `found` those it
    found now, in the order of arrival. In how many parts they come makes no difference.
    """
    originals = Originals(how, known)
    for post in found:
        original = originals.original_of(post)
        if original is not None:
            yield post.key, original


def _beginning(post: Post) -> str:
    """The words in their order. The last of a text that was cut off may be but half a word."""
    return " ".join(_said(post.text[: LONGEST_COMPARED * 2].rstrip().removesuffix("…")))
