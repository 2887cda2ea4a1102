"""What a network deleted goes, with all that hangs on it, and stays away."""

from dataclasses import replace

import pytest

from rules.model import Verdict
from tests.store.samples import (
    DAY,
    HOUR,
    NOON,
    ROUTES,
    account,
    frozen,
    mails,
    match,
    matched,
    page,
    post,
    proposal,
    pulled,
    suspect,
    waiting,
)
from watcher.store import SavedPage, Store
from watcher.store.departing import NOTE

LATER = NOON + HOUR


def deleted(store: Store, *names: str, source: str = "square", **more: object) -> SavedPage:
    return store.save_page(source, page(deleted=names, **more), LATER)


def remaining(store: Store) -> list[str]:
    return [one.post.id for one in store.posts_after(0, 1000)]


def test_a_deleted_post_goes_with_its_matches_judgements_and_what_waits(store: Store) -> None:
    pulled(store, post("p1"), post("p2"))
    matched(store)
    store.judge_match(store.matches()[0].id, "relevant", "", "kim", NOON)
    assert deleted(store, "p1", "p2", "unknown").gone == 2
    assert remaining(store) == []
    assert store.matches() == ()
    assert store.status().waiting == {}
    assert store.status().matches == 0


def test_it_is_found_by_any_name_that_a_server_has_for_it(store: Store) -> None:
    first = post("https://a.example/1", alias="a.example/1")
    pulled(store, first, post("p2", alias="a.example/2"))
    store.save_page("other", page(replace(first, alias="b.example/77")), NOON)
    assert deleted(store, "b.example/77", source="other").gone == 1
    assert deleted(store, "a.example/2").gone == 1
    assert remaining(store) == []


def test_a_source_deletes_only_on_its_own_network(store: Store) -> None:
    other = replace(account(), network="village")
    pulled(store, post("7"))
    store.save_page("village", page(post("7", network="village", author=other)), NOON)
    assert deleted(store, "7", source="never read").gone == 0
    assert deleted(store, "7", source="village").gone == 1
    assert [one.post.network for one in store.posts_after(0, 9)] == ["town"]


def test_a_deleted_post_stays_away_when_an_overlapping_window_brings_it_again(
    store: Store,
) -> None:
    pulled(store, post("p1"), post("p2"))
    deleted(store, "p1")
    again = store.save_page("market", page(post("p1"), post("p2")), LATER)
    assert again == SavedPage(new=0, known=1, kept_out=1)
    assert remaining(store) == ["p2"]


def test_a_page_may_hold_a_post_and_its_deletion(store: Store) -> None:
    whole = page(post("p1"), post("p2"), deleted=("p1",))
    store.save_page("square", whole, NOON)
    store.save_page("square", whole, NOON)
    assert remaining(store) == ["p2"]


def test_what_others_passed_on_goes_with_the_post_or_its_author(store: Store) -> None:
    bob = account("2", "bob")
    pulled(store, post("p1"), post("b1", author=bob, repost_of="p1", repost_author="1"))
    pulled(store, post("b2", author=bob, repost_of="?", repost_author="1"), post("p3", author=bob))
    assert store.save_page("square", page(deleted=("p1",)), NOON).gone == 2
    assert store.save_page("square", page(departed=("1",)), NOON).gone == 1
    assert [one.post.id for one in store.posts_after(0, 9)] == ["p3"]


def test_it_is_remembered_for_a_month_and_under_no_name_that_tells(store: Store) -> None:
    pulled(store, post("p1"), post("p2"))
    deleted(store, "p1")
    store.save_page("square", page(deleted=("p2",)), LATER + 31 * DAY)
    assert store.save_page("square", page(post("p1")), LATER + 31 * DAY).new == 1


def test_who_left_takes_all_posts_along_and_a_suspect_stays_one(store: Store) -> None:
    pulled(
        store,
        post("by", author=account("1", "acme_help")),
        post("also", author=account("2", "bob")),
        post("other", author=account("3", "eve")),
    )
    matched(store, suspects=[suspect("town:1")])
    store.save_page("square", page(departed=("1", "2")), LATER)
    assert remaining(store) == ["other"]
    assert store.status().accounts == 2
    assert [(one.posts, one.verdict) for one in store.suspects()] == [(0, Verdict.OPEN)]


def test_who_left_is_proposed_no_more_and_a_suspect_s_history_says_so_once(store: Store) -> None:
    pulled(store, post("p1"), post("p2", author=account("2", "bob")))
    matched(store, suspects=[suspect("town:1")])
    drawn_from = waiting(store, "friends")
    both = [proposal(account()), proposal(account("2", "bob"))]
    store.save_proposals("friends", drawn_from, both, NOON)
    for _ in range(2):
        store.save_page("square", page(departed=("1",)), LATER)
    first, second = store.proposals()
    assert (first.state, first.note, first.by) == ("refused", NOTE, "watcher")
    assert [one.event for one in store.follow_events(first.id)] == ["proposed", "refused"]
    assert second.state == "proposed"
    (one,) = store.suspects()
    notes = [event for event in store.suspect(one.id).history if event.kind == "noted"]
    assert [(event.note, event.by, event.at) for event in notes] == [(NOTE, "watcher", LATER)]


def test_a_copy_takes_the_place_of_the_post_that_was_deleted(store: Store) -> None:
    pulled(store, post("first"), post("copy"), post("third"))
    batch = store.unmatched(10)
    copies = {("talk", "town:copy"): "town:first", ("talk", "town:third"): "town:first"}
    store.save_matches(batch, [match(one) for one in batch.posts], (), ROUTES, NOON, copies=copies)
    assert [one.post.id for one in waiting(store).mentions] == ["first"]
    deleted(store, "first")
    (mention,) = waiting(store).mentions
    assert (mention.post.id, mention.copies) == ("copy", 1)


def test_a_copy_takes_its_place_in_a_mail_that_was_not_sent(store: Store) -> None:
    pulled(store, post("first"), post("copy"))
    batch = store.unmatched(10)
    copies = {("talk", "town:copy"): "town:first"}
    store.save_matches(batch, [match(one) for one in batch.posts], (), ROUTES, NOON, copies=copies)
    frozen(store, "a@acme.example")
    deleted(store, "first")
    (old,) = store.outdated_digests()
    assert [one.post.id for one in store.told_in(old, limit=9).mentions] == ["copy"]
    assert waiting(store).mentions == ()


def test_the_newest_number_stays_the_newest_when_its_post_goes(store: Store) -> None:
    pulled(store, post("p1"), post("p2"))
    newest = store.newest_rid()
    deleted(store, "p2")
    assert store.newest_rid() == newest
    pulled(store, post("p3"))
    assert store.newest_rid() > newest


def test_a_batch_read_before_a_deletion_is_saved_without_it(store: Store) -> None:
    link = ("https://acme-login.example",)
    pulled(store, post("p1", links=link), post("p2", links=link))
    batch = store.unmatched(10)
    deleted(store, "p2")
    domain = suspect("domain:acme-login.example")
    saved = store.save_matches(batch, [match(one) for one in batch.posts], [domain], ROUTES, NOON)
    assert (saved.matches, saved.queued) == (1, 2)
    assert store.unmatched(10).posts == ()
    assert store.suspects()[0].posts == 1


def told(store: Store, *recipients: str) -> None:
    pulled(store, post("p1"), post("p2"))
    matched(store)
    frozen(store, *recipients)


def test_a_mail_that_nobody_can_have_waits_to_be_made_again(store: Store) -> None:
    told(store, "a@acme.example", "b@acme.example")
    deleted(store, "p1")
    assert store.claim_delivery(LATER) is None
    (old,) = store.outdated_digests()
    assert old.recipients == ("a@acme.example", "b@acme.example")
    left = store.told_in(old, limit=10)
    assert [one.post.id for one in left.mentions] == ["p2"]
    store.freeze_again(old, left, mails(*old.recipients, slot="again"), "1 post")
    assert store.outdated_digests() == ()
    claim = store.claim_delivery(LATER)
    assert claim is not None
    assert claim.delivery.message_id == "<again.a@acme.example>"
    (digest,) = store.digests()
    assert (digest.mentions, digest.summary) == (1, "1 post")


def test_a_mail_of_which_nothing_is_left_is_withdrawn(store: Store) -> None:
    told(store, "a@acme.example")
    deleted(store, "p1", "p2")
    (old,) = store.outdated_digests()
    store.freeze_again(old, store.told_in(old, limit=10), (), "nothing found")
    assert store.deliveries() == ()
    assert store.outdated_digests() == ()


def test_what_is_deleted_while_a_mail_is_made_again_has_it_made_once_more(store: Store) -> None:
    told(store, "a@acme.example")
    deleted(store, "p1")
    (old,) = store.outdated_digests()
    left = store.told_in(old, limit=10)
    deleted(store, "p2")
    store.freeze_again(old, left, mails(*old.recipients, slot="again"), "1 post")
    assert len(store.outdated_digests()) == 1
    assert store.claim_delivery(LATER) is None


@pytest.mark.parametrize("outcome", ["sent", "uncertain"])
def test_a_mail_that_may_have_arrived_stays_as_it_was(store: Store, outcome: str) -> None:
    told(store, "a@acme.example", "b@acme.example")
    claim = store.claim_delivery(NOON)
    assert claim is not None
    store.handing_over(claim.attempt, NOON)
    store.record_outcome(claim.attempt, NOON, outcome=outcome, answer="", next_attempt=LATER)  # type: ignore[arg-type]
    deleted(store, "p1")
    (old,) = store.outdated_digests()
    assert old.recipients == ("b@acme.example",)
    again = store.claim_delivery(LATER)
    if outcome == "uncertain":
        assert again is not None
        assert again.delivery == replace(claim.delivery, attempts=1, uncertain=1)
    else:
        assert again is None


def test_a_mail_that_a_person_sends_again_stays_as_it_was(store: Store) -> None:
    told(store, "a@acme.example")
    for _ in range(2):
        claim = store.claim_delivery(NOON)
        assert claim is not None
        store.record_outcome(claim.attempt, NOON, outcome="uncertain", answer="", next_attempt=NOON)
    store.retry_delivery(claim.delivery.id, NOON)
    deleted(store, "p1")
    (old,) = store.outdated_digests()
    assert old.recipients == ()
    again = store.claim_delivery(LATER)
    assert again is not None
    assert again.delivery.payload == claim.delivery.payload


def test_a_mail_under_way_while_others_are_made_again_is_made_again_later(store: Store) -> None:
    told(store, "a@acme.example", "b@acme.example")
    claim = store.claim_delivery(NOON)
    assert claim is not None
    deleted(store, "p1")
    (old,) = store.outdated_digests()
    assert old.recipients == ("b@acme.example",)
    left = store.told_in(old, limit=10)
    store.freeze_again(old, left, mails(*old.recipients, slot="again"), "1 post")
    (old,) = store.outdated_digests()
    store.record_outcome(claim.attempt, NOON, outcome="temporary", answer="", next_attempt=LATER)
    store.freeze_again(old, left, mails(*old.recipients, slot="again"), "1 post")
    assert len(store.deliveries()) == 2
    (old,) = store.outdated_digests()
    assert old.recipients == ("a@acme.example", "b@acme.example")
    store.freeze_again(old, left, mails(*old.recipients, slot="again"), "1 post")
    assert store.outdated_digests() == ()


def test_nothing_is_made_again_once_all_was_sent(store: Store) -> None:
    told(store, "a@acme.example")
    claim = store.claim_delivery(NOON)
    assert claim is not None
    store.record_outcome(claim.attempt, NOON, outcome="sent", answer="", next_attempt=None)
    deleted(store, "p1")
    assert store.outdated_digests() == ()


def test_a_mail_made_again_tells_the_same_proposals(store: Store) -> None:
    pulled(store, post("p1"), post("p2", author=account("2", "bob")))
    store.save_proposals("friends", waiting(store, "friends"), [proposal(account())], NOON)
    matched(store)
    frozen(store, "a@acme.example")
    deleted(store, "p1")
    (old,) = store.outdated_digests()
    assert [one.account.handle for one in store.told_in(old, limit=9).proposals] == ["ann"]


def test_posts_are_kept_as_long_as_their_source_says(store: Store) -> None:
    store.save_page("short", page(post("p1")), NOON)
    store.save_page("long", page(post("p2")), NOON)
    store.save_page("usual", page(post("p3")), NOON)
    matched(store, rules=())
    ends = {"short": NOON + DAY, "long": NOON - DAY}
    assert store.forget_before(NOON - HOUR, sources=ends) == 1
    assert remaining(store) == ["p2", "p3"]
    assert store.forget_before(NOON + HOUR, sources=ends) == 1
    assert remaining(store) == ["p2"]
