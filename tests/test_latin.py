"""The fast way to cut a text into words says what the plain way says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import latin
from rules.characters import fold_accents, fold_case, scanner

ALPHABET = latin._ALPHABET


def plain_words(text: str) -> list[str]:
    return [fold_accents(fold_case(word)) for word in scanner(text).words.findall(text)]


@pytest.mark.parametrize("around", ["{}", "ab{}cd", "1{}2", " {} ", "é{}É", "{0}{0}", "\u200d{}x"])
def test_each_character_is_read_as_word_for_word(around: str) -> None:
    for char in ALPHABET:
        text = around.format(char)
        assert latin.latin_words(text) == plain_words(text), repr(text)


@given(st.text(alphabet=ALPHABET, max_size=30))
def test_a_text_of_the_alphabet_is_read_as_word_for_word(text: str) -> None:
    assert latin.latin_words(text) == plain_words(text)


@given(st.text(max_size=20))
def test_any_other_text_is_read_as_word_for_word_or_not_at_all(text: str) -> None:
    assert latin.latin_words(text) in (None, plain_words(text))


def test_texts_with_other_letters_are_left_to_others() -> None:
    assert latin.latin_words("œuvre") is None
    assert latin.latin_words("l’été 👍") is None
    assert latin.latin_words("L’Été à Łódź…") == ["l", "ete", "a", "lodz"]


def test_the_alphabet_has_no_character_twice() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) <= 256


def test_beside_a_dividing_character_a_word_begins_and_ends() -> None:
    for char in latin.DIVIDING - {""}:
        assert plain_words(f"é{char}b\u0301") == ["e", "b"], repr(char)
