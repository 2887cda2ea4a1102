"""An account held against a brand's own ones: what it copies, where it leads, what it says it is.

Pure: whoever knows the accounts, their pictures and posts hands them in.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rapidfuzz import fuzz

from rules.lookalike.circumstances import Circumstances, judged
from rules.lookalike.detector import Detector
from rules.lookalike.forms import form
from rules.lookalike.hosts import host_of
from rules.lookalike.marks import mark_of
from rules.model import Account, Brand, Suspect

LONGEST_BIO: Final = 500
"""Characters of a bio that are compared: what most networks take, and enough to know a copy by."""
SHORTEST_BIO: Final = 24
"""A shorter one ("news and offers") is no work of anybody."""
SAME_BIO: Final = 88.0
HELD_BIO: Final = 93.0
"""From 0 to 100, as rapidfuzz has it: of a bio against the other, and against a part of it."""
SAME_PICTURE: Final = 12
"""Bits of 128 in which the hashes of pictures may differ: scaled or compressed anew, they do."""
PLAIN_PICTURE: Final = 16
"""A hash with fewer bits set, or fewer unset, shows no more than a surface: everybody has such."""
_SHORTEST_NAME: Final = 3
_LINK: Final = re.compile(r"(?:https?://|www\.)[^\s<>\"]{3,}", re.IGNORECASE)
_MOST_LINKS: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Own:
    """One of a brand's own accounts."""

    brand: str
    account: Account
    picture: str = ""
    """The hash of its picture, as `same_picture` compares it; empty where none was had."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known of an account that resembles a brand."""

    account: Account
    seen: datetime
    """When it looked like this."""
    picture: str = ""
    domains: tuple[str, ...] = ()
    """Domains that look like a brand's, to which its posts lead."""
    posts: int = 0
    """How many of its posts are known; enough to tell none from some."""
    answers: int = 0
    """Accounts that had addressed the brand, and that it answered or mentioned since."""


def in_context(
    detector: Detector,
    candidate: Suspect,
    brand: Brand,
    known: Known,
    own: Sequence[Own],
    harmless: Collection[str] = (),
) -> tuple[Suspect, str | None]:
    """Judge an account that resembles a brand by all that is known of it.

    Returns the suspect it would be, and the rule that raises it: None where none does, because the
    name is too faint, or what is known speaks for it. `own` are accounts of any brand; `harmless`
    are domains that a person found to be.
    """
    seen = observe(detector, brand, known, own, harmless)
    suspect = judged(candidate, seen)
    by_name = detector.rule_for(brand.name, candidate.score)
    if by_name is None and not seen.is_telling:
        return suspect, None
    return suspect, detector.rule_for(brand.name, suspect.score)


def observe(
    detector: Detector,
    brand: Brand,
    known: Known,
    own: Sequence[Own],
    harmless: Collection[str] = (),
) -> Circumstances:
    """Gather what speaks for and against an account, beside its names."""
    account = known.account
    ours = [one for one in own if one.brand == brand.name]
    created = account.created
    return Circumstances(
        copies_display_name=_first(ours, lambda one: same_name(one.account, account)),
        copies_bio=_first(ours, lambda one: same_bio(one.account.bio, account.bio)),
        copies_avatar=_first(ours, lambda one: same_picture(one.picture, known.picture)),
        age=None if created is None else known.seen - created,
        followers=account.followers,
        lookalike_links=_lookalikes(detector, known, harmless),
        posts=known.posts > 0,
        answers=known.answers,
        verified=_proof(detector, account, own),
        marked=mark_of(account, (brand.name, *brand.spellings)),
    )


def vouched(domain: Suspect, own: Sequence[Own]) -> Circumstances:
    """Return what is known of a domain: whether a brand's own account is proven to be its owner's.

    Raises nothing by itself: of a domain no more is known than its name.
    """
    registrable = domain.subject.removeprefix("domain:")
    for one in own:
        if any(_registrable(link) == registrable for link in one.account.verified):
            return Circumstances(verified="@" + one.account.handle)
    return Circumstances()


def same_name(own: Account, other: Account) -> bool:
    """Return whether both bear one display name, as the eye reads it."""
    wanted = form(own.display_name).text
    return len(wanted) >= _SHORTEST_NAME and form(other.display_name).text == wanted


def same_bio(own: str, other: str) -> bool:
    """Return whether a bio repeats the brand's own, but for a few words or what is put around."""
    wanted, found = _words(own), _words(other)
    if len(wanted) < SHORTEST_BIO or len(found) < SHORTEST_BIO:
        return False
    if fuzz.ratio(wanted, found, score_cutoff=SAME_BIO):
        return True
    longer = len(found) > len(wanted) >= 2 * SHORTEST_BIO
    return longer and bool(fuzz.partial_ratio(wanted, found, score_cutoff=HELD_BIO))


def same_picture(own: str, other: str) -> bool:
    """Return whether two hashes of pictures, 32 hexadecimal digits each, are of one picture."""
    if not own or not other:
        return False
    ours, theirs = int(own, 16), int(other, 16)
    if not PLAIN_PICTURE <= ours.bit_count() <= 128 - PLAIN_PICTURE:
        return False
    return (ours ^ theirs).bit_count() <= SAME_PICTURE


def _first(own: Sequence[Own], holds: Callable[[Own], bool]) -> str:
    return next(("@" + one.account.handle for one in own if holds(one)), "")


def _words(bio: str) -> str:
    plain = _LINK.sub(" ", unicodedata.normalize("NFKC", bio[:LONGEST_BIO])).casefold()
    return " ".join(re.findall(r"\w+", plain))


def _lookalikes(detector: Detector, known: Known, harmless: Collection[str]) -> tuple[str, ...]:
    bio = known.account.bio[:LONGEST_BIO]
    told = (found.group() for found in _LINK.finditer(f"{bio} {known.account.display_name}"))
    links = [known.account.url, *told][:_MOST_LINKS]
    whole = [f"https://{link}" if link[:4].casefold() == "www." else link for link in links]
    found = {one.subject.removeprefix("domain:") for one in detector.links(whole)}
    # Of those found before, some may be the brand's own or a friend's by now.
    found.update(domain for domain in known.domains if not detector.owns_domain(domain))
    return tuple(sorted(found.difference(harmless)))


def _proof(detector: Detector, account: Account, own: Sequence[Own]) -> str:
    for link in account.verified:
        name = host_of(link)
        if name is not None and detector.owns_domain(name.ascii):
            return name.shown
    page = _address(account.url)
    for one in own:
        if page and any(_address(link) == page for link in one.account.verified):
            return "@" + one.account.handle
    return ""


def _registrable(link: str) -> str:
    name = host_of(link)
    return "" if name is None else name.registrable


def _address(link: str) -> str:
    """Return an address as it is compared: without scheme, `www.` and a slash at its end."""
    name = host_of(link)
    if name is None:
        return ""
    path = re.sub(r"^https?://[^/?#]*", "", link.strip(), flags=re.IGNORECASE)
    return name.ascii.removeprefix("www.") + path.rstrip("/").casefold()
