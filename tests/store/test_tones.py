"""What people say of tones: kept, used for all posts that say the same, and taken back."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.model import Brand, Definitions
from rules.signals.spoken import Hearing
from tests.store.samples import DAY, HOUR, NOON, ROUTES, post, pulled
from watcher.store import NoSuchRecordError, SaidTone, Store

ACME, RIVALO = Brand(name="Acme"), Brand(name="Rivalo")
HEARING = Hearing(Definitions(brands=(ACME, RIVALO), languages=("en", "fr")))
BAD = "Acme is terrible, I hate it, worst ever"


def heard(store: Store, hearing: Hearing = HEARING) -> None:
    batch = store.unmatched(1000)
    store.save_matches(
        batch, [], [], ROUTES, NOON, spoken=hearing.find(batch.posts), brands=hearing.forms
    )


def tones(store: Store, brand: str = "Acme") -> dict[str, tuple[str, float | None]]:
    found = store.tones(brand, limit=1000)
    return {one.post.id: (one.tone, one.confidence) for one in found}


def test_the_tone_comes_with_how_sure_it_is_and_whether_somebody_complains(store: Store) -> None:
    texts = {"en": BAD, "fr": "Acme : toujours pas de remboursement", "de": "Acme ist da"}
    pulled(store, *[post(key, text, language=key) for key, text in texts.items()])
    heard(store)
    found = {one.post.id: one for one in store.tones()}
    assert found["en"].tone == found["en"].told == "negative"
    assert 1 / 3 <= (found["en"].confidence or 0) < 1
    assert (found["en"].complaint, found["fr"].complaint) == (False, True)
    assert (found["de"].tone, found["de"].confidence) == ("", None)
    assert not any(one.judged for one in found.values())


def test_a_judgement_holds_for_all_that_say_the_same_now_and_later(store: Store) -> None:
    same = f"RT @bob: {BAD} https://a.example/1"
    pulled(store, post("one", BAD, language="en"), post("two", same, language="en"))
    heard(store)
    said = store.judge_tone("town:one", "Acme", "positive", "irony", "ada", NOON)
    assert (said.tone, said.confidence, said.told, said.judged) == (
        "positive", 1.0, "negative", True,
    )  # fmt: skip
    pulled(store, post("three", f"{BAD} https://b.example", language="en"))
    heard(store)
    assert set(tones(store).values()) == {("positive", 1.0)}
    (only,) = store.tone_judgements("town:three", "Acme")
    assert (only.post, only.tone, only.note, only.by, only.at) == (
        "town:one", "positive", "irony", "ada", NOON,
    )  # fmt: skip
    assert [one.post.id for one in store.tones(judged=False)] == []


def test_a_judgement_is_kept_where_posts_are_counted_anew(store: Store) -> None:
    pulled(store, post("one", BAD, language="en"), post("two", "Rivalo, Acme", language="en"))
    heard(store)
    store.judge_tone("town:one", "Acme", "neutral", "", "ada", NOON)
    other = Hearing(Definitions(brands=(Brand(name="Acme", spellings=("Acmee",)), RIVALO)))
    heard(store, other)
    while (earlier := store.uncounted(other.forms, 100, NOON)) is not None:
        store.save_earlier(earlier, other.find(earlier.batch.posts), other.forms, NOON)
    assert tones(store)["one"] == ("neutral", 1.0)
    store.judge_tone("town:one", "Acme", None, "", "ada", NOON)
    assert tones(store)["one"][0] == "negative"


def test_a_post_that_is_unknown_or_silent_of_the_brand_cannot_be_judged(store: Store) -> None:
    pulled(store, post("one", BAD, language="en"))
    heard(store)
    for key, brand in (("town:one", "Rivalo"), ("town:two", "Acme"), ("", "")):
        with pytest.raises(NoSuchRecordError, match="is known to speak of"):
            store.judge_tone(key, brand, "neutral", "", "ada", NOON)
    assert store.all_tone_judgements() == ()
    assert store.brands_of("town:one") == ("Acme",)


def test_a_judged_post_is_kept_from_being_forgotten_as_long_as_it_counts(store: Store) -> None:
    pulled(store, post("one", BAD, language="en"), post("two"), now=NOON - 3 * DAY)
    heard(store)
    store.judge_tone("town:one", "Acme", "neutral", "", "ada", NOON)
    store.forget_before(NOON)
    assert list(tones(store)) == ["one"]
    store.judge_tone("town:one", "Acme", None, "", "ada", NOON)
    store.forget_before(NOON)
    assert tones(store) == {}
    assert store.all_tone_judgements() == ()


def test_the_doubtful_ones_and_some_drawn_by_lot_are_asked_for_each_saying_once(
    store: Store,
) -> None:
    some = [post(f"p{n}", f"Acme {['good', 'bad'][n % 2]} {n * 'x'}") for n in range(8)]
    old = post("old", "Acme is old", posted_at=NOON - 40 * DAY)
    pulled(store, *some, post("copy", some[0].text), old)
    heard(store, Hearing(Definitions(brands=(ACME,), languages=("en",))))
    store.judge_tone("town:p1", "Acme", "neutral", "", "ada", NOON)
    for one in store.tones(limit=100):
        assert one.told or one.post.id  # some are in no language for sure
    asked = store.tones_to_judge("Acme", since=NOON - 28 * DAY, limit=50)
    texts = [one.post.text for one in asked]
    assert len(texts) == len(set(texts))
    assert not {"old", "p1"} & {one.post.id for one in asked}
    assert all(one.told and not one.judged for one in asked)
    assert len(store.tones_to_judge(None, since=NOON - 28 * DAY, limit=1)) <= 1


def test_what_was_learnt_is_kept_for_each_brand_and_what_is_told_anew_spares_judgements(
    store: Store,
) -> None:
    pulled(store, post("one", BAD, language="en"), post("two", "Acme, fine", language="en"))
    heard(store)
    store.correct_tones("Acme", "{}", NOON)
    store.correct_tones("Rivalo", "{}", NOON)
    store.correct_tones("Rivalo", None, NOON)
    assert store.tone_corrections() == {"Acme": "{}"}
    store.judge_tone("town:one", "Acme", "positive", "", "ada", NOON)
    rows = store.spoken_posts("Acme", since=NOON - DAY, below=None, limit=10)
    assert [one.id for _, one in rows] == ["two", "one"]
    assert store.spoken_posts("Acme", since=NOON - DAY, below=rows[-1][0], limit=10) == ()
    store.tell_again("Acme", {rid: ("neutral", 0.5) for rid, _ in rows})
    assert tones(store) == {"one": ("positive", 1.0), "two": ("neutral", 0.5)}
    store.judge_tone("town:one", "Acme", None, "", "ada", NOON)
    assert tones(store)["one"] == ("neutral", 0.5)


STEP = st.tuples(
    st.sampled_from(["p0", "p1", "p2"]),
    st.sampled_from(["Acme", "Rivalo"]),
    st.sampled_from([None, "negative", "neutral", "positive"]),
)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEP, max_size=6))
def test_a_judgement_changes_no_other_brand_and_taking_it_back_restores(
    store: Store, steps: list[tuple[str, str, SaidTone | None]]
) -> None:
    texts = [f"Acme and Rivalo: {word} news today" for word in ("good", "bad", "plain")]
    pulled(store, *[post(f"p{n}", text, language="en") for n, text in enumerate(texts)])
    heard(store)
    before = {brand: tones(store, brand) for brand in ("Acme", "Rivalo")}
    for key, brand, tone in steps:
        other = {"Acme": "Rivalo", "Rivalo": "Acme"}[brand]
        kept = tones(store, other)
        store.judge_tone(f"town:{key}", brand, tone, "", "ada", NOON + HOUR)
        assert tones(store, other) == kept
        assert tones(store, brand)[key] == (before[brand][key] if tone is None else (tone, 1.0))
    for key, brand, _ in steps:
        store.judge_tone(f"town:{key}", brand, None, "", "ada", NOON + timedelta(days=1))
    assert {brand: tones(store, brand) for brand in before} == before
