"""Plurals and singulars, and the rules that ask for them."""

from typing import get_args

import pytest

from rules import KeywordRule
from rules.inflections import Language, inflections
from rules.language import render
from rules.language.expansion import inflect
from rules.language.parser import parse
from rules.model import Definitions

PAIRS: dict[Language, str] = {
    "en": "job jobs, battery batteries, box boxes, watch watches, class classes, knife knives, "
    "woman women, key keys, cheese cheeses, company companies",
    "fr": "client clients, cheval chevaux, bateau bateaux, jeu jeux, panne pannes, bijou bijoux, "
    "emploi emplois, travail travaux",
    "es": "coche coches, luz luces, avión aviones, mujer mujeres, cliente clientes",
    "de": "zeitung zeitungen, kunde kunden, kundin kundinnen, auto autos, lampe lampen",
}
ALONE: dict[Language, str] = {
    "en": "news series is 24 l'orange アクメ",
    "fr": "prix mois gaz avis bus un",
    "es": "crisis",
    "de": "fahrer",
}


@pytest.mark.parametrize("language", get_args(Language))
def test_each_form_gives_the_other(language: Language) -> None:
    for pair in PAIRS[language].split(", "):
        one, several = pair.split()
        assert inflections(one, language) == (one, several)
        assert inflections(several, language) == (several, one)


@pytest.mark.parametrize("language", get_args(Language))
def test_a_word_of_one_form_comes_back_alone(language: Language) -> None:
    for word in ALONE[language].split():
        assert inflections(word, language) == (word,)


def test_only_bare_words_are_inflected_and_the_forms_are_seen() -> None:
    tree = parse('Job -"job" #job job* =job (panne NEAR/5 client) OR jobs')
    assert render(inflect(tree, ("en",))) == (
        'job jobs "job"'.replace("job jobs", "(Job OR jobs)").replace('"job"', '-"job"')
        + " #job job* =job (panne OR pannes) NEAR/5 (client OR clients) OR jobs OR job"
    )
    assert inflect(tree, ()) is tree


def test_a_rule_is_compiled_with_the_forms_it_asks_for() -> None:
    rule = KeywordRule(name="r", find="acme cheval -job", inflections=("fr", "en"))
    tree, _ = rule.compiled(Definitions())
    assert render(tree) == "(acme OR acmes) (cheval OR chevaux OR chevals) -(job OR jobs)"
    assert render(rule.tree) == "acme cheval -job"
