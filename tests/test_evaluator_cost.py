"""No post makes a rule that was let through cost more than its budget."""

import random
from functools import partial, reduce
from itertools import product

import pytest

from rules.evaluation.cost import BUDGET, cost, too_costly
from rules.evaluator import Evaluator, Reading
from rules.language.tree import (
    And,
    Exact,
    Field,
    Fuzzy,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Regex,
    Word,
)
from rules.text import Analysis, analyse
from tests.effort import effort
from tests.expressions import post

A, B = Word(text="a"), Word(text="b")


def near(left: Node, right: Node, distance: int) -> Node:
    return Near(left=left, right=right, distance=distance)


def chain(length: int, distance: int) -> Node:
    return reduce(lambda node, _: near(node, B, distance), range(length), A)


RULES: dict[str, Node] = {
    "the same word twice": near(A, A, 5),
    "far apart": near(A, B, 100),
    "a thousand nears": And(parts=tuple(near(A, B, n % 10 + 1) for n in range(1_000))),
    "near what is near": chain(5, 10),
    "near both ways": near(near(A, B, 10), near(B, A, 10), 10),
    "phrases": And(parts=tuple(Phrase(text="a b") for _ in range(500))),
    "exact phrases": Or(
        parts=tuple(Exact(text=f"a{x}{y} b", phrase=True) for x in ",.;:-" for y in "!?+*/")
    ),
    "many words": Or(parts=tuple(Word(text=f"w{n}") for n in range(10_000))),
    "many prefixes": Or(parts=tuple(Prefix(text=f"w{n:04}") for n in range(2_000))),
    "many fuzzy words": Or(parts=tuple(Fuzzy(text=f"abcdef{n}") for n in range(20))),
    "nested": reduce(lambda node, _: And(parts=(Or(parts=(node, B)), A)), range(100), A),
    "regular expressions": Or(parts=tuple(Regex(pattern=f"(a+)+{n}$") for n in range(20))),
    "bio": Field(name="bio", value="a a a b"),
}
TEXTS = {
    "one word": "a " * 50_000,
    "two words": "a b " * 25_000,
    "three words": " ".join(random.Random(3).choices("abc", k=50_000)),
    "distinct words": " ".join(f"w{n:04}" for n in range(16_000)),
    "alike words": " ".join(f"abcdef{n}" for n in range(100, 10_000)),
    "one letter": "a" * 100_000,
    "hashtags": " ".join("#" + "Aa" * n for n in range(1, 250)),
}


@pytest.fixture(scope="module")
def analyses() -> dict[str, Analysis]:
    made = {name: analyse(post(text, bio=text)) for name, text in TEXTS.items()}
    for analysis in made.values():  # what all rules share
        assert analysis.terms
        assert analysis.tokens
        for word in (A, B, near(A, B, 1), Exact(text="a b", phrase=True), RULES["bio"]):
            Evaluator(word, Reading()).spans(analysis)
    return made


@pytest.mark.parametrize("rule", RULES)
def test_hostile_posts_cost_no_more_than_the_budget(
    rule: str, analyses: dict[str, Analysis]
) -> None:
    assert too_costly(RULES[rule]) is None
    evaluator = Evaluator(RULES[rule], Reading())
    for name, analysis in analyses.items():
        assert 1e6 * effort(partial(evaluator.spans, analysis)) < 3 * BUDGET, name


def spellings(letters: str, length: int) -> list[str]:
    return ["".join(some) for some in product(letters, repeat=length)]


FAMILIES: dict[str, tuple[list[Node], str, Reading]] = {
    "capitals": ([Exact(text=word) for word in spellings("aA", 8)], "aaaaaaaa ", Reading()),
    "accents": ([Exact(text=word) for word in spellings("eéèê", 4)], "eeee ", Reading()),
    "skins": ([Exact(text="👍" + skin) for skin in "🏻🏼🏽🏾🏿"], "👍🏽", Reading()),
    "accents kept": (
        [Word(text=word) for word in spellings("eéèê", 4)],
        "eeee ",
        Reading(fold_accents=False),
    ),
    "accents of prefixes": (
        [Prefix(text=word) for word in spellings("eéèê", 4)],
        "eeee ",
        Reading(fold_accents=False),
    ),
    "punctuation after": (
        [Exact(text=f"a b{signs}", phrase=True) for signs in spellings("!?.,;", 3)],
        "a b!?.,;! ",
        Reading(),
    ),
    "punctuation before": (
        [Exact(text=f"{signs}a b", phrase=True) for signs in spellings("!?.,;", 3)],
        "!!!a b ",
        Reading(),
    ),
    "punctuation in hashtags": (
        [Exact(text=f"Aa{signs}Bb", phrase=True) for signs in spellings("!?.,;", 3)],
        "#AaBb ",
        Reading(),
    ),
    "prefixes of prefixes": ([Prefix(text="a" * n) for n in range(3, 30)], "a" * 30, Reading()),
    "close to the same": (
        [Fuzzy(text=f"aaaaaa{letter}") for letter in "abcdefghijklmnopqrstuvwxyz"],
        "aaaaaaa ",
        Reading(),
    ),
    "links": ([Field(name="url", value=f"w{n}") for n in range(90)], "http://a.b/c", Reading()),
}
"""Many leaves that are each looked for at the same places: those, the post, the reading."""


@pytest.mark.parametrize("family", FAMILIES)
def test_many_leaves_for_the_same_words_cost_no_more_than_the_budget(family: str) -> None:
    leaves, piece, reading = FAMILIES[family]
    if piece in ("a" * 30, "http://a.b/c"):
        text = " ".join(f"{piece}{n}" for n in range(100_000 // (len(piece) + 5)))
    else:
        text = piece * (100_000 // len(piece))
    first, *others = leaves
    assert too_costly(Or(parts=tuple(others))) is None
    evaluator = Evaluator(Or(parts=tuple(others)), reading)
    taken = []
    for _ in range(3):  # the best of three: a machine has slow moments
        analysis = analyse(post(text))
        assert analysis.terms
        assert analysis.tokens or "http" in piece
        Evaluator(first, reading).spans(analysis)
        taken.append(effort(partial(evaluator.spans, analysis)))
    assert min(taken) < 2e-6 * BUDGET


PATTERNS = (
    "[ab].{9}q",
    "[ab].{18}q",
    r"[ab]\w{30}q",
    "acme.{0,40}refund",
    r"[A-Z]{2}\d{4,6}-\d{8}",
)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("letters", ["ab", "a👍", "acme", "AB01-"])
def test_a_regular_expression_costs_no_more_than_the_budget(pattern: str, letters: str) -> None:
    node = Regex(pattern=pattern)
    assert too_costly(node) is None
    evaluator = Evaluator(node, Reading())
    pieces = ["acme", "acme ", "x"] if letters == "acme" else list(letters)
    analysis = analyse(post("".join(random.Random(1).choices(pieces, k=100_000))[:100_000]))
    assert 1e6 * effort(lambda: evaluator.spans(analysis)) < 5 * BUDGET


@pytest.mark.parametrize(
    "node",
    [
        Regex(pattern="." * 290),
        Regex(pattern="[ab]" + "." * 30 + "q"),
        Regex(pattern="[ab].{40}q"),
        Regex(pattern=r"([ab]\w){25}q"),
        Regex(pattern="a" + ".?" * 140 + "q"),
        Regex(pattern="(acme|mean|me).{0,60}q"),
        Regex(pattern="acme|b.{60}"),
        Regex(pattern="(a|b)*a(a|b){60}q"),
        chain(20, 10),
        reduce(lambda node, _: near(node, node, 30), range(3), A),
        near(A, B, 101),
        Or(parts=tuple(Regex(pattern=f"a{n}") for n in range(51))),
        Or(parts=tuple(Fuzzy(text=f"abcdef{n}") for n in range(40))),
        Or(parts=tuple(Word(text=f"w{n}") for n in range(30_000))),
    ],
)
def test_what_would_cost_more_is_refused(node: Node) -> None:
    assert cost(node) > BUDGET
    assert too_costly(And(parts=(A, node))) is not None


def test_the_place_of_what_costs_most_is_told() -> None:
    dear = Near(left=chain(20, 10), right=A, distance=10, at=(7, 99))
    assert too_costly(And(parts=(A, Not(part=dear)), at=(0, 120))) in ((7, 99), dear.left.at)
    many = And(parts=tuple(Regex(pattern="a") for _ in range(60)), at=(0, 500))
    assert too_costly(many) == (0, 500)
