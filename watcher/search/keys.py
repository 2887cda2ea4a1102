"""What the index keeps of a post: the keys under which it is found."""

import functools
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

from rules.confusables import LOOKS
from rules.metadata import fold_language
from rules.model import Account, Post
from rules.text import HANDLE_PART, Analysis, analyse

LONGEST_KEY = 120
"""Bytes of a term that the index keeps; longer ones are found by their beginning."""
METADATA = ":"
"""Stands before terms of the metadata, so that the prefix `sou*` does not meet `source:`."""
NO_LANGUAGE = b":lang:?"
"""The key of posts that do not state their language."""
_SHORTEST_MISSPELT = 4
_NO_WORDS = tuple(sign.encode() for sign in (METADATA, LOOKS, "#", "$", "@"))
_HANDLE_PART = HANDLE_PART.encode()


def keys_of(post: Post) -> set[bytes]:
    """Return the keys under which a post is found."""
    analysis = analyse(post)
    keys = set(map(key_of, analysis.terms - analysis.metadata))
    keys.update(_keys_of_metadata(analysis))
    return keys


def _keys_of_metadata(analysis: Analysis) -> Iterator[bytes]:
    for term in analysis.metadata:
        name, _, value = term.partition(":")
        if name == "from":
            yield from_key(value)
        elif name != "author":
            yield key_of(METADATA + term)
    if not fold_language(analysis.post.language or ""):
        yield NO_LANGUAGE
    yield account_key(analysis.post.author)


def key_of(term: str) -> bytes:
    """Return the key of a term of a post's text: a word, `#tag`, `@handle`."""
    return term.encode("utf-8", "surrogatepass")[:LONGEST_KEY]


def from_key(handle: str) -> bytes:
    """Return the key of a handle; `acme` and `town:acme` are one: the network is verified later."""
    return key_of(f"{METADATA}from:{handle.rpartition(':')[2]}")


def account_key(account: Account) -> bytes:
    """Return the key of an account, whatever handle it has."""
    return key_of(f"{METADATA}account:{account.key}")


def may_be_misspelt(key: bytes) -> bool:
    """Whether a key is a word, or one of a handle, that a search for a like word may find."""
    if len(key) < _SHORTEST_MISSPELT or len(key) >= LONGEST_KEY:
        return False
    return key.startswith(_HANDLE_PART) or not key.startswith(_NO_WORDS)


@functools.cache
def form(*made_by: object) -> str:
    """Return what differs where an index of another version of the program cannot be used."""
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    author = Account(network="town", id="1", handle="Ann@town.example")
    text = "L'Été à #MaMarque_2 avec @Bob@a.org: ｆｕｌｌ ﬁn 日本語 ไทย Straße 𝓝 don't 👍🏽 $ACME http://é.fr?"
    post = Post(
        network="town", id="1", author=author, text=text, posted_at=moment, language="fr-CA"
    )
    made = (*made_by, sorted(keys_of(post)))
    return hashlib.sha256(repr(made).encode()).hexdigest()[:8]
