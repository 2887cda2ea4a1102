"""What may be learnt of a brand, and what never may."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import KeywordRule
from rules.model import Account, Brand, Definitions, Post
from rules.signals.relevance import ByContext, Judged, Learner, learn, named_by
from rules.signals.relevance.fitting import calibrated, fit, score, sigmoid
from rules.signals.relevance.learning import FEWEST, MOST, choose_threshold, macro_f1

START = datetime(2026, 3, 2, tzinfo=UTC)
ORANGE = Brand(
    name="Orange", accounts=("orange_help",), domains=("orange.example",), context=("forfait", "4g")
)
FREE = Brand(name="Free", spellings=("free mobile",))
DEFINITIONS = Definitions(brands=(ORANGE, FREE))


def post(text: str, number: int = 0, **more: object) -> Post:
    author = Account(
        network="town", id=f"a{number}", handle=f"a{number}", bio=str(more.pop("bio", ""))
    )
    return Post(
        network="town",
        id=str(number),
        author=author,
        text=text,
        posted_at=START + timedelta(minutes=number),
        **more,  # type: ignore[arg-type]
    )


def judgements(pairs: int) -> list[Judged]:
    return [
        Judged(
            post=post(
                f"ma ligne Orange {n} est en panne" if n % 2 else f"jus de orange {n} frais", n
            ),
            relevant=bool(n % 2),
        )
        for n in range(2 * pairs)
    ]


def told(learner: Learner) -> list[tuple[float, bool] | None]:
    """What a learner says of a few posts."""
    found = [learner.judge(post(f"{word} orange", 900)) for word in ("ligne", "jus", "other", "")]
    return [one and (one.relevance, one.left_out) for one in found]


@given(st.randoms(use_true_random=False))
@settings(max_examples=5, deadline=None)
def test_the_order_of_judgements_changes_nothing(shuffle: random.Random) -> None:
    judged = judgements(15)
    shuffled = judged.copy()
    shuffle.shuffle(shuffled)
    first, second = learn(ORANGE, judged), learn(ORANGE, shuffled)
    assert told(first) == told(second)
    assert first.words() == second.words()
    assert first.quality == second.quality


def test_it_is_off_until_enough_is_judged() -> None:
    assert learn(ORANGE, []).why == "few"
    assert learn(ORANGE, judgements(9)).why == "few"
    on = learn(ORANGE, judgements(FEWEST // 2 + 2))
    assert (on.why, on.is_on) == ("", True)
    assert told(learn(ORANGE, judgements(9))) == [None] * 4


@pytest.mark.parametrize("relevant", [True, False])
def test_of_one_kind_alone_nothing_is_left_out(relevant: bool) -> None:
    judged = [Judged(post=post(f"orange {n}", n), relevant=relevant) for n in range(60)]
    judged += [Judged(post=post("orange juice", 70), relevant=not relevant)] * 1
    learner = learn(ORANGE, judged)
    assert learner.why == "one kind"
    assert not any(one and one[1] for one in told(learner))


def test_what_cannot_be_told_apart_is_all_told() -> None:
    chance = random.Random(7)
    judged = [
        Judged(post=post(f"orange {chance.randrange(50)}", n), relevant=chance.random() < 0.5)
        for n in range(80)
    ]
    learner = learn(ORANGE, judged)
    assert learner.why == "not better"
    assert not any(one and one[1] for one in told(learner))


def test_only_the_newest_are_learnt_from_and_the_others_are_counted() -> None:
    judged = [
        Judged(post=post("jus orange" if n % 2 else "ligne orange", n), relevant=n % 2 == 0)
        for n in range(MOST + 40)
    ]
    learner = learn(ORANGE, judged)
    assert (learner.judged, learner.passed_over) == (MOST, 40)


def test_the_name_itself_and_hostile_texts_do_no_harm() -> None:
    learner = learn(ORANGE, judgements(15))
    for text in ("", "orange", "\x00\x01 orange", "orange " * 20_000, "#" * 5000, "@", "http://"):
        judged = learner.judge(post(text))
        assert judged is not None
        assert 0 <= judged.relevance <= 1


def test_the_learnt_words_speak_for_it_and_against_it() -> None:
    speak_for, against = learn(ORANGE, judgements(15)).words()
    assert "panne" in speak_for
    assert "jus" in against
    assert "orange" not in (*speak_for, *against)


@pytest.mark.parametrize(
    ("said", "about"),
    [
        (post("orange 4G is slow"), True),
        (post("my orange Forfait"), True),
        (post("orange juice", hashtags=("4g",)), True),
        (post("orange juice", links=("https://shop.orange.example/x",)), True),
        (post("orange juice", links=("https://notorange.example/x",)), False),
        (post("orange juice", mentions=("orange_help",)), True),
        (post("orange juice", bio="forfait, fibre and more"), True),
        (post("orange forfaiture"), False),
        (post("orange juice"), False),
    ],
)
def test_by_context(said: Post, about: bool) -> None:
    assert ByContext(ORANGE).judge(said).left_out is not about


@pytest.mark.parametrize(
    ("find", "only", "alone"),
    [
        ("brand:Orange", "Orange", True),
        ("orange -juice lang:fr", "Orange", True),
        ('"free mobile" OR brand:Free', "Free", True),
        ("brand:Orange panne", "Orange", False),
        ("orange NEAR/3 panne", "Orange", False),
        ("brand:Orange OR brand:Free", None, True),
        ("brand:Orange OR panne", None, False),
        ("panne", None, False),
        ("-brand:Orange panne", None, False),
        ("2 OF (orange, panne, fibre)", None, False),
        ("@orange_help", None, False),
    ],
)
def test_which_brand_a_rule_is_about(find: str, only: str | None, alone: bool) -> None:
    named = named_by(KeywordRule(name="r", find=find), DEFINITIONS)
    assert (named.only, named.alone) == (only, alone)


def test_many_alternatives_are_read_in_bounded_time() -> None:
    find = " ".join(f"(orange OR brand:Free OR =Orange OR w{n})" for n in range(40))
    named_by(KeywordRule(name="r", find=find), DEFINITIONS)


numbers = st.floats(-3, 3)


@given(st.lists(st.tuples(numbers, st.booleans()), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_a_threshold_leaves_out_rightly_what_it_was_chosen_by(
    scored: list[tuple[float, bool]],
) -> None:
    likely = [sigmoid(one) for one, _ in scored]
    labels = [label for _, label in scored]
    threshold = choose_threshold(likely, labels)
    out = [label for one, label in zip(likely, labels, strict=True) if one < threshold]
    assert threshold <= 0.5
    assert sum(out) <= 0.1 * len(out)
    slope, _ = calibrated([one for one, _ in scored], labels)
    assert slope >= 0


def test_the_weights_are_where_the_penalty_and_the_mistakes_balance() -> None:
    """At the best place the weights are the sum of what each mistake pulls, as theory says."""
    chance = random.Random(3)
    examples = [{f"w{chance.randrange(6)}": 1.0, "": 0.3} for _ in range(40)]
    labels = [chance.random() < 0.5 for _ in examples]
    weights = fit(examples, labels)
    pulled = dict.fromkeys(weights, 0.0)
    for one, label in zip(examples, labels, strict=True):
        cost = 3.0 * 40 / (2 * labels.count(label))
        missed = cost * (label - sigmoid(score(weights, one)))
        for name, value in one.items():
            pulled[name] += missed * value
    for name in examples[0]:
        assert weights[name] == pytest.approx(pulled[name], abs=0.35)


def test_macro_f1() -> None:
    assert macro_f1([True, False], [True, False]) == 1
    assert macro_f1([True, True], [True, False]) == pytest.approx(1 / 3)
