"""What a rule could find in the posts of a source, of which only the `Reach` is known.

A tree answers whether a post could be there that fits, and one that does not; where nothing is
known both are possible. So a rule is doubted only where it is certain to find nothing.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rules.characters import fold_case
from rules.language.tree import And, AtLeast, Field, Hashtag, Node, Not, Or, Range
from rules.metadata import fold_handle, handle_forms
from rules.text import fold_tag
from watcher.backends import XSource
from watcher.backends.reach import Reach

if TYPE_CHECKING:
    from watcher.config import Config

_ONE_SERVER = ("bluesky", "local", "x")
"""Networks in which a handle has but one form."""


class Could(NamedTuple):
    """Whether a post can be true of something, and whether one can be false of it."""

    fit: bool
    not_fit: bool


_OPEN = Could(fit=True, not_fit=True)
_NEVER = Could(fit=False, not_fit=True)
_ALWAYS = Could(fit=True, not_fit=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """A source, and what is known of its posts."""

    name: str
    reach: Reach
    own: frozenset[str]
    """The brands' own handles, folded, as they are written: `acme`, `mastodon:acme`."""
    configured: frozenset[str]
    """The names of all sources, folded: that there is no other is told elsewhere."""
    looks_for: tuple[str, ...] = ()
    """The names of the only rules that it looks for; empty where it is not limited to some."""

    def could(self, leaf: Node) -> Could:
        """What a leaf could be for one of its posts."""
        match leaf:
            case Field(name="network", value=value):
                return self._certain(self.reach.network, fold_case(value))
            case Field(name="source", value=value) if fold_case(value) in self.configured:
                return self._certain(fold_case(self.name), fold_case(value))
            case Field(name="from", value=value):
                return self._written_by(fold_case(value))
            case Field(name="is", value="own"):
                return self._own()
            case Field(name=name) | Range(name=name) if name in self.reach.unstated:
                return _NEVER
            case Hashtag(text=text) if self.reach.tag and fold_tag(text) == fold_tag(
                self.reach.tag
            ):
                return _ALWAYS
        return _OPEN

    @staticmethod
    def _certain(known: str, wanted: str) -> Could:
        if not known:
            return _OPEN
        return _ALWAYS if known == wanted else _NEVER

    def _written_by(self, account: str) -> Could:
        """What `from:acme` and `from:mastodon:acme` could be."""
        network, colon, handle = account.rpartition(":")
        author, bare = self.reach.author, fold_handle(handle)
        if colon and self.reach.network not in ("", network):
            return _NEVER
        if not author:
            return _OPEN
        if not colon and fold_handle(author) == bare:
            return _ALWAYS
        return _OPEN if _alike(author, bare) else _NEVER

    def _own(self) -> Could:
        author = self.reach.author
        if not author:
            return _OPEN
        if not any(_alike(author, own.rpartition(":")[2]) for own in self.own):
            return _NEVER
        # Brands name accounts in full; a short name is one only where there is no longer form.
        full = "@" in author or self.reach.network in _ONE_SERVER
        return _ALWAYS if full and fold_handle(author) in self.own else _OPEN


def _alike(one: str, other: str) -> bool:
    """Whether two handles could be of one account: a server's name may be left out."""
    return not {*handle_forms(one)}.isdisjoint(handle_forms(other))


def feeds_of(config: "Config") -> list[Feed]:
    """Return the sources that are read, with what is known of their posts."""
    own = frozenset(
        fold_handle(account).replace(":@", ":")
        for brand in config.brands
        for account in brand.accounts
    )
    configured = frozenset(fold_case(source.name) for source in config.sources)
    return [
        Feed(
            name=source.name,
            reach=source.reach,
            own=own,
            configured=configured,
            looks_for=source.rules if isinstance(source, XSource) else (),
        )
        for source in config.sources
        if source.enabled
    ]


def could(node: Node, feed: Feed | None, forgiven: Node | None = None) -> Could:
    """Return what a tree could be for a post of a source (None: of one that may bring anything).

    The tree has no references; what equals `forgiven` could be anything.
    """
    if isinstance(node, And | Or | AtLeast):
        parts = [could(part, feed, forgiven) for part in node.parts]
        least = len(parts) if isinstance(node, And) else 1
        least = node.count if isinstance(node, AtLeast) else least
        fit = sum(part.fit for part in parts) >= least
        return Could(fit, sum(not part.not_fit for part in parts) < least)
    if isinstance(node, Not):
        part = could(node.part, feed, forgiven)
        return Could(part.not_fit, part.fit)
    if feed is None or node == forgiven:
        return _OPEN
    return feed.could(node)
