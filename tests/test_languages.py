"""In which language a post is read: the one it states, unless that is clearly false."""

import pytest

from rules import KeywordRule
from rules.evaluator import Reading, evaluate
from rules.language import parse
from rules.matcher import Matcher
from rules.model import Definitions
from rules.signals.language import language_of
from rules.text import analyse
from tests.test_evaluator import post

FRENCH = "Toujours aucune réponse du service client, je suis vraiment très déçu, c'est une honte"
ENGLISH = "Still no answer from customer service, I am really disappointed, this is a disgrace"
BOTH = ("en", "fr")


@pytest.mark.parametrize(
    ("text", "stated", "among", "language"),
    [
        (FRENCH, "fr", BOTH, "fr"),
        (FRENCH, "fr-CA", BOTH, "fr"),
        (FRENCH, None, BOTH, "fr"),
        (FRENCH, "en", BOTH, "fr"),
        (ENGLISH, "fr", BOTH, "en"),
        (FRENCH, "en", ("en",), "en"),  # no other one is expected
        (FRENCH, "en", (), "en"),
        (FRENCH, "xx", BOTH, "xx"),  # a language the model does not know
        ("Vraiment nul", "en", BOTH, "en"),  # too short to contradict
        ("@anna https://a.example/" + "x" * 80, "en", BOTH, "en"),
        ("", None, BOTH, None),
        ("12345", "fr", BOTH, "fr"),
    ],
)
def test_the_language_a_post_is_read_in(
    text: str, stated: str | None, among: tuple[str, ...], language: str | None
):
    assert language_of(post(text, language=stated), among) == language


def test_the_tone_is_read_in_the_language_the_post_is_in_whichever_way_it_is_asked():
    said = post(FRENCH, language="en")
    rule = KeywordRule(name="bad", find="sentiment:negative")
    definitions = Definitions(languages=BOTH)
    assert Matcher([rule], definitions).match([said])
    reading = Reading(languages=BOTH)
    found = {
        asked: evaluate(parse(asked), reading, analyse(said)) is not None
        for asked in ("sentiment:negative", "lang:en", "lang:fr")
    }  # `lang` asks for what is stated
    assert found == {"sentiment:negative": True, "lang:en": True, "lang:fr": False}
