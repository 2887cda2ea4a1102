"""Which posts matter, and why, in a few words; and the pictures and words of how much was said."""

from dataclasses import replace
from io import BytesIO

from PIL import Image

from alerts.digest import chart
from alerts.digest.composing import compose
from alerts.digest.merge import merge
from alerts.digest.weight import judge
from tests.alert_samples import BRAND, NOW, SLOT, account, email, mention, voice, waiting

LOU = account("lou", followers=100)


def weighed(*posts):
    judged = judge([one.post for one in posts], waiting(), [BRAND])
    best = sorted(posts, key=lambda one: -judged[one.post.key].weight)
    why = {one.post.id: [str(reason) for reason in judged[one.post.key].why] for one in posts}
    return [one.post.id for one in best], why


def test_a_complaint_comes_before_praise_that_as_many_like():
    order, why = weighed(
        mention("I love my plivelo, thank you", by=LOU, id="praise", likes=9, language="en"),
        mention("I want my money back, plivelo", by=LOU, id="angry", likes=9, language="en"),
    )
    assert order == ["angry", "praise"]
    assert why["angry"] == ["it complains"]
    assert why["praise"] == []


def test_who_addresses_us_or_is_verified_weighs_more_and_it_is_said():
    proven = account("ann", followers=100, verified=("https://ann.example",))
    order, why = weighed(
        mention("plivelo on the road", by=LOU, id="plain"),
        mention("plivelo on the road, too", by=proven, id="proven"),
        mention("a road, @plivelo", by=LOU, id="asks", mentions=("plivelo",)),
    )
    assert order == ["asks", "proven", "plain"]
    assert why["asks"] == ["it addresses Plivélo"]
    assert why["proven"] == ["its author is verified"]


def test_a_post_without_words_comes_after_those_with_some():
    order, _ = weighed(mention("", by=LOU, id="empty", likes=6), mention("plivelo", by=LOU, id="1"))
    assert order == ["1", "empty"]


def test_posts_without_words_are_not_alike():
    links = ("https://social.example/1111111111111", "https://social.example/1111111111112")
    some = [mention("", by=LOU, id=link[-1], links=(link,)) for link in links]
    assert len(merge(some)) == 2


def told(**more):
    return compose(email(), waiting(**more), SLOT, NOW, [BRAND], "Europe/Paris")


def test_far_more_than_usual_is_urgent_without_any_rule_that_asks_for_it():
    spread = mention("plivelo spreads", by=LOU, id="1", likes=900)
    made = told(voices=(voice(),), mentions=(spread,))
    assert str(made.urgent[0]).startswith("Plivélo: 33 posts within ")
    assert made.is_urgent
    assert made.quoted is not None
    assert made.quoted.post.id == "1"
    assert not any("spreading" in str(reason) for reason in made.urgent)


def test_a_brand_with_too_short_a_time_is_not_told_of():
    minutes = replace(voice(), series=replace(voice().series, counts={}))
    made = compose(
        email(send="instant"), waiting(since=NOW, voices=(minutes,)), SLOT, NOW, [BRAND], "UTC"
    )
    assert made.brands == ()


def test_the_share_of_voice_is_that_of_brand_and_competitors():
    [brand] = told(voices=(voice(others=("Rivalo", "Trezo")),)).brands
    assert brand.share == 33 / (33 + 18)
    assert brand.share_before == 8 / (8 + 24)
    assert told(voices=(voice(),)).brands[0].share is None


def test_a_strip_is_small_sharp_and_the_same_each_time():
    counts = tuple(n * n * 7919 % 97 for n in range(84))
    strip = chart.Strip(counts=counts, now=24, began=70, usual=40.0, ticks=((24, "3/9"),))
    png = chart.draw(strip)
    assert png == chart.draw(strip)
    assert len(png) <= chart.LARGEST
    assert Image.open(BytesIO(png)).size == (2 * chart.WIDTH, 2 * chart.HEIGHT)
    assert chart.draw(chart.Strip(counts=(0,), now=1))


def test_a_line_of_bars_shows_what_is_there():
    assert chart.sparkline((0, 1, 4, 8)) == "▁▂▅█"
    assert chart.sparkline((0, 0)) == "▁▁"
