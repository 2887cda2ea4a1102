"""What the index keeps of a post: the keys under which it is found."""

from collections.abc import Iterator

from rules.metadata import fold_language
from rules.model import Account, Post
from rules.text import Analysis, analyse

LONGEST_KEY = 120
"""Bytes of a term that the index keeps; longer ones are found by their beginning."""
METADATA = ":"
"""Stands before terms of the metadata, so that the prefix `sou*` does not meet `source:`."""
NO_LANGUAGE = b":lang:?"
"""The key of posts that do not state their language."""


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
