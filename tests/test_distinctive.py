"""The words that set a day apart."""

from rules.signals.distinctive import distinctive

DAILY = [f"Plivelo ride number {n} to work and home again" for n in range(60)]
STORM = [
    f"Recall of the hinge! Shop {n} of Lou Marchand is closed, says plivelo" for n in range(30)
]


def words(texts, earlier=DAILY, **more):
    return [one.text for one in distinctive(texts, earlier, without=("Plivelo",), **more)]


def test_what_is_said_today_and_not_otherwise_is_named_and_the_brand_is_not():
    named = words(DAILY[:10] + STORM)
    assert {"Recall", "hinge", "Lou Marchand"} <= set(named)
    assert not {"Plivelo", "plivelo", "ride", "of", "the"} & set(named)


def test_a_usual_day_has_no_words_of_its_own():
    assert words(DAILY[:30]) == []


def test_a_few_posts_are_read_and_not_counted():
    assert words(STORM[:19]) == []


def test_links_mentions_and_the_marks_of_reposts_are_no_words():
    said = [f"RT @hinge: {one} https://recall.example/x via @recall" for one in DAILY[:25]]
    assert words(said) == []


def test_without_anything_before_people_in_general_are_the_measure():
    assert "hinge" in words(STORM, earlier=())


def test_equal_texts_give_equal_words_in_the_same_order():
    assert words(STORM) == words(STORM)
