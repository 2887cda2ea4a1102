"""One name against one brand: score, techniques, reasons, alignment."""

import random
import string
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.lookalike import compare, score
from rules.lookalike.align import align
from rules.lookalike.candidate import Candidate
from rules.lookalike.forms import _confusables, fold, form, kind
from rules.lookalike.index import Index
from rules.lookalike.pattern import patterns
from rules.lookalike.reasons import LONGEST_VALUE, REASONS
from rules.lookalike.techniques import ORDER
from rules.lookalike.words import CLAIMS
from tests.effort import effort

DEFAULT = 0.6
BRANDS = ("Renault", "Crédit Agricole", "Nike", "Orange", "Steam Community", "Leroy Merlin", "EDF")
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u202e\u034f\ufe0f"
HOSTILE = st.one_of(
    st.text(st.characters(), max_size=80),
    st.text("rRеnаult01_.-$@! \u202e\ud800<&>", max_size=40),
)


@pytest.mark.parametrize(
    ("brand", "name", "technique"),
    [
        ("Renault", "renault", "same-name"),
        ("Renault", "rеnаult", "homoglyph"),
        ("Renault", "renau1t", "leet"),
        ("Microsoft", "rnicrosoft", "homoglyph"),
        ("Wattpad", "vvattpad", "homoglyph"),
        ("Netflix", "netfIix", "homoglyph"),
        ("Renault", "re\u200bnault", "invisible"),
        ("Peugeot", "peugoet", "transposition"),
        ("Nordelia", "nordeila", "transposition"),
        ("Carrefour", "carefour", "omission"),
        ("Carrefour", "carrefoxur", "insertion"),
        ("Michelin", "micheliin", "repetition"),
        ("Decathlon", "decatxlon", "replacement"),
        ("Decathlon", "decothlon", "vowel-swap"),
        ("Decathlon", "decathpon", "keyboard"),
        ("Renault", "rénault", "accent"),
        ("Crédit Agricole", "agricole-credit", "word-order"),
        ("Renault", "re_nault", "separator"),
        ("Decathlon", "decathlons", "plural"),
        ("Renault", "renault_support", "affix"),
        ("Renault", "service-client-renault", "affix"),
        ("Renault", "RenaultOfficiel", "affix"),
        ("Renault", "renault2024", "number"),
        ("Renault", "mairie_renault", "contains"),
    ],
)
def test_a_technique_is_raised_and_named(brand: str, name: str, technique: str) -> None:
    found = compare(brand, name)
    assert found.score >= DEFAULT
    assert technique in found.techniques


@pytest.mark.parametrize(
    ("brand", "name"),
    [
        ("Ford", "margaret_rutherford"),
        ("Uber", "aubergines"),
        ("Nike", "mike"),
        ("Nike", "nice"),
        ("Nike", "veronikes"),
        ("Apple", "apply"),
        ("Orange", "orange_sarah"),
        ("Orange", "oranges"),
        ("Orange", "orage"),
        ("Free", "freedom"),
        ("Free", "free_lunch"),
        ("Steam", "steed"),
        ("EDF", "azedfig"),
        ("Shell", "michelle"),
        ("Renault", "jean_dupont"),
        ("Crédit Agricole", "credit"),
    ],
)
def test_an_ordinary_name_is_left_alone(brand: str, name: str) -> None:
    assert score(brand, name) < DEFAULT


@pytest.mark.parametrize(
    "name", ["orange", "orange_sav", "0range", "orange-officiel", "orangehelp"]
)
def test_an_everyday_word_is_raised_where_it_means_the_brand(name: str) -> None:
    assert score("Orange", name) >= DEFAULT


@given(st.sampled_from(BRANDS), HOSTILE)
def test_any_name_gets_a_score_and_readable_sentences(brand: str, name: str) -> None:
    found = compare(brand, name)
    assert 0 <= found.score <= 1
    assert found.score == score(brand, name)
    assert set(found.techniques) <= set(ORDER)
    for why in (found.reason, *found.evidence):
        assert why.template in REASONS.values()
        assert all(len(value) <= LONGEST_VALUE for value in why.values.values())
        assert str(why).isprintable()
        str(why).encode("utf-8")


@given(st.sampled_from(BRANDS), HOSTILE)
def test_the_alignment_holds_both_names_in_full(brand: str, name: str) -> None:
    found = compare(brand, name)
    assert "".join(column.brand for column in found.alignment) == brand
    assert "".join(column.candidate for column in found.alignment) == name
    assert all(column.brand or column.candidate for column in found.alignment)


def test_the_alignment_marks_what_differs_and_nothing_else() -> None:
    found = compare("Peugeot", "peugoet_sav")
    assert [(c.brand, c.candidate) for c in found.alignment if c.differs] == [
        ("e", "o"), ("o", "e"), ("", "_"), ("", "s"), ("", "a"), ("", "v"),
    ]  # fmt: skip


NAMES = st.builds(
    lambda brand, left, right, sep: (
        f"{left}{sep if left else ''}{brand}{sep if right else ''}{right}"
    ),
    st.sampled_from(("renault", "Renault", "credit_agricole", "nike", "RENAULT", "renualt")),
    st.sampled_from(("", "my", "x", "help", "Jean")),
    st.sampled_from(("", "support", "zq", "2024", "s", "Fan")),
    st.sampled_from(("", "_", ".")),
)


def _same_kind() -> dict[str, list[str]]:
    """Return for each ASCII letter or digit the characters that read as it, of the same kind."""
    found: dict[str, list[str]] = {}
    for char in _confusables():
        folded = fold(char)
        if len(folded) == 1 and not char.isascii() and folded.isascii():
            for ascii_char in (folded, folded.upper()):
                if kind(char) == kind(ascii_char):
                    found.setdefault(ascii_char, []).append(char)
    return found


SAME_KIND = _same_kind()


@given(
    st.sampled_from(("Renault", "Crédit Agricole", "Nike")),
    NAMES,
    st.randoms(use_true_random=False),
)
def test_invisible_characters_inside_a_name_never_lower_its_score(
    brand: str, name: str, rng: random.Random
) -> None:
    """For every name: the same letters with invisible characters among them score no less."""
    hidden = "".join(char + rng.choice(("", rng.choice(INVISIBLE))) for char in name)
    assert score(brand, hidden) >= score(brand, name)


@given(
    st.sampled_from(("Renault", "Crédit Agricole", "Nike")),
    NAMES,
    st.randoms(use_true_random=False),
)
def test_confusables_never_lower_the_score_of_a_name(
    brand: str, name: str, rng: random.Random
) -> None:
    """For every name: letters replaced by others that fold to the same and are of the same kind
    (capital, small, digit) score no less."""
    worn = "".join(
        rng.choice(SAME_KIND[char]) if char in SAME_KIND and rng.random() < 0.3 else char
        for char in name
    )
    assert score(brand, worn) >= score(brand, name)


def _imitate(rng: random.Random, brand: str) -> str:
    """Return a brand's name changed by one or two techniques, perhaps with company."""
    name = form(brand).text
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        at = rng.randrange(len(name))
        kind = rng.randrange(6)
        letter = rng.choice(string.ascii_lowercase)
        if kind == 0 and at + 1 < len(name):
            name = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
        elif kind == 1 and len(name) > 2:
            name = name[:at] + name[at + 1 :]
        elif kind == 2:
            name = name[:at] + letter + name[at:]
        elif kind == 3:
            name = name[:at] + letter + name[at + 1 :]
        elif kind == 4:
            name = name[:at] + name[at] * 2 + name[at + 1 :]
        else:
            name = name.replace("m", "rn").replace("o", "0").replace("i", "1")
    claim = rng.choice(sorted(CLAIMS))
    return rng.choice((name, name, f"{name}_{claim}", f"{claim}{name}", f"the{name}{claim}"))


def test_the_index_loses_at_most_one_in_a_hundred_of_what_comparing_with_all_would_raise() -> None:
    rng = random.Random(20)
    brands = (
        "Renault", "Carrefour", "Crédit Agricole", "Decathlon", "Michelin", "Orange", "Peugeot",
        "Boulanger", "Twitter", "Google", "Cdiscount", "Leroy Merlin", "Bouygues Telecom",
    )  # fmt: skip
    targets = [pattern for brand in brands for pattern in patterns(brand)]
    index = Index(targets)
    raised = lost = 0
    for _ in range(2000):
        candidate = Candidate(_imitate(rng, rng.choice(brands)))
        near = index.find(candidate.looks)
        for at, pattern in enumerate(targets):
            place = candidate.place(pattern)
            if place is not None and place.score >= DEFAULT:
                raised += 1
                again = candidate.place(pattern, DEFAULT) if at in near else None
                lost += again is None or again.score != place.score
    assert raised > 1000
    assert lost <= raised / 100


def test_words_in_either_order_are_found_as_one_brand() -> None:
    for one, other in pairwise(["Air France", "France Air", "Air France"]):
        assert score(one, other.replace(" ", "")) >= DEFAULT


@pytest.mark.parametrize(
    "name",
    [
        "renault" * 1500,
        "\u200b" * 9_000 + "renault",
        "r\u0301" * 5_000,
        "\ud800" * 10_000,
        "<script>" * 1_250,
        "rn" * 5_000,
        "$" * 10_000,
        "ﷺ" * 10_000,
    ],
)
def test_a_huge_name_takes_no_longer_than_a_long_one(name: str) -> None:
    assert effort(lambda: compare("Steam Community", name)) < 0.25


@settings(max_examples=50)
@given(st.text(string.ascii_lowercase, min_size=2, max_size=9), st.text("abcdmnrvw", max_size=12))
def test_a_window_costs_what_its_changes_cost(brand: str, text: str) -> None:
    window = align(brand, text, 99, frozenset({0, len(text)}))
    assert window is not None
    assert window.cost == pytest.approx(sum(change.cost for change in window.changes))


def test_a_letter_that_stands_for_another_is_shown_as_it_was_written() -> None:
    said = {str(why) for why in compare("Nordelia", "nordeIia").evidence}
    assert '"I" stands for "l", which looks almost the same.' in said
