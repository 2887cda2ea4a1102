"""What posts a source can bring, as far as its table tells: so that nothing is asked of it in vain.

Nothing here is read from a network. What is not known for certain is left open: a source that says
nothing may bring anything.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """What holds for every post that a source brings; by default nothing does."""

    network: str = ""
    """The network of all its posts, as in `Post.network`; empty: several, or not known."""
    whole: bool = False
    """Whether it is all that the network or server shows to the public."""
    author: str = ""
    """The handle of the account whose posts alone it brings, without `@`; empty: anybody's."""
    tag: str = ""
    """The hashtag that all its posts have, without `#`."""
    words: str = ""
    """The words that all its posts have."""
    kept: tuple[str, ...] = ()
    """Of all that the network shows, it brings what has one of these, and no more: words,
    `"phrases"` and `#hashtags` as in rules, and `@accounts`."""
    shows_accounts: bool = True
    """Whether authors are accounts, with handles that can be compared and followed."""
    unstated: frozenset[str] = frozenset()
    """Fields of the rule language that none of its posts ever states: `followers`, `likes` ..."""

    @property
    def limits(self) -> str:
        """What all its posts have in common, in words: `by @acme`, `with #acme`; empty if nothing.

        May quote the configuration.
        """
        if self.author:
            return f"by @{self.author}"
        if self.tag:
            return f"with #{self.tag}"
        return f'with "{self.words}"' if self.words else ""


def of_query(query: str, network: str) -> Reach:
    """Return what a query of the usual kinds reaches: `public`, `@account`, `#tag`, `search:words`.

    Anything else (`home`, lists, feeds) may bring whatever others choose to put there.
    """
    if query in ("public", "jetstream", "repos"):
        return Reach(network=network, whole=True)
    if query.startswith("@") and ":" not in query:  # an id tells no handle
        return Reach(network=network, author=query[1:])
    if query.startswith("#"):
        return Reach(network=network, tag=query[1:])
    if query.startswith("search:"):
        return Reach(network=network, words=query.removeprefix("search:").strip())
    return Reach(network=network)
