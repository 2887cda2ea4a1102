"""Counting the whole, and forgetting what was kept long enough and nobody needs."""

import pytest

from alerts.model import DeliveryState, ProposalState
from rules.model import Verdict
from tests.store.samples import (
    DAY,
    MINUTE,
    NOON,
    ROUTES,
    account,
    coverage,
    frozen,
    match,
    matched,
    page,
    post,
    proposal,
    pulled,
    suspect,
    waiting,
)
from watcher.store import Store

LATER = NOON + 400 * DAY


def remaining(store: Store) -> list[str]:
    return [one.post.id for one in store.posts_after(0, 1000)]


def test_status_counts_the_whole(store: Store) -> None:
    assert store.status().posts == 0
    assert store.status().newest_post is None
    pulled(store, post("p1"), post("p2", author=account("2", "bob")), now=NOON)
    matched(store, suspects=[suspect("town:1"), suspect("town:2")])
    store.judge(store.suspects()[0].id, Verdict.OURS, "", "kim", NOON)
    store.save_proposals("friends", waiting(store, "friends"), [proposal(account())], NOON)
    frozen(store, "a@acme.example", "b@acme.example")
    store.claim_delivery(NOON)
    pulled(store, post("p3"), now=NOON + MINUTE)
    status = store.status()
    assert (status.posts, status.unmatched, status.newest_post) == (3, 1, NOON + MINUTE)
    assert (status.accounts, status.unexamined, status.matches) == (2, 2, 2)
    assert status.waiting == {}
    assert status.suspects == {Verdict.OPEN: 1, Verdict.OURS: 1}
    assert status.deliveries == {DeliveryState.PENDING: 1, DeliveryState.SENDING: 1}
    assert status.proposals == {ProposalState.PROPOSED: 1}


def test_status_counts_what_waits_by_channel(store: Store) -> None:
    pulled(store, post("p1"), post("p2"))
    matched(store, routes={"talk": ("daily", "weekly")})
    frozen(store, "a@acme.example")
    assert store.status().waiting == {"weekly": 2}


def test_old_posts_go_with_their_matches_and_accounts(store: Store) -> None:
    pulled(store, *[post(f"p{n}", author=account(str(n), f"a{n}")) for n in range(3)])
    matched(store)
    frozen(store, "a@acme.example")
    pulled(store, post("new", author=account("9", "new")), now=LATER)
    matched(store, now=LATER)
    assert store.forget_before(NOON + DAY) == 3
    assert remaining(store) == ["new"]
    status = store.status()
    assert (status.matches, status.accounts) == (1, 1)
    assert store.forget_before(NOON + DAY) == 0


def test_arrival_counts_not_the_date_of_the_post(store: Store) -> None:
    pulled(store, post("ancient", posted_at=NOON - 5000 * DAY), now=LATER)
    pulled(store, post("future", posted_at=LATER + 999 * DAY), now=NOON)
    matched(store, rules=())
    assert store.forget_before(NOON + DAY) == 1
    assert remaining(store) == ["ancient"]


def test_a_number_once_given_is_never_given_again(store: Store) -> None:
    pulled(store, post("p1"), post("p2"))
    matched(store, rules=())
    newest = store.newest_rid()
    store.forget_before(LATER)
    pulled(store, post("p3"))
    assert store.newest_rid() > newest
    assert [one.id for one in store.unmatched(9).posts] == ["p3"]


def test_what_was_not_matched_yet_is_kept(store: Store) -> None:
    pulled(store, post("p1"))
    assert store.forget_before(LATER) == 0


def test_what_waits_for_a_channel_is_kept_until_it_is_told(store: Store) -> None:
    pulled(store, post("p1"), post("p2"))
    batch = store.unmatched(9)
    store.save_matches(batch, [match(batch.posts[0])], (), ROUTES, NOON)
    assert store.forget_before(LATER) == 1
    assert [one.post.id for one in waiting(store).mentions] == ["p1"]
    frozen(store, "a@acme.example")
    assert store.forget_before(LATER) == 1


def test_a_channel_that_is_not_configured_any_more_holds_no_post(store: Store) -> None:
    pulled(store, post("p1"), post("p2"))
    batch = store.unmatched(9)
    found = [match(batch.posts[0], "talk"), match(batch.posts[1], "praise")]
    routes = {"talk": ("gone", "daily"), "praise": ("gone",)}
    store.save_matches(batch, found, (), routes, NOON)
    assert store.forget_before(LATER) == 0
    assert store.forget_before(LATER, channels=["daily", "weekly"]) == 1
    assert remaining(store) == ["p1"]
    assert store.status().waiting == {"daily": 1, "gone": 1}
    assert store.forget_before(LATER, channels=()) == 1


def test_what_speaks_for_a_suspect_is_kept(store: Store) -> None:
    pulled(
        store,
        post("by", author=account("1", "acme_help")),
        post("with", author=account("2", "bob"), links=("https://acme-login.example/x",)),
        post("other", author=account("3", "eve")),
    )
    domain = suspect("domain:acme-login.example")
    matched(store, rules=(), suspects=[suspect("town:1"), domain])
    assert store.forget_before(LATER) == 1
    assert remaining(store) == ["by", "with"]
    assert [one.posts for one in store.suspects()] == [1, 1]


def test_an_account_once_proposed_is_never_forgotten(store: Store) -> None:
    pulled(store, post("p1"))
    matched(store, rules=())
    store.save_proposals("friends", waiting(store, "friends"), [proposal(account())], NOON)
    store.forget_before(LATER)
    assert set(store.proposed_accounts()) == {"town:1"}


def test_mails_are_forgotten_when_they_have_reached_their_end(store: Store) -> None:
    frozen(store, "sent@acme.example", "waits@acme.example")
    claim = store.claim_delivery(NOON)
    assert claim is not None
    store.record_outcome(claim.attempt, NOON, outcome="sent", answer="", next_attempt=None)
    store.forget_before(LATER)
    assert [one.recipient for one in store.deliveries()] == ["waits@acme.example"]
    assert len(store.digests(9)) == 1


def test_records_of_old_pulls_go_and_the_state_of_the_source_stays(store: Store) -> None:
    store.save_page("square", page(post("p1"), cursor="7"), NOON)
    store.record_pull("square", NOON, NOON, reached_newest=True)
    store.forget_before(LATER)
    seen = coverage(store, NOON - DAY)
    assert (seen.posts, seen.pulls, seen.last_success) == (0, 0, NOON)
    assert store.cursor("square") == "7"


@pytest.mark.drill
def test_a_great_deal_is_forgotten_in_steps(store: Store) -> None:
    pulled(store, *[post(f"p{n}") for n in range(6000)])
    matched(store, rules=())
    assert store.forget_before(LATER) == 6000
    assert store.count_posts() == 0
