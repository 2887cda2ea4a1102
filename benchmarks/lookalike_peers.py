"""What others do with a brand and a name, on the same scale: a score, or yes and no."""

import unicodedata
from collections.abc import Callable
from functools import cache

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, JaroWinkler, Levenshtein

from rules.lookalike.forms import plain

Peer = Callable[[str, str], float]
DICTIONARY = ("support", "help", "official", "officiel", "service", "login", "promo", "sav")


def levenshtein(brand: str, name: str) -> float:
    """Return 1 less the edits divided by the longer length, of small letters."""
    return Levenshtein.normalized_similarity(brand.lower(), name.lower())


def jaro_winkler(brand: str, name: str) -> float:
    return JaroWinkler.similarity(brand.lower(), name.lower())


def wratio(brand: str, name: str) -> float:
    return fuzz.WRatio(brand.lower(), name.lower()) / 100


def skeleton(brand: str, name: str) -> float:
    """Return 1 where both have the same skeleton (UTS #39), by our table of confusables."""
    return float(_skeleton(brand) == _skeleton(name))


@cache
def _skeleton(name: str) -> str:
    return plain(unicodedata.normalize("NFKC", name)).translate(str.maketrans("i1|0", "lllo"))


def permutations(brand: str, name: str) -> float:
    """Return 1 where dnstwist makes the name of the brand.

    It makes nothing that is more than three edits away and does not hold the brand, so that the
    many others need not be compared with the twenty thousand names that it makes of a long one.
    """
    wanted, label = plain(brand), plain(name)
    if wanted not in label and OSA.distance(wanted, label, score_cutoff=3) > 3:
        return 0.0
    return float(label == wanted or label in _permutations(wanted))


@cache
def _permutations(label: str) -> frozenset[str]:
    if not label:
        return frozenset()
    import dnstwist  # the page is checked where only the tests' packages are

    fuzzer = dnstwist.Fuzzer(f"{label}.com", dictionary=DICTIONARY)
    fuzzer.generate()
    labels = (entry["domain"].split(".")[0] for entry in fuzzer.domains)
    return frozenset(plain(one) for one in labels)


PEERS: dict[str, Peer] = {
    "Levenshtein": levenshtein,
    "Jaro-Winkler": jaro_winkler,
    "rapidfuzz WRatio": wratio,
    "UTS #39 skeleton": skeleton,
    "dnstwist permutations": permutations,
}
YES_OR_NO = frozenset({"UTS #39 skeleton", "dnstwist permutations"})
