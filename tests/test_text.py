"""The one analysis of text: words, places, and texts that wish us ill."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.characters import fold_accents, fold_case, parts, scanner
from rules.confusables import LOOKS
from rules.metadata import fold_domain, fold_language, handle_forms
from rules.signs import MOST_SIGNS
from rules.text import analyse, fold, fold_tag, fold_words
from tests.expressions import post, posts, texts


def seen(text: str, **more: object) -> list[tuple[str, int, str]]:
    """Each token as its term, position, and the text at its place."""
    tokens = analyse(post(text, **more)).tokens  # type: ignore[arg-type]
    return [(token.term, token.position, text[token.start : token.end]) for token in tokens]


def test_words_stand_in_their_order_with_their_places() -> None:
    assert seen("L’Été, à Nice !") == [
        ("l", 0, "L"), ("ete", 1, "Été"), ("a", 2, "à"), ("nice", 3, "Nice"),
    ]  # fmt: skip


def test_a_hashtag_is_a_tag_a_word_and_its_parts() -> None:
    assert seen("vive #MaMarque !") == [
        ("vive", 0, "vive"),
        ("#mamarque", 1, "#MaMarque"),
        ("ma", 1, "Ma"),
        ("marque", 2, "Marque"),
        ("mamarque", 1, "MaMarque"),
        ("mamarque", 2, "MaMarque"),
    ]


def test_a_number_after_a_sharp_is_a_number() -> None:
    assert seen("#1 d’Acme") == [("1", 0, "1"), ("d", 1, "d"), ("acme", 2, "Acme")]


def test_a_handle_is_known_by_its_long_and_short_form_and_its_parts() -> None:
    assert seen("@Acme_FR@far.example") == [
        ("@acme_fr@far.example", 0, "@Acme_FR@far.example"),
        ("@acme_fr", 0, "@Acme_FR@far.example"),
        ("@/acme", 0, "Acme"),
        ("@/fr", 1, "FR"),
        ("@/far", 2, "far"),
        ("@/example", 3, "example"),
    ]


def test_a_link_has_no_words_and_keeps_its_neighbours_apart() -> None:
    assert seen("a https://acme.example/b#c d") == [("a", 0, "a"), ("d", 2, "d")]
    assert seen("www.acme.example/x新商") == [("新", 1, "新"), ("商", 2, "商")]


def test_a_link_shown_in_short_is_known_by_what_the_network_states() -> None:
    stated = ("https://www.acme.example/sale/2026#now",)
    assert seen("see Acme.example/sal... now", links=stated) == [
        ("see", 0, "see"),
        ("now", 2, "now"),
    ]
    assert [term for term, _, _ in seen("and/or Mr.Acme/Ms", links=stated)] == [
        "and", "or", "mr", "acme", "ms",
    ]  # fmt: skip


def test_scripts_without_spaces_have_a_word_for_each_character() -> None:
    assert seen("ﾊﾞｯｸ東京のiPhone") == [
        ("バ", 0, "ﾊﾞ"), ("ッ", 1, "ｯ"), ("ク", 2, "ｸ"), ("東", 3, "東"), ("京", 4, "京"),
        ("の", 5, "の"), ("iphone", 6, "iPhone"),
    ]  # fmt: skip


def test_an_emoji_is_a_word_whatever_its_skin_or_style() -> None:
    assert seen("Acme \U0001f44d\U0001f3fd\U0001f44d ❤\ufe0f non") == [
        ("acme", 0, "Acme"),
        ("\U0001f44d", 1, "\U0001f44d\U0001f3fd"),
        ("\U0001f44d", 2, "\U0001f44d"),
        ("❤", 3, "❤\ufe0f"),
        ("non", 4, "non"),
    ]
    family = "\U0001f469\U0001f3fd\u200d\U0001f4bb"
    assert seen(f"{family}\U0001f1eb\U0001f1f7\U0001f1e9\U0001f1ea") == [
        ("\U0001f469\U0001f4bb", 0, family),
        ("\U0001f1eb\U0001f1f7", 1, "\U0001f1eb\U0001f1f7"),
        ("\U0001f1e9\U0001f1ea", 2, "\U0001f1e9\U0001f1ea"),
    ]


def test_a_trade_mark_sign_says_nothing_and_a_keycap_is_its_digit() -> None:
    assert seen("Acme™ 1\ufe0f\u20e3") == [("acme", 0, "Acme"), ("1", 1, "1\ufe0f\u20e3")]


def test_a_cashtag_is_known_as_such_and_by_its_words() -> None:
    assert seen("sold $ACME and $BRK.B for $100, US$5") == [
        ("sold", 0, "sold"),
        ("$acme", 1, "$ACME"),
        ("acme", 1, "ACME"),
        ("and", 2, "and"),
        ("$brk.b", 3, "$BRK.B"),
        ("brk", 3, "BRK"),
        ("b", 4, "B"),
        ("for", 5, "for"),
        ("100", 6, "100"),
        ("us", 7, "US"),
        ("5", 8, "5"),
    ]


def test_what_the_network_states_beside_the_text_stands_behind_it() -> None:
    stated = seen("a #Shown @here", hashtags=("shown", "Hidden"), mentions=("here", "there"))
    assert [term for term, _, piece in stated if not piece] == [
        "@there",
        "@/there",
        "#hidden",
        "hidden",
    ]
    assert min(place for _, place, piece in stated if not piece) > 5


@pytest.mark.parametrize(
    ("word", "whole"),
    [
        ("MaMarque15", ["Ma", "Marque", "15"]),
        ("ACMEcorp", ["ACM", "Ecorp"]),
        ("acme", ["acme"]),
        ("ACME", ["ACME"]),
        ("ÉtéIndien", ["Été", "Indien"]),
        ("ПриветМир", ["Привет", "Мир"]),
        ("ÀLaUne2026", ["À", "La", "Une", "2026"]),
        ("ÉTÉ", ["ÉTÉ"]),
    ],
)
def test_camel_case_has_parts(word: str, whole: list[str]) -> None:
    assert [word[start:end] for start, end in parts(word)] == whole


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Lo", "Nd", "Mn"]), min_size=1))
@settings(deadline=None)
def test_the_parts_of_a_word_make_the_word(word: str) -> None:
    if not word.isascii():
        assert "".join(word[start:end] for start, end in parts(word)) == word


def test_folding_takes_case_and_accents_and_keeps_what_makes_a_letter() -> None:
    assert fold("Été") == "ete"
    assert fold("l'Orange") == "l orange"
    assert fold("…") == ""
    assert fold("İstanbul") == fold("istanbul") == fold("ıstanbul")
    assert fold("Ørsted") == "orsted"
    assert fold("ハ") != fold("バ")
    assert fold("कि") != fold("का")
    assert fold_words("Été d'or", accents=True) == ("été", "d", "or")
    assert fold_tag("#Été") == "#ete"
    assert fold_tag("Été", accents=True) == "#été"


@given(st.text())
@settings(deadline=None)
def test_folding_again_changes_nothing(word: str) -> None:
    once = fold_case(word)
    assert fold_case(once) == once
    bare = fold_accents(once)
    assert fold_accents(bare) == bare


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll"], max_codepoint=0x24F), min_size=1))
@settings(deadline=None)
def test_a_word_is_the_same_however_its_accents_are_encoded(word: str) -> None:
    composed = unicodedata.normalize("NFC", word)
    assert fold(unicodedata.normalize("NFD", word)) == fold(composed)
    assert fold(word.upper()) == fold(word.lower().upper())


@given(posts)
@settings(max_examples=300, deadline=None)
def test_terms_are_those_of_the_tokens_and_the_metadata(subject: object) -> None:
    analysis = analyse(subject)  # type: ignore[arg-type]
    said = {term for term in analysis.terms if not term.startswith(LOOKS)}
    assert said == {token.term for token in analysis.tokens} | analysis.metadata


@given(st.one_of(texts, st.text()))
@settings(max_examples=300, deadline=None)
def test_every_place_is_in_the_text_and_folds_to_its_term(text: str) -> None:
    for token in analyse(post(text)).tokens:
        assert 0 <= token.start < token.end <= len(text)
        piece = text[token.start : token.end]
        assert token.term.lstrip("@/#") in {
            fold_accents(fold_case(piece)),
            *handle_forms(piece),
        } or (token.term.startswith("#") and fold_tag(piece) == token.term)


@given(st.text(min_size=1, max_size=12))
@settings(deadline=None)
def test_a_word_of_a_rule_is_found_in_a_post_that_says_just_that(word: str) -> None:
    terms = fold_words(word)
    analysis = analyse(post(f"- {word} -"))
    signs = (
        any(sign in word for sign in "@#$＠＃＄") or "w" in word.lower() or "http" in word.lower()
    )
    if not signs:
        assert [token.term for token in analysis.tokens] == list(terms)


HOSTILE = {
    "a long word": "a" * 200_000,
    "words of one letter": "a " * 100_000,
    "dots between letters": "a." * 100_000,
    "sharps": "#" * 200_000,
    "half hashtags": "#1" * 100_000,
    "half handles": "@a." * 66_666,
    "handles without end": "é@a@" * 50_000,
    "accents without end": "e" + "\u0301" * 200_000,
    "accented letters": "e\u0301" * 100_000,
    "invisible": "\u200b" * 200_000,
    "invisible after letters": "a\u00ad" * 100_000,
    "invisible after one letter": "a" + "\u00ad" * 200_000,
    "links within links": "https://" * 25_000,
    "one endless hashtag": "#" + "aA" * 100_000,
    "one endless accented hashtag": "#" + "éÉ" * 100_000,
    "nul": "\0" * 200_000,
    "surrogates": "\ud800" * 200_000,
    "right to left": "\u202e\u05d0\u05b8" * 66_666,
    "Chinese": "新" * 200_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_huge_text_costs_what_its_length_says(text: str) -> None:
    start = time.process_time()
    analysis = analyse(post(text))
    assert analysis.terms >= {token.term for token in analysis.tokens}
    # Some 5 µs a character; a step that looks at every pair of characters would take an hour.
    assert time.process_time() - start < 10


def test_a_text_of_a_megabyte_is_read() -> None:
    text = "Bonjour #MaMarque, l’été chez @acme : https://acme.example/x ? " * 16_000
    assert len(text) > 1_000_000
    of_words = 10  # behind the last sign that counts as such, each of the four words of a link too
    assert len(analyse(post(text)).tokens) == 333 * 11 + 14 + (16_000 - 334) * of_words


def test_behind_the_thousandth_sign_all_are_words() -> None:
    analysis = analyse(post("#a " * MOST_SIGNS + "#MaMarque @acme https://acme.example/x"))
    assert not analysis.terms & {"#mamarque", "ma", "@acme", "has:link", "domain:acme.example"}
    assert {"mamarque", "acme", "https"} <= analysis.terms
    assert analysis.terms >= {token.term for token in analysis.tokens}


def test_the_empty_text_has_no_tokens() -> None:
    assert seen("") == []


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("https://Shop.Acme.com:8080/x?y#z", "shop.acme.com"),
        ("https://user:secret@acme.com/", "acme.com"),
        ("https://acme.com@evil.example/", "evil.example"),
        ("www.acme.com/x", "www.acme.com"),
        ("acme.com.", "acme.com"),
        ("https://crédit.example/", "xn--crdit-csa.example"),
        ("https://[::1", "["),
        ("mailto:a@acme.com", "acme.com"),
        ("", ""),
        ("https://" + "a" * 300 + ".com", ""),
        ("https://é" + "a" * 100 + ".com", ""),
    ],
)
def test_the_host_of_a_link(link: str, host: str) -> None:
    assert fold_domain(link) == host


@given(st.text())
@settings(deadline=None)
def test_metadata_is_read_from_anything(text: str) -> None:
    more = {
        "links": (text,),
        "hashtags": (text,),
        "mentions": (text,),
        "language": text,
        "source": text,
    }
    subject = post(text, handle=text, reply_to_handle=text, **more)
    analysis = analyse(subject)
    said = {term for term in analysis.terms if not term.startswith(LOOKS)}
    assert said == {token.term for token in analysis.tokens} | analysis.metadata


def test_the_language_of_a_post_is_its_primary_subtag() -> None:
    assert [fold_language(tag) for tag in ("fr-CA", "PT_br", "x" * 9, "", "é")] == [
        "fr",
        "pt",
        "",
        "",
        "",
    ]


def test_kana_and_han_are_terms_of_their_own() -> None:
    signs = "".join(
        map(chr, (*range(0x3041, 0x3097), *range(0x30A1, 0x30FB), *range(0x4E00, 0xA000)))
    )
    found = [fold(word) for word in scanner(signs).words.findall(signs)]
    assert found == list(signs)
    assert analyse(post(signs)).said == set(signs)
