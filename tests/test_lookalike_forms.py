"""Names as the eye reads them."""

import sys
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.lookalike.forms import LONGEST_FORM, fold, form, looks, plain

ANY_TEXT = st.text(st.characters(), max_size=60)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Crédit Agricole", "creditagricole"),
        ("рауреr", "payper"),  # р а у р е are Cyrillic
        ("𝓡𝓮𝓷𝓪𝓾𝓵𝓽", "renault"),
        ("Ｒｅｎａｕｌｔ", "renault"),
        ("Ⓡⓔⓝⓐⓤⓛⓣ", "renault"),
        ("🇷🇪🇳", "ren"),
        ("re\u200bna\u00adu\u2060lt", "renault"),
        ("\u202erenault", "renault"),
        ("R̷e̷n̷a̷u̷l̷t̷", "renault"),
        ("ﬁnance", "finance"),
        ("Straße", "strasse"),
        ("ᴋɪᴛ", "kit"),
        ("αррӏе", "apple"),
    ],
)
def test_a_disguised_name_is_read_as_what_it_imitates(written: str, read: str) -> None:
    assert plain(written) == read


def test_folding_what_was_folded_changes_nothing_for_any_character() -> None:
    assigned = [*range(0x32400), *range(0xE0000, 0xE0200), sys.maxunicode]
    changed = [
        char
        for char in map(chr, assigned)
        if (folded := fold(char)) and "".join(map(fold, folded)) != folded
    ]
    assert changed == []


def test_a_folded_character_is_never_a_mark_or_a_control() -> None:
    for code in range(0x20000):
        for char in fold(chr(code)):
            assert char.isalnum(), hex(code)
            assert not unicodedata.category(char).startswith(("M", "C")), hex(code)


@given(ANY_TEXT)
def test_a_plain_form_is_its_own_plain_form(name: str) -> None:
    assert plain(plain(name)) == plain(name)


@given(ANY_TEXT)
def test_the_form_letter_by_letter_says_the_same_as_the_quick_one(name: str) -> None:
    assert form(name).text == plain(name)


@given(ANY_TEXT)
def test_every_letter_of_a_form_leads_back_to_its_character(name: str) -> None:
    one = form(name)
    assert len(one.origin) == len(one.text)
    for letter, at in zip(one.text, one.origin, strict=True):
        assert letter in fold(one.raw[at])
    assert list(one.origin) == sorted(one.origin)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("renault_support", ["renault", "support"]),
        ("RenaultSupport", ["renault", "support"]),
        ("SNCFConnect", ["sncf", "connect"]),
        ("renault24fr", ["renault", "24", "fr"]),
        ("help.renault-fr", ["help", "renault", "fr"]),
        ("re\u200bnault", ["renault"]),
        ("🚗 Renault 🚗", ["renault"]),
    ],
)
def test_parts_are_told_by_separators_capitals_and_digits(name: str, parts: list[str]) -> None:
    one = form(name)
    cuts = sorted(one.edges)
    assert [one.text[a:b] for a, b in pairwise(cuts)] == parts


def test_signs_are_read_as_letters_only_where_they_stand_for_one() -> None:
    assert form("$team", signs=True).text == "$team"
    assert form("Hello!", signs=True).text == "hello"
    assert looks("$team") == ("team", "steam")


def test_leet_shapes_and_doubles_come_to_the_same_look() -> None:
    assert set(looks("rnicros0ft")) & set(looks("microsoft"))
    assert set(looks("paypa1")) & set(looks("paypal"))
    assert set(looks("gooogle")) & set(looks("google"))


@given(st.text(st.characters(), min_size=200, max_size=400))
def test_a_form_is_bounded(name: str) -> None:
    assert len(form(name).text) <= LONGEST_FORM
    assert all(len(look) <= LONGEST_FORM for look in looks(name))


def test_an_invisible_character_counts_only_inside_a_word() -> None:
    assert form("re\u200b\u200bnault").invisible
    assert not form("👩\u200d💻 Renault").invisible
    assert not form("Renault\u200b").invisible
