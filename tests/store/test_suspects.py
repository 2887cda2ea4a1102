"""Suspects are raised once, judged by people, and stay quiet once judged."""

from dataclasses import replace

import pytest

from rules.lookalike.reasons import reason
from rules.model import Reason, Verdict
from tests.store.samples import (
    DAY,
    HOUR,
    NOON,
    ROUTES,
    account,
    frozen,
    matched,
    post,
    pulled,
    suspect,
    waiting,
)
from watcher.store import NoSuchRecordError, Store

DOMAIN = suspect("domain:xn--acm-dma.example", name="acmé.example")


def test_a_thousand_posts_from_one_squatter_raise_one_suspect(store: Store) -> None:
    squatter = account("1", "acme_help")
    queued = 0
    for start in range(0, 1000, 250):
        pulled(store, *[post(f"p{n}", author=squatter) for n in range(start, start + 250)])
        queued += matched(store, rules=(), suspects=[suspect()]).queued
        queued += store.save_suspects((squatter,), [suspect()], ROUTES, NOON).queued
    (record,) = store.suspects()
    assert (record.posts, record.account, queued) == (1000, squatter, 1)
    assert len(waiting(store).suspects) == 1


def test_a_suspect_comes_back_as_it_was_found(store: Store) -> None:
    pulled(store, post("p1"))
    found = suspect(
        display_name="Acme\u202e",
        techniques=("affix", "homoglyph"),
        evidence=(Reason(template="{n} posts", values={"n": "3"}), Reason(template="new")),
    )
    store.save_suspects((), [found], ROUTES, NOON)
    (record,) = store.suspects()
    assert record.suspect == found
    assert (record.verdict, record.first_seen, record.last_seen) == (Verdict.OPEN, NOON, NOON)


def test_an_open_suspect_seen_again_is_brought_up_to_date_but_not_queued_again(
    store: Store,
) -> None:
    store.save_suspects((), [suspect(score=0.5)], ROUTES, NOON)
    again = suspect(score=0.8, name="acme_helpdesk")
    assert store.save_suspects((), [again], ROUTES, NOON + DAY).queued == 0
    (record,) = store.suspects()
    assert (record.suspect, record.first_seen, record.last_seen) == (again, NOON, NOON + DAY)


@pytest.mark.parametrize("verdict", [Verdict.DISMISSED, Verdict.OURS, Verdict.CONFIRMED])
def test_a_suspect_already_judged_is_not_raised_again(store: Store, verdict: Verdict) -> None:
    store.save_suspects((), [suspect()], ROUTES, NOON)
    frozen(store, "team@acme.example")
    store.judge(store.suspects()[0].id, verdict, "known to us", "kim", NOON)
    saved = store.save_suspects((), [suspect(score=1.0)], ROUTES, NOON + DAY)
    assert (saved.suspects, saved.queued) == (0, 0)
    (record,) = store.suspects()
    assert (record.verdict, record.suspect.score, record.last_seen) == (verdict, 0.9, NOON + DAY)
    assert waiting(store).suspects == ()


def test_a_suspect_judged_before_it_was_told_is_not_told(store: Store) -> None:
    store.save_suspects((), [suspect()], ROUTES, NOON)
    store.judge(store.suspects()[0].id, Verdict.DISMISSED, "", "kim", NOON)
    assert waiting(store).suspects == ()
    frozen(store, "team@acme.example")
    assert store.status().waiting == {}


def test_verdicts_are_all_remembered(store: Store) -> None:
    store.save_suspects((), [suspect()], ROUTES, NOON)
    number = store.suspects()[0].id
    store.judge(number, Verdict.CONFIRMED, "sells fakes", "kim", NOON)
    assert store.judge(number, Verdict.OPEN, "not sure", "lee", NOON + HOUR).verdict is Verdict.OPEN
    told = [(one.verdict, one.note, one.by, one.at) for one in store.suspect(number).verdicts]
    assert told == [
        (Verdict.CONFIRMED, "sells fakes", "kim", NOON),
        (Verdict.OPEN, "not sure", "lee", NOON + HOUR),
    ]


def test_of_several_findings_about_one_subject_the_highest_stands(store: Store) -> None:
    weak, strong = suspect(score=0.4, brand="Zed"), suspect(score=0.7, brand="Acme")
    assert store.save_suspects((), [weak, strong, weak], ROUTES, NOON).suspects == 1
    assert store.suspects()[0].suspect == strong


def test_a_domain_counts_the_posts_that_link_to_it(store: Store) -> None:
    links = (
        "https://acmé.example/login",
        "http://www.xn--acm-dma.example:8080/?q=1",
        "https://notacmé.example/",
        "http://[broken",
        "https://acme.example",
    )
    pulled(store, *[post(f"p{n}", links=(link,)) for n, link in enumerate(links)])
    matched(store, rules=(), suspects=[DOMAIN])
    (record,) = store.suspects()
    assert (record.posts, record.account, record.suspect.is_domain) == (2, None, True)
    assert {one.id for one in store.suspect(record.id).posts} == {"p0", "p1"}
    assert store.suspect(record.id).forms == ()


def test_a_suspect_shows_its_newest_posts(store: Store) -> None:
    pulled(store, *[post(f"p{n}") for n in range(30)])
    store.save_suspects((), [suspect()], ROUTES, NOON)
    shown = store.suspect(store.suspects()[0].id).posts
    assert (len(shown), shown[0].id) == (20, "p29")


def test_lists_narrow_down_and_begin_with_the_most_alike(store: Store) -> None:
    found = [
        suspect("town:1", 0.5),
        suspect("town:2", 0.9),
        suspect("town:3", 0.7, brand="Zed", rule="strict"),
        replace(DOMAIN, score=0.1),
    ]
    store.save_suspects((), found, ROUTES, NOON)
    ids = {one.suspect.subject: one.id for one in store.suspects()}
    store.judge(ids["town:1"], Verdict.OURS, "", "kim", NOON)

    def subjects(**conditions: object) -> list[str]:
        return [one.suspect.subject for one in store.suspects(**conditions)]  # type: ignore[arg-type]

    assert subjects() == ["town:2", "town:3", "town:1", DOMAIN.subject]
    assert subjects(verdict=Verdict.OURS) == ["town:1"]
    assert subjects(brand="Zed") == ["town:3"]
    assert subjects(rule="strict") == ["town:3"]
    assert subjects(min_score=0.7) == ["town:2", "town:3"]
    assert subjects(limit=1, offset=1) == ["town:3"]


def test_lists_narrow_down_by_technique_network_kind_score_and_time(store: Store) -> None:
    found = [
        suspect("town:1", 0.5, techniques=("affix",)),
        suspect("city:1", 0.9, techniques=("homoglyph", "affix")),
        suspect("town%:1", 0.8, techniques=("copied-avatar",)),
        replace(DOMAIN, score=0.1, techniques=("tld-swap",)),
    ]
    store.save_suspects((), found[:2], ROUTES, NOON)
    store.save_suspects((), found[2:], ROUTES, NOON + DAY)

    def subjects(**conditions: object) -> list[str]:
        return [one.suspect.subject for one in store.suspects(**conditions)]  # type: ignore[arg-type]

    assert subjects(technique="affix") == ["city:1", "town:1"]
    assert subjects(technique="ffix") == subjects(technique="%") == []
    assert subjects(network="town") == ["town:1"]
    assert subjects(network="domain") == []
    assert subjects(kind="domain") == [DOMAIN.subject]
    assert subjects(kind="account") == ["city:1", "town%:1", "town:1"]
    assert subjects(min_score=0.5, max_score=0.8) == ["town%:1", "town:1"]
    assert subjects(since=NOON + HOUR) == ["town%:1", DOMAIN.subject]
    assert subjects(network="town", technique="affix", kind="account", limit=1) == ["town:1"]


def test_the_history_of_a_suspect_is_all_that_became_of_it(store: Store) -> None:
    pulled(store, post("p1"))
    store.save_suspects((), [suspect(score=0.5, likeness=0.5)], ROUTES, NOON)
    number = store.suspects()[0].id
    store.note_suspect(number, "asked the shop", "kim", NOON + HOUR)
    store.save_suspects((), [suspect(score=0.7, likeness=0.7)], ROUTES, NOON + 2 * HOUR)
    renamed = suspect(score=0.8, likeness=0.8, name="acme-help")
    store.save_suspects((), [renamed], ROUTES, NOON + 3 * HOUR)
    store.judge(number, Verdict.CONFIRMED, "", "lee", NOON + 4 * HOUR)
    told = [
        (one.kind, one.before, one.score, one.by, one.note, one.verdict)
        for one in store.suspect(number).history
    ]
    assert told == [
        ("raised", None, 0.5, "", "", None),
        ("noted", None, None, "kim", "asked the shop", None),
        ("rescored", 0.5, 0.7, "", "", None),
        ("changed", 0.7, 0.8, "", "", None),
        ("renamed", 0.7, 0.8, "", "", None),
        ("judged", None, 0.8, "lee", "", Verdict.CONFIRMED),
    ]
    assert [one.verdict for one in store.suspect(number).verdicts] == [Verdict.CONFIRMED]


def test_seeing_the_same_again_leaves_no_trace(store: Store) -> None:
    for hours in range(3):
        store.save_suspects((), [suspect(likeness=0.9)], ROUTES, NOON + hours * HOUR)
    assert [one.kind for one in store.suspect(store.suspects()[0].id).history] == ["raised"]


def test_a_domain_stays_what_the_most_alike_of_its_hosts_makes_it(store: Store) -> None:
    for score in (0.9, 0.7, 0.9, 0.8):
        store.save_suspects((), [replace(DOMAIN, score=score, likeness=score)], ROUTES, NOON)
    assert store.suspects()[0].suspect.score == 0.9
    assert [one.kind for one in store.suspect(store.suspects()[0].id).history] == ["raised"]


def test_what_an_account_did_once_is_news_once(store: Store) -> None:
    store.save_suspects((), [suspect(likeness=0.9, signs=("posts",))], ROUTES, NOON)
    evidence = (reason("answers", count="1"),)
    answering = suspect(likeness=0.9, signs=("posts", "answers"), evidence=evidence)
    for found in (answering, suspect(likeness=0.9), answering):
        store.save_suspects((), [found], ROUTES, NOON)
    assert [one.kind for one in store.suspect(store.suspects()[0].id).history] == [
        "raised",
        "changed",
    ]


def test_a_suspect_judged_before_signs_were_kept_begins_with_those_found_now(store: Store) -> None:
    store.save_suspects((), [suspect()], ROUTES, NOON)
    number = store.suspects()[0].id
    store.judge(number, Verdict.DISMISSED, "", "kim", NOON)
    copy = suspect(likeness=0.9, signs=("copied-bio",))
    for _ in range(2):
        assert store.save_suspects((), [copy], ROUTES, NOON).changed == 0
    worse = suspect(likeness=0.9, signs=("copied-bio", "links:acme.shop"))
    assert store.save_suspects((), [worse], ROUTES, NOON).changed == 1
    assert store.suspect(number).record.verdict is Verdict.OPEN


def test_what_waits_already_is_told_once_with_all_that_is_new(store: Store) -> None:
    store.save_suspects((), [suspect(likeness=0.9)], ROUTES, NOON)
    store.judge(store.suspects()[0].id, Verdict.CONFIRMED, "", "kim", NOON)
    assert waiting(store).suspects == ()  # it never was told as new
    for name in ("acme1", "acme2"):
        store.save_suspects((), [suspect(likeness=0.9, name=name)], ROUTES, NOON)
    seen = waiting(store)
    assert [one.name for one in seen.suspects] == ["acme2"]
    assert [why.values["name"] for why in seen.news["town:1"]] == ["acme1", "acme2"]
    assert frozen(store, "team@acme.example") is not None
    assert (waiting(store).suspects, store.status().waiting) == ((), {})
    store.save_suspects((), [suspect(likeness=0.9, name="acme3")], ROUTES, NOON)
    store.judge(store.suspects()[0].id, Verdict.DISMISSED, "", "kim", NOON)
    assert waiting(store).suspects == ()


def test_findings_too_faint_raise_nobody_but_bring_suspects_up_to_date(store: Store) -> None:
    faint = suspect(score=0.2, likeness=0.2)
    assert store.save_suspects((), (), ROUTES, NOON, faint=[faint]).suspects == 0
    assert store.suspects() == ()
    store.save_suspects((), [suspect(likeness=0.9)], ROUTES, NOON)
    store.save_suspects((), (), ROUTES, NOON, faint=[faint])
    assert store.suspects()[0].suspect.score == 0.2


def test_only_accounts_alike_are_examined_again_when_they_change_or_post(store: Store) -> None:
    alike, other = account("1", "acme_help"), account("2", "ann")
    pulled(store, post("p1", author=alike), post("p2", author=other))

    def examine() -> set[str]:
        found = store.unexamined(9)
        store.save_suspects(found, [suspect("town:1")], ROUTES, NOON)
        return {one.id for one in found}

    assert examine() == {"1", "2"}
    assert examine() == set()
    pulled(store, post("p3", author=alike), post("p4", author=other))
    assert examine() == {"1"}
    changed = [replace(one, bio="new", avatar="new.png") for one in (alike, other)]
    pulled(store, *[post(f"q{n}", author=one, posted_at=NOON) for n, one in enumerate(changed)])
    assert examine() == {"1"}


def test_a_post_that_comes_while_its_author_is_examined_is_not_overlooked(store: Store) -> None:
    alike = account("1", "acme_help")
    pulled(store, post("p1", author=alike))
    before = store.unexamined(9)
    _, upto = store.known_of({"Acme": before}, ())
    pulled(store, post("p2", author=alike))
    store.save_suspects(before, [suspect("town:1")], ROUTES, NOON, upto=upto)
    assert len(store.unexamined(9)) == 1


def test_accounts_under_suspicion_are_those_not_cleared(store: Store) -> None:
    pulled(store, *[post(f"p{n}", author=account(str(n), f"a{n}")) for n in range(3)])
    store.save_suspects((), [suspect(f"town:{n}") for n in range(3)] + [DOMAIN], ROUTES, NOON)
    ids = {one.suspect.subject: one.id for one in store.suspects()}
    store.judge(ids["town:1"], Verdict.DISMISSED, "", "kim", NOON)
    store.judge(ids["town:2"], Verdict.CONFIRMED, "", "kim", NOON)
    assert store.suspect_accounts() == {"town:0", "town:2"}


def test_a_number_that_nobody_has_is_told(store: Store) -> None:
    with pytest.raises(NoSuchRecordError, match="no suspect 7"):
        store.suspect(7)
    with pytest.raises(NoSuchRecordError, match="no suspect 7"):
        store.judge(7, Verdict.OURS, "", "kim", NOON)
