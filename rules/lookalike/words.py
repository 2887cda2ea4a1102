"""What ordinary names are made of: affixes of impostors, common words, and how rare letters are.

The lists under `data/` (sources there) say which letters around a brand are a word of their own
(`renault` + `wallet`), which swallow the brand (`rutherford` for Ford), and which brands are words
that people use without thinking of a brand (`orange`).
"""

import math
import re
from collections import Counter
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise
from typing import Final

CLAIMS: Final = frozenset(
    """
    abonnement abonnements account accounts admin aide airdrop alert alerte alerts assist assistance
    auth avantages avis billet billets billetterie billing bonus boutique business cadeau cadeaux
    card care careers carriere carrieres carte center central centre claim client clients colis com
    compte concours conseil conseiller conseillers contact contacts corp customer customers deal
    deals delivery desk dotcom emploi emplois eu event events exchange factory facture factures
    feedback finance fr france gagnant gagnants gagner gagnez giveaway giveaways gratuit gratuits
    group groupe help helpdesk helpline hotline hq hr inc indemnisation indemnite indemnites info
    infos jeu jeux job jobs livraison livraisons login loterie ltd mail media mobile news nitro off
    offer offers official officials officiel officielle officiels offre offres oficial online org
    outlet outlets paiement paiements parrainage pay payment press presse prime pro promo promos
    promotion promotions reclamation reclamations recruit recruitment recrute recrutement reduction
    reductions refund refunds remboursement remboursements rembourser remise remises reward rewards
    rh sale sales sas sav secure secured securite security service services shop shopping site
    social solde soldes staff store stores suivi support supports team tech technical ticket tickets
    token uk update usa verif verified verify vip wallet web website win winner world
    """.split()  # noqa: SIM905
)
"""What impostors add to a brand in English and French, to speak or sell in its name."""

FILLERS: Final = frozenset(
    """
    app apps are by chat club co community de des du fans free get gift global go hey iam
    insta intl io it join la le les live ma me mon my net nft not notre org original page pr
    prize real sa sos the try tv url us use votre we weare www
    """.split()  # noqa: SIM905
)
"""Small words that stand beside a brand and say nothing of who speaks."""

JOINTS: Final = frozenset(
    """
    and are at au avec chez dans des du en est et for from has have in into is les mais of on or our
    par pas pour que qui sans son sur that this to une was were what when with you your
    """.split()  # noqa: SIM905
)
"""Small words that make a phrase of what stands beside a brand: `free cars for sale`."""

_LONGEST_WORD: Final = 18


def _lines(name: str) -> list[str]:
    return resources.files("rules.lookalike").joinpath(f"data/{name}").read_text("utf-8").split()


@cache
def common_words() -> dict[str, int]:
    """Return everyday words of English and French with their rank, 1 the most frequent."""
    return {word: rank for rank, word in enumerate(_lines("common.txt"), 1)}


@cache
def everyday_words() -> frozenset[str]:
    """Return words that people use without thinking of a brand, those of three letters included."""
    return frozenset(_lines("short.txt")) | common_words().keys()


@cache
def first_names() -> frozenset[str]:
    """Return first names that are given in French and English speaking countries."""
    return frozenset(_lines("firstnames.txt"))


@cache
def known_words() -> frozenset[str]:
    """Return words, first names and surnames, the common ones included."""
    return frozenset(_lines("known.txt")) | everyday_words() | first_names()


@cache
def _letters() -> tuple[dict[str, float], dict[str, float]]:
    """Count the pairs of letters in the known words: bits of a letter alone and after another."""
    single: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for word in known_words():
        single.update(word)
        pairs.update(a + b for a, b in pairwise(word))
    total = sum(single.values())
    alone = {c: -math.log2(n / total) for c, n in single.items()}
    after = {
        a + b: -math.log2((pairs[a + b] + 20 * 2 ** -alone[b]) / (single[a] + 20))
        for a in alone
        for b in alone
    }
    return alone, after


@lru_cache(maxsize=4096)
def surprise(text: str) -> float:
    """Return how unlikely folded letters are in an ordinary name, in bits.

    A first-order Markov chain over the known words (Shannon 1948); a common word is at most as
    surprising as its rank by Zipf's law. Digits count 5 bits, other scripts 8.
    """
    alone, after = _letters()
    bits = 0.0
    previous = ""
    for char in text:
        unknown = 5.0 if char.isdigit() else 8.0
        bits += after.get(previous + char, alone.get(char, unknown))
        previous = char
    rank = common_words().get(text)
    return bits if rank is None else min(bits, math.log2(rank * 11))


_SHORT_CLAIMS: Final = frozenset(word for word in CLAIMS if len(word) < 4)
_PART: Final = re.compile("[A-Z]?[a-z]+|[A-Z]+")


@cache
def _claims_by_start() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for word in sorted(CLAIMS - _SHORT_CLAIMS):
        found[word[:3]] = (*found.get(word[:3], ()), word)
    return found


def may_claim(name: str, text: str) -> bool:
    """Return whether the folded letters of a name spell a claim; one of up to three at an edge."""
    if not _SHORT_CLAIMS.isdisjoint(part.lower() for part in _PART.findall(name)):
        return True
    ends = {text[:2], text[:3], text[-2:], text[-3:]}
    if not _SHORT_CLAIMS.isdisjoint(ends):
        return True
    starts = _claims_by_start()
    for at in range(len(text) - 3):
        for word in starts.get(text[at : at + 3], ()):
            if text.startswith(word, at):
                return True
    return False


@lru_cache(maxsize=65536)
def explained(text: str) -> tuple[int, tuple[str, ...]]:
    """Return how many letters of `text` words and affixes cover at best, and the affixes used.

    `JOINTS` among the words are given with the affixes.

    Words of fewer than three letters count only as affixes; one short affix alone covers. Of ways
    that cover as much the one of fewer pieces is taken: `remboursement`, not `rem`, `bourse`,
    `ment`.
    """
    known = known_words()
    best: list[tuple[int, int, tuple[str, ...]]] = [(0, 0, ())]
    for end in range(1, len(text) + 1):
        choice = best[end - 1]
        if text[end - 1].isdigit():
            choice = (choice[0] + 1, *choice[1:])
        for start in range(max(0, end - _LONGEST_WORD), end - 1):
            word = text[start:end]
            if word in CLAIMS or word in FILLERS or word in JOINTS:
                affixes = (*best[start][2], word)
            elif end - start > 2 and word in known:
                affixes = best[start][2]
            else:
                continue
            option = (best[start][0] + end - start, best[start][1] - 1, affixes)
            if option[:2] > choice[:2]:
                choice = option
        best.append(choice)
    covered, _, affixes = best[-1]
    return covered, affixes


def swallowed(text: str, start: int, end: int, edges: frozenset[int]) -> str:
    """Return the longest known word of `text` that holds [start, end) and more; empty if none.

    A word does not reach across an edge of the brand itself.
    """
    known = known_words()
    longest = ""
    first = start if start in edges else max(0, start - 12)
    last = end if end in edges else min(len(text), end + 12)
    for left in range(first, start + 1):
        for right in range(end, last + 1):
            if right - left > max(end - start, len(longest)) and text[left:right] in known:
                longest = text[left:right]
    return longest
