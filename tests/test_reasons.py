"""Why a rule matched, from a tree that was made ready once."""

from rules.evaluator import Evaluator, Reading
from rules.language import parse
from rules.reasons import reason, reason_of
from rules.text import analyse
from tests.expressions import post


def test_conditions_are_named_in_their_order_where_no_word_was_found() -> None:
    tree = parse("(lang:fr OR lang:en) is:original 2 OF (likes:10.., likes:5.., acme) -is:bot")
    evaluator = Evaluator(tree, Reading())
    for likes, language in ((20, "fr"), (12, "en")):
        analysis = analyse(post("bonjour", language=language, likes=likes))
        spans = evaluator.spans(analysis)
        assert spans == ()
        why = reason_of(evaluator, analysis, spans)
        assert str(why) == f"The post fits lang:{language}, is:original, likes:10.., likes:5..."
        assert why == reason(tree, Reading(), analysis, spans)


def test_words_are_named_and_the_conditions_beside_them_are_not() -> None:
    evaluator = Evaluator(parse("acme lang:fr"), Reading())
    analysis = analyse(post("Acme !", language="fr"))
    spans = evaluator.spans(analysis)
    assert spans is not None
    assert str(reason_of(evaluator, analysis, spans)) == "The post says “Acme”."
