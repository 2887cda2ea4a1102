"""Names made to imitate brands, one technique at a time: what real data has too few of.

Every name comes from the seed, the brand and the technique alone, so that two runs make the same.
The tables of letters are written down here and not taken from the detector, which is tried on them.
"""

import random
import string
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

SEED: Final = 2026

WORDS: Final = (
    "Free", "Orange", "Total", "Shell", "Gap", "Target", "Next", "Boots", "Casino", "Printemps",
    "Sprint", "Lotus", "Métro", "Nature", "Galerie", "Mango", "Comté", "Hermine", "Prime", "Avenue",
    "Square", "Balance", "Signal", "Marché", "Lumière",
)  # fmt: skip
"""Brands that are everyday words of French or English."""
SHORT: Final = (
    "Axo", "Sebb", "Bic", "Elv", "Kéo", "Vax", "Mio", "Nuv", "Oxo", "Ytra", "Brev", "Duvo", "Zuri",
    "Aldo", "Lidy", "Puja", "Ikaa", "Nexu", "Fnad", "MGR", "SNTF", "RTX", "CGB", "LCV", "Qobo",
    "Wimo", "Jiva", "Tesk", "Huvo", "Pylo",
)  # fmt: skip
"""Three or four letters."""
MIDDLE: Final = (
    "Nordelia", "Acmetel", "Velmora", "Zébulon", "Brivo", "Kastelo", "Dartyl", "Cultivia",
    "Fennick", "Lorvane", "Maltezo", "Pixarro", "Quintar", "Rovenna", "Sylvane", "Tamarix",
    "Ulverto", "Vindaro", "Wexford", "Xandrel", "Yprema", "Zolando", "Bancaro", "Crédilys",
    "Domofix", "Écolia", "Farmelo", "Gazoline", "Habitéo", "Imprimeo", "Jardizen", "Kermaro",
    "Livraly", "Mobilis",
    "Naturéa", "Optivia", "Pharmelo", "Questa", "Rapidoo", "Santalys", "Telviva", "Urbanéo",
    "Voltaro", "Wattelo", "Ziggou", "Albrook", "Bexwell", "Cardone", "Dunmore", "Eastpack",
    "Farrowly", "Glenbank", "Hartwell", "Inverly", "Jotford", "Kingmere", "Lynwood", "Marbury",
    "Norwick", "Oakridge", "Penrose", "Quillon", "Redmoor", "Stanwick", "Thornby", "Uppsley",
    "Vernham", "Westlyn", "Yarmond", "Zennor",
)  # fmt: skip
"""One word of five to eight letters."""
LONG: Final = (
    "Decorazine", "Boulangerix", "Électroplus", "Assurancia", "Banquéadis", "Voyagissimo",
    "Supermarchéo", "Cuisinelys", "Pharmatopia", "Immobilière Vaurel", "Meublorama", "Transportéa",
    "Bricolandia", "Chaussurama", "Vêtementis", "Librairéo", "Fromagerix", "Autocarélia",
    "Bettermarket", "Cloudharbor", "Drivenorth", "Easterncross", "Fieldmaster", "Grandhaven",
    "Homewarden", "Ironbridgeway", "Jewelstone", "Kitchenfolk", "Lighthousely", "Moneywharf",
    "Northernline", "Openpasture", "Parcelrunner", "Quickcarrier", "Riverbanker", "Silverparrot",
    "Travelbeacon", "Underbloom", "Vaultkeeper", "Watchmender",
)  # fmt: skip
"""Nine letters and more."""
PHRASES: Final = (
    "Crédit Morvan", "Banque Célesta", "Air Brétonne", "La Ferme Royale", "Maison Tardieu",
    "Société Vauclair", "Leroux Mercier", "Les Trois Forges", "Mutuelle Armor", "Caisse Lorraine",
    "Galeries Montval", "Nouvelle Presse", "Bouchard Telecom", "Groupe Sevran", "Radio Mistral",
    "Transports Keller", "Électricité Savoie", "Jardins Dumontel", "Café Valmont", "Poste Directe",
    "Harbor Bank", "Union Pacifica", "Red Kettle", "Silver Oak Energy", "First Meridian",
    "Blue Lantern", "Northern Rail Link", "Hudson Outfitters", "Golden Acre", "Prime Logistics",
    "Summit Airlines", "Atlas Mobile", "Cedar Insurance", "Pioneer Motors", "Velvet Coffee",
)  # fmt: skip
"""Two or three words."""
KINDS: Final = {
    "everyday words": WORDS, "3-4 letters": SHORT, "5-8 letters": MIDDLE, "9 letters on": LONG,
    "several words": PHRASES,
}  # fmt: skip

_CYRILLIC: Final = dict(zip("aceopxyijs", "асеорхуіјѕ", strict=True))
_GREEK: Final = dict(zip("oavnpitk", "οανηριτκ", strict=True))
_SMALL_CAPITALS: Final = dict(zip("abcdeghijklmnoprtuvwz", "ᴀʙᴄᴅᴇɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡᴢ", strict=True))
_LEET: Final = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7", "l": "1", "b": "8"}
_SHAPES: Final = (("m", "rn"), ("w", "vv"), ("d", "cl"), ("m", "nn"))
_ROWS: Final = {
    "qwerty": ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    "azerty": ("azertyuiop", "qsdfghjklm", "wxcvbn"),
}
_UNSEEN: Final = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_MARKS: Final = "\u0335\u0336\u0337\u0323\u0331\u0301"
_ACCENTS: Final = {"a": "à", "e": "é", "i": "î", "o": "ö", "u": "ü", "c": "ç", "n": "ñ", "y": "ÿ"}
_EMOJI: Final = "✅🔥⭐💙🚀🎁🇫🏆"
ENGLISH: Final = (
    "support", "official", "help", "promo", "giveaway", "jobs", "customer care", "service",
    "refund", "rewards", "team", "helpdesk", "verify", "shop", "login", "careers", "delivery",
    "contact",
)  # fmt: skip
FRENCH: Final = (
    "sav", "officiel", "service client", "aide", "cadeau", "concours", "emploi", "remboursement",
    "boutique", "assistance", "offre", "recrutement", "livraison", "reclamation", "compte",
    "conseiller", "facture", "avantages",
)  # fmt: skip

_SECTORS: Final = (
    "Santé", "Énergie", "Mobile", "Assurances", "Voyages", "Bank", "Motors", "Foods", "Media",
    "Logistics", "Retail", "Pharma",
)  # fmt: skip

Technique = Callable[[random.Random, str], str | None]


class Imitation(NamedTuple):
    """A name made for a brand."""

    brand: str
    kind: str
    """A key of `KINDS`."""
    technique: str
    name: str


def plain(brand: str) -> str:
    """Return a brand as handles write it: small ASCII letters and digits."""
    parts = unicodedata.normalize("NFD", brand.casefold())
    return "".join(c for c in parts if c.isascii() and c.isalnum())


def _replace(rng: random.Random, name: str, table: dict[str, str], most: int = 3) -> str | None:
    """Replace from one to `most` letters by one of those that the table has for them."""
    places = [at for at, letter in enumerate(name) if letter in table]
    if not places:
        return None
    letters = list(name)
    for at in rng.sample(places, rng.randint(1, min(most, len(places)))):
        letters[at] = rng.choice(table[letters[at]])
    return "".join(letters)


def _one_other(rng: random.Random, name: str, others: Callable[[str], str]) -> str | None:
    """Replace one letter by one of those that `others` gives for it."""
    places = [at for at, letter in enumerate(name) if others(letter)]
    if not places:
        return None
    at = rng.choice(places)
    return name[:at] + rng.choice(others(name[at])) + name[at + 1 :]


def _style(name: str, first: str) -> str:
    """Write in one of the mathematical or enclosed alphabets, named by its small or capital a."""
    start = ord(first)
    return "".join(
        chr(start + ord(c) - ord("a")) if c in string.ascii_lowercase else c for c in name
    )


def _shape(rng: random.Random, name: str) -> str | None:
    found = [pair for pair in _SHAPES if pair[0] in name]
    return name.replace(*rng.choice(found), 1) if found else None


def _capital_i(_: random.Random, name: str) -> str | None:
    return name.replace("l", "I") if "l" in name else None


def _beside(layout: str) -> Callable[[str], str]:
    def keys(letter: str) -> str:
        for row in _ROWS[layout]:
            if (at := row.find(letter)) >= 0:
                return row[max(at - 1, 0) : at] + row[at + 1 : at + 2]
        return ""

    return keys


def _flips(letter: str) -> str:
    flipped = (chr(ord(letter) ^ (1 << bit)) for bit in range(7))
    return "".join(c for c in flipped if c in string.ascii_lowercase + string.digits)


def _omission(rng: random.Random, name: str) -> str:
    at = rng.randrange(len(name))
    return name[:at] + name[at + 1 :]


def _insertion(rng: random.Random, name: str) -> str:
    at = rng.randrange(1, len(name))
    return name[:at] + rng.choice(string.ascii_lowercase) + name[at:]


def _transposition(rng: random.Random, name: str) -> str | None:
    places = [at for at in range(len(name) - 1) if name[at] != name[at + 1]]
    if not places:
        return None
    at = rng.choice(places)
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def _repetition(rng: random.Random, name: str) -> str:
    at = rng.randrange(len(name))
    return name[:at] + name[at] + name[at:]


def _separator(rng: random.Random, name: str) -> str:
    at = rng.randrange(1, len(name))
    return name[:at] + rng.choice("_-.") + name[at:]


def _among(rng: random.Random, name: str, signs: str) -> str:
    return "".join(c + (rng.choice(signs) if rng.random() < 0.4 else "") for c in name) + signs[0]


def _word_order(rng: random.Random, brand: str) -> str | None:
    words = [plain(word) for word in brand.split()]
    if len(words) < 2:
        return None
    return rng.choice(("_", "", "-")).join(words[1:] + words[:1])


def _affix(rng: random.Random, name: str, words: tuple[str, ...], joint: str) -> str:
    word = rng.choice(words).replace(" ", joint)
    return f"{name}{joint}{word}" if rng.random() < 0.6 else f"{word}{joint}{name}"


def _typo(rng: random.Random, name: str) -> str | None:
    return rng.choice((_omission, _insertion, _transposition, _repetition))(rng, name)


def _on_handle(change: Technique) -> Technique:
    return lambda rng, brand: change(rng, plain(brand))


TECHNIQUES: Final[dict[str, Technique]] = {
    "same name": _on_handle(lambda _, name: name),
    "Cyrillic letters": _on_handle(lambda rng, name: _replace(rng, name, _CYRILLIC)),
    "Greek letters": _on_handle(lambda rng, name: _replace(rng, name, _GREEK)),
    "small capitals": _on_handle(lambda rng, name: _replace(rng, name, _SMALL_CAPITALS, 9)),
    "mathematical letters": _on_handle(lambda rng, name: _style(name, rng.choice("𝐚𝒂𝓪𝔞𝕒𝖆𝖺𝗮𝙖𝚊"))),
    "full-width letters": _on_handle(lambda _, name: _style(name, "ａ")),
    "enclosed letters": _on_handle(lambda rng, name: _style(name, rng.choice("ⓐ⒜🄐🄰🅐🅰"))),
    "regional indicators": _on_handle(lambda _, name: _style(name, "🇦")),
    "one emoji letter": _on_handle(
        lambda rng, name: _replace(rng, name, dict(zip("abopmi", "🅰🅱🅾🅿Ⓜℹ", strict=True)), 1)
    ),
    "round emoji for o": _on_handle(lambda rng, name: _replace(rng, name, {"o": "⭕🔴⚪"}, 1)),
    "capital I for l": _on_handle(_capital_i),
    "leet": _on_handle(lambda rng, name: _replace(rng, name, _LEET)),
    "rn/m vv/w cl/d nn/m": _on_handle(_shape),
    "zero-width characters": _on_handle(lambda rng, name: _among(rng, name, _UNSEEN)),
    "combining marks": _on_handle(lambda rng, name: _among(rng, name, _MARKS)),
    "accents": _on_handle(lambda rng, name: _replace(rng, name, _ACCENTS)),
    "direction override": _on_handle(lambda _, name: f"\u202d{name}\u202c"),
    "written backwards": _on_handle(lambda _, name: f"\u202e{name[::-1]}\u202c"),
    "turned upside down": _on_handle(lambda _, name: name.translate(_TURNED)[::-1]),
    "omission": _on_handle(_omission),
    "insertion": _on_handle(_insertion),
    "replacement": _on_handle(
        lambda rng, name: _one_other(rng, name, lambda c: string.ascii_lowercase.replace(c, ""))
    ),
    "transposition": _on_handle(_transposition),
    "repetition": _on_handle(_repetition),
    "vowel swap": _on_handle(
        lambda rng, name: _one_other(
            rng, name, lambda c: "aeiou".replace(c, "") if c in "aeiou" else ""
        )
    ),
    "neighbouring key, QWERTY": _on_handle(
        lambda rng, name: _one_other(rng, name, _beside("qwerty"))
    ),
    "neighbouring key, AZERTY": _on_handle(
        lambda rng, name: _one_other(rng, name, _beside("azerty"))
    ),
    "bit flipped": _on_handle(lambda rng, name: _one_other(rng, name, _flips)),
    "separator": _on_handle(_separator),
    "letters apart": _on_handle(lambda rng, name: rng.choice("._ ").join(name)),
    "plural": _on_handle(lambda _, name: name + "s" if name[-1] != "s" else None),
    "word order": _word_order,
    "number": _on_handle(lambda rng, name: f"{name}{rng.choice(('', '_'))}{rng.randint(1, 2030)}"),
    "affix, English": _on_handle(lambda rng, name: _affix(rng, name, ENGLISH, rng.choice("_-."))),
    "affix, French": _on_handle(lambda rng, name: _affix(rng, name, FRENCH, rng.choice("_-."))),
    "affix, English, glued": _on_handle(lambda rng, name: _affix(rng, name, ENGLISH, "")),
    "affix, French, glued": _on_handle(lambda rng, name: _affix(rng, name, FRENCH, "")),
    "two affixes": _on_handle(
        lambda rng, name: _affix(rng, _affix(rng, name, FRENCH, "_"), ENGLISH, "_")
    ),
    "display name with affix and emoji": lambda rng, brand: (
        f"{brand} {rng.choice(ENGLISH + FRENCH).title()} {rng.choice(_EMOJI)}"
    ),
    "mathematical letters and affix": lambda rng, brand: _style(
        f"{plain(brand)} {rng.choice(ENGLISH + FRENCH)}", rng.choice("𝐚𝓪𝗮𝙖")
    ),
    "leet and affix": _on_handle(
        lambda rng, name: _affix(rng, _replace(rng, name, _LEET, 1) or name, ENGLISH, "_")
    ),
    "typing error and affix": _on_handle(
        lambda rng, name: _affix(rng, _typo(rng, name) or name, ENGLISH + FRENCH, "_")
    ),
    "ending in the handle": _on_handle(
        lambda rng, name: name + rng.choice((".com", "_com", ".fr", "dotcom", "_fr", "-uk"))
    ),
}

_TURNED: Final = str.maketrans("abcdefghijklmnopqrtuvwy", "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹʇnʌʍʎ")


def brands(count: int) -> list[str]:
    """Return so many brands: those of `KINDS`, then names made of parts of theirs."""
    rng = random.Random(SEED)
    found = dict.fromkeys(brand for kind in KINDS.values() for brand in kind)
    words = [word for word in (*MIDDLE, *LONG) if " " not in word]
    while len(found) < count:
        one, two = rng.sample(words, 2)
        if rng.random() < 0.6:
            found[one[: rng.randint(3, 5)] + two.lower()[-rng.randint(2, 5) :]] = None
        else:
            found[f"{one} {rng.choice(_SECTORS)}"] = None
    return list(found)[:count]


def imitations() -> Iterator[Imitation]:
    """Yield every technique on every brand that it can be used on."""
    for kind, brands in KINDS.items():
        for brand in brands:
            for technique, change in TECHNIQUES.items():
                rng = random.Random(f"{SEED} {brand} {technique}")
                name = change(rng, brand)
                if name is not None and (technique == "same name" or name != plain(brand)):
                    yield Imitation(brand, kind, technique, name)
