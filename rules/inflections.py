"""Regular plurals and singulars, so that a rule can list them instead of guessing at stems.

The rules are those of school grammars: where a word follows none of them, or could follow several,
each form is given that it may have. A form that no one writes finds nothing; one that means
something else is seen in the list that `watcher rules show` prints.
"""

import re
from collections.abc import Iterator
from typing import Literal

from rules.characters import fold_case
from rules.text import fold_words

Language = Literal["en", "fr", "es", "de"]

_Rules = tuple[tuple[str, str], ...]

# (ending, what the other number has instead); the first that fits is taken.
_PLURALS: dict[str, _Rules] = {
    "en": (
        (r"([^aeiou])y", r"\1ies"),
        (r"(s|x|z|ch|sh)", r"\1es"),
        (r"", r"s"),
    ),
    "fr": (
        (r"([sxz])", r"\1"),
        (r"(eau|au|eu)", r"\1x"),
        (r"al", r"aux"),
        (r"", r"s"),
    ),
    "es": (
        (r"([aeiouáéó])", r"\1s"),
        (r"z", r"ces"),
        (r"ión", r"iones"),
        (r"([íú])", r"\1es"),
        (r"([^aeiouáéíóús])", r"\1es"),
        (r"s", r"s"),
    ),
    "de": (
        (r"(in)", r"\1nen"),
        (r"(ung|heit|keit|schaft|tion|tät)", r"\1en"),
        (r"(e)", r"\1n"),
        (r"([aiouy])", r"\1s"),
        (r"(el|er|en)", r"\1"),
        (r"", r"e"),
    ),
}
_SINGULARS: dict[str, _Rules] = {
    "en": (
        (r"([^aeiou])ies", r"\1y"),
        (r"(ss|x|zz|ch|sh)es", r"\1"),
        (r"(us|is|ss)", r""),
        (r"([^s])s", r"\1"),
    ),
    "fr": (
        (r"(eau|eu)x", r"\1"),
        (r"aux", r"al"),
        (r"(ss|us|as|os|ès)", r""),
        (r"([^s])s", r"\1"),
    ),
    "es": (
        (r"ces", r"z"),
        (r"iones", r"ión"),
        (r"([rlndj])es", r"\1"),
        (r"([aeiou])s", r"\1"),
    ),
    "de": (
        (r"(in)nen", r"\1"),
        (r"(ung|heit|keit|schaft|tion|tät)en", r"\1"),
        (r"(e)n", r"\1"),
    ),
}
_IRREGULAR: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (
        ("man", "men"), ("woman", "women"), ("child", "children"), ("person", "people"),
        ("foot", "feet"), ("tooth", "teeth"), ("mouse", "mice"), ("half", "halves"),
        ("shelf", "shelves"), ("self", "selves"), ("leaf", "leaves"), ("loaf", "loaves"),
        ("potato", "potatoes"), ("tomato", "tomatoes"), ("hero", "heroes"),
        ("knife", "knives"), ("life", "lives"), ("wife", "wives"), ("business", "businesses"),
    ),
    "fr": (
        ("œil", "yeux"), ("travail", "travaux"), ("bijou", "bijoux"), ("caillou", "cailloux"),
        ("chou", "choux"), ("genou", "genoux"), ("hibou", "hiboux"), ("joujou", "joujoux"),
        ("pneu", "pneus"), ("bleu", "bleus"), ("festival", "festivals"), ("bal", "bals"),
        ("bail", "baux"), ("vitrail", "vitraux"), ("madame", "mesdames"), ("carnaval", "carnavals"),
    ),
    "es": (("lápiz", "lápices"), ("club", "clubes"), ("examen", "exámenes"), ("joven", "jóvenes"),
        ("mes", "meses"), ("país", "países")),
    "de": (
        ("mann", "männer"), ("kind", "kinder"), ("buch", "bücher"), ("haus", "häuser"),
        ("auto", "autos"), ("kunde", "kunden"), ("preis", "preise"), ("laden", "läden"),
    ),
}  # fmt: skip
_ONE_FORM: dict[str, frozenset[str]] = {
    "en": frozenset({"news", "series", "species", "sales", "always", "perhaps"}),
    "fr": frozenset(
        {"avis", "mois", "fois", "bois", "trois", "colis", "devis", "tapis", "pays", "temps"}
        | {"corps", "puis", "mais", "dans", "alors", "moins", "vers", "sans", "souris", "nous"}
    ),
    "es": frozenset({"crisis", "análisis", "lunes", "martes", "jueves", "viernes", "gratis"}),
    "de": frozenset(),
}
_SHORTEST = 3
_COMPILED = {
    (name, language): tuple((re.compile(f"{ending}$"), other) for ending, other in rules)
    for name, table in (("plural", _PLURALS), ("singular", _SINGULARS))
    for language, rules in table.items()
}


def inflections(word: str, language: Language) -> tuple[str, ...]:
    """The word in lower case with the other forms that it regularly has in the language.

    `inflections("cheval", "fr") == ("cheval", "chevaux")`. What is no single word of letters, or
    has fewer than 3 of them, comes back alone.
    """
    known = fold_case(word)
    if len(fold_words(word)) != 1 or not known.isalpha() or len(known) < _SHORTEST:
        return (known,)
    return tuple(dict.fromkeys((known, *_others(known, language))))


def _others(word: str, language: Language) -> Iterator[str]:
    if word in _ONE_FORM[language]:
        return
    for one, several in _IRREGULAR[language]:
        if word in (one, several):
            yield several if word == one else one
            return
    singular = _other("singular", word, language)
    if singular and singular != word:
        yield singular
        return
    plural = _other("plural", word, language)
    if plural:
        yield plural


def _other(number: str, word: str, language: Language) -> str:
    for ending, other in _COMPILED[(number, language)]:
        if ending.search(word):
            form = ending.sub(other, word, count=1)
            return form if other and len(form) >= _SHORTEST else ""
    return ""
