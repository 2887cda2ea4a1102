"""What is known of a candidate beside the posts that wait: from what is stored, and a profile."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rules.characters import fold_case
from rules.metadata import fold_handle
from rules.model import Account

_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_FIRST_FLAG_LETTER = 0x1F1E6


@dataclass(frozen=True, kw_only=True, slots=True)
class Acquaintance:
    """What the stored posts tell of an account. Empty where they tell nothing."""

    days: frozenset[date] = frozenset()
    """On which it wrote what the channel's rules found, in UTC."""
    newest: datetime | None = None
    """When it wrote the newest post that is stored."""
    languages: frozenset[str] = frozenset()
    """Those that its posts state, `fr` of `fr-CA`."""
    seed: str = ""
    """A seed account that mentioned or answered it, as a handle without `@`."""


NOBODY_KNOWN = Acquaintance()


def is_seed(account: Account, seeds: Sequence[str]) -> bool:
    """Whether an account is one of the seeds, written as `@name@server` or `network:name`."""
    # In full: a seed `guild@town.example` is not whoever is called guild elsewhere.
    own = fold_handle(account.handle)
    return any(
        fold_handle(handle) == own
        for network, handle in map(split_seed, seeds)
        if network in ("", account.network)
    )


def split_seed(seed: str) -> tuple[str, str]:
    """Return the network of a seed, empty where it names none, and its handle without `@`."""
    network, colon, handle = seed.strip().partition(":")
    if not colon:
        network, handle = "", seed.strip()
    return fold_case(network), handle.removeprefix("@")


def place_of(account: Account, regions: Sequence[str]) -> tuple[str, bool]:
    """Return what a profile says of where its owner is, and whether that is one of the regions.

    Networks have no field for it, so this is what people write beside their names: words, and
    flags. An empty text where nothing is said: then nobody knows.
    """
    said = f"{account.display_name}\n{account.bio}"
    plain = _plain(said)
    flags = tuple(_flags(said))
    for region in regions:
        if len(region) == 2 and region.isupper() and region.isascii():
            if region in flags:
                return region, True
        elif re.search(rf"(?<!\w){re.escape(_plain(region))}(?!\w)", plain):
            return region, True
    return (flags[0], False) if flags else ("", False)


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in apart if not unicodedata.combining(character))


def _flags(text: str) -> Iterator[str]:
    for flag in _FLAG.findall(text):
        yield "".join(chr(ord(letter) - _FIRST_FLAG_LETTER + ord("A")) for letter in flag)
