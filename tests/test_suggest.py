"""From judgements to a change of a rule: what is proposed, and what is not."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.evaluator import Reading, evaluate
from rules.language import parse, render
from rules.model import Post
from rules.text import analyse
from rules.tuning.suggestion import MOST_ASKED, MOST_EXCLUDED, Judged, Suggestion, TooFew, suggest
from rules.tuning.traits import traits
from tests.search_samples import post

OWN = frozenset({"orange", "#orange"})
PHONE = [
    "orange network is down in lille", "my orange contract again", "orange fibre since monday",
    "orange support never answers", "roaming with orange in spain", "orange raises the tariff",
    "the orange shop on the square", "orange box blinks red", "orange sim card lost",
    "switching from orange next month",
]  # fmt: skip
FRUIT = [
    "fresh orange juice for breakfast", "orange juice and toast", "a glass of orange juice",
    "orange juice spilled", "juice of one orange", "orange marmalade recipe",
    "my marmalade with orange", "orange marmalade on bread",
]  # fmt: skip


def judged(*groups: tuple[list[str], bool | None]) -> list[Judged]:
    posts = [(text, verdict) for texts, verdict in groups for text in texts]
    return [
        Judged(analysis=analyse(post(text, id=str(n))), relevant=verdict)
        for n, (text, verdict) in enumerate(posts)
    ]


def terms(made: Suggestion | TooFew) -> list[str]:
    assert isinstance(made, Suggestion), made
    return [render(term) for term in made.terms]


def test_what_irrelevant_posts_share_is_excluded() -> None:
    made = suggest(judged((PHONE, True), (FRUIT, False)), OWN)
    assert isinstance(made, Suggestion)
    assert made.kind == "exclude"
    assert sorted(terms(made)) == ["juice", "marmalade"]
    assert made.after.f1 == 1.0
    assert (made.before.tp, made.before.fp) == (10, 8)


def test_the_change_shuts_out_what_it_says() -> None:
    made = suggest(judged((PHONE, True), (FRUIT, False)), OWN)
    assert isinstance(made, Suggestion)
    tree = made.applied(parse("orange OR #orange"))
    assert render(tree) == "(orange OR #orange) -(juice OR marmalade)"
    found = [evaluate(tree, Reading(), analyse(post(text))) is not None for text in PHONE + FRUIT]
    assert found == [True] * 10 + [False] * 8


def test_what_a_brand_calls_itself_is_no_trait() -> None:
    own = OWN | {"bank", "#bank", "@orange_bank", "domain:orange.example"}
    found = traits(
        analyse(post("orange bank card @orange_bank", links=("https://orange.example/x",))), own
    )
    said = {render(one) for one in found}
    assert "card" in said
    assert not said & {'"orange bank"', "@orange_bank", "domain:orange.example"}


def test_too_few_irrelevant_ones_give_nothing() -> None:
    made = suggest(judged((PHONE, True), (FRUIT[:4], False)), OWN)
    assert made == TooFew(irrelevant=4, relevant=10, why="few-irrelevant")


def test_nothing_relevant_gives_nothing_to_hold_a_change_against() -> None:
    made = suggest(judged((FRUIT, False)), OWN)
    assert isinstance(made, TooFew)
    assert made.why == "few-relevant"


def test_what_has_nothing_in_common_gives_nothing() -> None:
    various = ["orange sunset", "agent orange", "orange county", "william of orange", "orange cat"]
    made = suggest(judged((PHONE, True), (various, False)), OWN)
    assert isinstance(made, TooFew)
    assert made.why == "nothing-in-common"


def test_the_words_of_the_rule_are_never_excluded_by_themselves() -> None:
    posts = judged((PHONE, True), (FRUIT, False))
    for one in posts:
        assert parse("orange") not in traits(one.analysis, OWN)
    assert parse('"orange juice"') in traits(posts[10].analysis, OWN)


def test_a_word_of_every_language_is_no_trait() -> None:
    words = {render(trait) for trait in traits(analyse(post("the and with merci avec juice")), OWN)}
    assert "juice" in words
    assert not words & {"the", "and", "with", "avec"}


def test_a_word_that_most_unjudged_posts_have_is_spared() -> None:
    """It was in two irrelevant ones by chance: all that nobody judged would be lost."""
    bulk = [f"orange invoice number{n} letter{n}" for n in range(60)]
    odd = ["orange invoice sunset", "orange invoice cat", *FRUIT[:5]]
    made = suggest(judged((PHONE, True), (odd, False), (bulk, None)), OWN)
    assert "invoice" not in terms(made)


def test_what_relevant_posts_share_is_asked_for_where_most_are_not() -> None:
    few = [f"orange fibre cut in town{n}" for n in range(8)]
    noise = [f"orange thing{n} stuff{n} whatever{n}" for n in range(22)]
    made = suggest(judged((few, True), (noise, False)), OWN)
    assert isinstance(made, Suggestion)
    assert made.kind == "require"
    assert made.after.recall == 1.0
    assert made.after.precision == 1.0


def test_an_author_or_a_domain_can_be_what_is_shared() -> None:
    def by(number: int, handle: str) -> Post:
        return post(f"orange word{number} thing{number}", id=str(number), handle=handle)

    posts = [Judged(analysis=analyse(by(n, f"user{n}")), relevant=True) for n in range(8)]
    posts += [Judged(analysis=analyse(by(n, "bot")), relevant=False) for n in range(20, 28)]
    assert terms(suggest(posts, OWN)) == ["from:bot"]


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from("juice fibre sunset invoice bread sim".split()), max_size=4),  # noqa: SIM905
            st.sampled_from([True, False, None]),
        ),
        max_size=30,
    )
)
def test_a_suggestion_is_small_the_same_each_time_and_better_on_what_was_judged(
    drawn: list[tuple[list[str], bool | None]],
) -> None:
    posts = [
        Judged(analysis=analyse(post(" ".join(["orange", *words]), id=str(n))), relevant=verdict)
        for n, (words, verdict) in enumerate(drawn)
    ]
    made = suggest(posts, OWN)
    assert made == suggest(posts, OWN)
    if isinstance(made, Suggestion):
        assert len(made.terms) <= (MOST_EXCLUDED if made.kind == "exclude" else MOST_ASKED)
        assert made.foreseen[1] > made.foreseen[0]
        assert made.after.judged == made.before.judged
