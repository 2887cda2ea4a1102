"""A follow is proposed once per account, for ever, and everything about it is on record."""

from datetime import datetime

import pytest
from sqlalchemy import text

from alerts.follow import Acquaintance, Pace, Refusal
from alerts.model import Ground, ProposalState
from rules.model import Account, Reason
from tests.store.samples import (
    DAY,
    HOUR,
    NOON,
    account,
    matched,
    post,
    proposal,
    pulled,
    suspect,
    waiting,
)
from watcher.store import NoSuchRecordError, Store, StoreError
from watcher.store.follows import TRANSITIONS

ANN, BOB = account("1", "ann"), account("2", "bob")
ROUTES = {"talk": ("friends",), "lookalikes": ("friends",)}


@pytest.fixture
def proposed(store: Store) -> int:
    """The number of a proposal of the channel `friends` to follow Ann."""
    pulled(store, post("p1", author=ANN), post("p2", author=BOB))
    matched(store, routes=ROUTES)
    store.save_proposals("friends", waiting(store, "friends"), [proposal(ANN)], NOON)
    return store.proposals()[0].id


def test_a_proposal_comes_back_as_it_was_saved(store: Store, proposed: int) -> None:
    record = store.proposal(proposed)
    assert (record.proposal, record.created, record.decided) == (proposal(ANN), NOON, None)
    assert [one.event for one in store.follow_events(proposed)] == ["proposed"]
    assert store.proposed_accounts() == {"town:1": ProposalState.PROPOSED}


def test_what_was_considered_is_taken_from_the_queue_whoever_was_proposed(
    store: Store, proposed: int
) -> None:
    assert waiting(store, "friends").mentions == ()


def test_an_account_is_never_proposed_twice_whatever_became_of_it(
    store: Store, proposed: int
) -> None:
    store.decide(proposed, ProposalState.REFUSED, "a competitor", "kim", NOON)
    again = [proposal(ANN, channel="others"), proposal(BOB), proposal(BOB)]
    assert store.save_proposals("others", waiting(store, "others"), again, NOON) == 1
    assert store.proposal(proposed).state is ProposalState.REFUSED
    assert len(store.proposals()) == 2


def test_only_what_was_listed_is_taken_and_the_rest_goes_on_waiting(store: Store) -> None:
    pulled(store, *[post(f"p{n}") for n in range(5)])
    matched(store, routes=ROUTES, suspects=[suspect()])
    first = waiting(store, "friends", limit=2)
    assert (len(first.mentions), first.more) == (2, 3)
    pulled(store, post("late"))
    matched(store, routes=ROUTES)
    store.save_proposals("friends", first, (), NOON)
    rest = waiting(store, "friends")
    assert [one.post.id for one in rest.mentions] == ["late", "p2", "p1", "p0"]
    assert rest.suspects == ()


def test_a_proposal_born_approved_says_so_in_its_trail(store: Store) -> None:
    pulled(store, post("p1", author=ANN))
    one = proposal(ANN, state=ProposalState.APPROVED)
    store.save_proposals("friends", waiting(store, "friends"), [one], NOON)
    (record,) = store.proposals(state=ProposalState.APPROVED)
    assert [event.event for event in store.follow_events(record.id)] == ["proposed", "approved"]


def test_a_decision_is_recorded_with_who_and_why(store: Store, proposed: int) -> None:
    record = store.decide(proposed, ProposalState.APPROVED, "a fan", "kim", NOON + HOUR)
    assert (record.state, record.decided) == (ProposalState.APPROVED, NOON + HOUR)
    event = store.follow_events(proposed)[-1]
    assert (event.event, event.detail, event.by) == ("approved", "a fan", "kim")


WAYS = {
    ProposalState.PROPOSED: [],
    ProposalState.APPROVED: ["approved"],
    ProposalState.REFUSED: ["refused"],
    ProposalState.TRYING: ["approved", "trying"],
    ProposalState.REQUESTED: ["approved", "trying", "requested"],
    ProposalState.FOLLOWED: ["approved", "trying", "followed"],
    ProposalState.FAILED: ["approved", "trying", "failed"],
    ProposalState.UNDONE: ["approved", "trying", "followed", "undone"],
    ProposalState.EXPIRED: ["expired"],
}


def go(store: Store, number: int, *steps: str, by: str = "watcher", now: datetime = NOON) -> None:
    """Lead a proposal through these states."""
    for step in steps:
        store.decide(number, ProposalState(step), "", by, now)


@pytest.mark.parametrize("before", WAYS)
def test_no_way_leads_where_none_should(store: Store, proposed: int, before: ProposalState) -> None:
    go(store, proposed, *WAYS[before])
    trail = store.follow_events(proposed)
    for after in set(ProposalState) - TRANSITIONS[before]:
        with pytest.raises(NoSuchRecordError, match=f"is {before} and cannot become {after}"):
            store.decide(proposed, after, "", "watcher", NOON)
    assert store.proposal(proposed).state is before
    assert store.follow_events(proposed) == trail


@pytest.mark.parametrize("after", ["requested", "followed", "failed", "refused", "approved"])
def test_what_was_tried_goes_where_the_network_says(
    store: Store, proposed: int, after: str
) -> None:
    go(store, proposed, "approved", "trying")
    with pytest.raises(NoSuchRecordError, match="is trying and cannot become trying"):
        go(store, proposed, "trying")
    go(store, proposed, after)
    assert store.proposal(proposed).state == after


@pytest.mark.parametrize("after", ["refused", "approved"])
def test_a_person_decides_nothing_while_the_network_is_asked(
    store: Store, proposed: int, after: str
) -> None:
    go(store, proposed, "approved", "trying")
    trail = store.follow_events(proposed)
    with pytest.raises(NoSuchRecordError, match="is being carried out at this moment") as raised:
        go(store, proposed, after, by="kim")
    assert "watcher follows undo" in raised.value.help
    assert store.proposal(proposed).state is ProposalState.TRYING
    assert store.follow_events(proposed) == trail


def test_a_channel_knows_its_pace(store: Store) -> None:
    assert store.pace("friends", NOON) == Pace()
    store.pause_follows("friends", "too many requests", NOON + HOUR, NOON)
    assert store.pace("friends", NOON).not_before == NOON + HOUR
    assert store.pace("others", NOON) == Pace()


def test_a_channel_that_was_stopped_goes_on_when_a_person_says_so(store: Store) -> None:
    assert not store.resume_follows("friends", "kim", "", NOON)
    store.stop_follows("friends", "blocked by @ann", NOON, ["n1"])
    store.pause_follows("friends", "too many requests", NOON, NOON)
    assert store.pace("friends", NOON).stopped == "blocked by @ann"
    assert store.resume_follows("friends", "kim", "talked to her", NOON + HOUR)
    assert store.pace("friends", NOON + HOUR).stopped == ""
    assert store.notices_seen("friends") == {"n1"}
    assert store.notices_seen("others") == frozenset()


def test_the_trail_takes_lines_without_moving_the_proposal(store: Store, proposed: int) -> None:
    store.record_follow(proposed, "dry-run", "would follow @ann", NOON)
    assert store.proposal(proposed).state is ProposalState.PROPOSED
    assert store.follow_events(proposed)[-1].event == "dry-run"


def test_the_budget_counts_accounts_followed_or_asked(store: Store, proposed: int) -> None:
    store.save_proposals("friends", waiting(store, "friends"), [proposal(BOB)], NOON)
    other = store.proposals()[1].id
    for number in (proposed, other):
        store.decide(number, ProposalState.APPROVED, "", "kim", NOON)
        store.record_follow(number, "dry-run", "", NOON)
        go(store, number, "trying")
    assert store.pace("friends", NOON) == Pace()
    store.decide(proposed, ProposalState.FOLLOWED, "", "watcher", NOON, until=NOON + 2 * HOUR)
    store.record_follow(proposed, "followed", "again", NOON + HOUR)
    go(store, other, "requested", now=NOON + 2 * HOUR)
    go(store, other, "followed", now=NOON + 3 * HOUR)
    assert store.pace("friends", NOON + 3 * HOUR) == Pace(
        recent=(NOON, NOON + 2 * HOUR), first=NOON, not_before=NOON + 2 * HOUR
    )
    later = store.pace("friends", NOON + DAY)
    assert (later.recent, later.first) == ((NOON + 2 * HOUR,), NOON)


def test_what_was_tried_in_vain_spends_nothing(store: Store, proposed: int) -> None:
    go(store, proposed, "approved", "trying", "failed", "approved", "trying", "refused")
    assert store.pace("friends", NOON) == Pace()


def test_proposals_are_listed_in_the_order_they_came(store: Store, proposed: int) -> None:
    store.save_proposals("others", waiting(store, "others"), [proposal(BOB)], NOON)
    assert [one.proposal.account.handle for one in store.proposals()] == ["ann", "bob"]
    assert [one.proposal.channel for one in store.proposals(channel="others")] == ["others"]
    assert len(store.proposals(limit=1)) == 1


def test_a_proposal_that_nobody_made_is_told(store: Store) -> None:
    for ask in (
        lambda: store.proposal(7),
        lambda: store.decide(7, ProposalState.APPROVED, "", "kim", NOON),
        lambda: store.record_follow(7, "dry-run", "", NOON),
    ):
        with pytest.raises(NoSuchRecordError, match="no proposal 7"):
            ask()


def test_the_best_of_what_is_proposed_comes_first_with_all_that_speaks_for_it(
    store: Store, proposed: int
) -> None:
    grounds = tuple(
        Ground(clause=clause, reason=Reason(template=clause, values={}, weight=weight))
        for clause, weight in (("seed", 8.0), ("came-back", 2.0), ("region-unknown", 0.0))
    )
    one = proposal(BOB, grounds=grounds)
    store.save_proposals("friends", waiting(store, "friends"), [one], NOON)
    first, second = store.proposals()
    assert (first.proposal, first.proposal.points) == (one, 10)
    assert [ground.points for ground in first.proposal.grounds] == [8, 2, 0]
    assert (second.id, second.proposal.points) == (proposed, 0)


def test_what_nobody_decides_in_time_is_closed_and_says_so(store: Store, proposed: int) -> None:
    assert store.open_proposals("friends") == 1
    assert store.expire_proposals("others", NOON + DAY, NOON + DAY) == 0
    assert store.expire_proposals("friends", NOON, NOON + DAY) == 0
    assert store.expire_proposals("friends", NOON + HOUR, NOON + DAY) == 1
    assert store.proposal(proposed).state is ProposalState.EXPIRED
    event = store.follow_events(proposed)[-1]
    assert (event.event, event.detail) == ("expired", "nobody decided in time")
    assert store.open_proposals("friends") == 0
    go(store, proposed, "approved", by="kim")


def test_why_an_account_was_left_alone_is_kept_until_it_is_proposed(store: Store) -> None:
    pulled(store, post("p1", author=ANN), post("p2", author=BOB))
    considered = waiting(store, "friends")

    def refusal(who: Account, clause: str) -> Refusal:
        return Refusal(account=who, clause=clause, reason=Reason(template=clause))

    some = [refusal(ANN, "bot"), refusal(BOB, "already-proposed")]
    store.save_proposals("friends", considered, (), NOON, some)
    store.save_proposals("friends", considered, (), NOON + HOUR, [refusal(ANN, "young")])
    (one,) = store.passed_over()
    assert (one.account.handle, one.clause, one.at) == ("ann", "young", NOON + HOUR)
    assert store.passed_over(handle="@ANN") == (one,)
    assert store.passed_over(handle="bob") == ()
    store.save_proposals("friends", considered, [proposal(ANN)], NOON)
    assert store.passed_over() == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE follow_events SET detail = 'nothing'",
        "DELETE FROM follow_events",
        "UPDATE follow_pace SET at = 0",
        "DELETE FROM follow_pace",
    ],
)
def test_the_trails_only_grow(store: Store, proposed: int, statement: str) -> None:
    go(store, proposed, "approved", "trying", "followed")
    trail = store.follow_events(proposed)
    with pytest.raises(StoreError, match="only grows"), store.writing() as connection:
        connection.execute(text(statement))
    assert store.follow_events(proposed) == trail
    assert store.pace("friends", NOON).first == NOON


def test_a_person_can_be_forgotten_all_the_same_and_frees_no_place(
    store: Store, proposed: int
) -> None:
    pulled(store, post("q1", author=BOB))
    store.save_proposals("friends", waiting(store, "friends"), [proposal(BOB)], NOON)
    go(store, proposed, "approved", "trying", "followed")
    (held,) = store.accounts_called("@ann")
    store.forget_account(held, NOON + HOUR)
    assert [one.proposal.account.handle for one in store.proposals()] == ["bob"]
    assert store.pace("friends", NOON + HOUR).recent == (NOON,)
    again = waiting(store, "friends")
    assert "ann" not in {one.post.author.handle for one in again.mentions}


def test_what_is_known_of_a_candidate_comes_from_stored_public_posts(store: Store) -> None:
    guild = account("9", "guild@town.example")
    pulled(
        store,
        post("p1", author=ANN, posted_at=NOON - 3 * DAY, language="fr-CA"),
        post("p2", author=ANN, posted_at=NOON - HOUR, language="en"),
        post("p3", author=ANN, posted_at=NOON - 9 * DAY, private=True, language="de"),
        post("p4", author=ANN, posted_at=NOON - 5 * DAY, repost_of="x", language="it"),
        post("p5", author=guild, mentions=("Bob",)),
        post("p6", author=guild, mentions=("ann",), private=True),
        post("p7", author=account("8", "guild@evil.example"), mentions=("ann",)),
    )
    matched(store, routes=ROUTES)
    pulled(store, post("p8", "of something else", author=ANN, posted_at=NOON - 20 * DAY))
    known = store.acquaintances("friends", [ANN, BOB], ["@guild@town.example"])
    assert known[ANN.key] == Acquaintance(
        days=frozenset({(NOON - 3 * DAY).date(), NOON.date()}),
        newest=NOON - HOUR,
        languages=frozenset({"fr", "en"}),
    )
    assert known[BOB.key] == Acquaintance(seed="guild@town.example")
    assert store.acquaintances("others", [ANN], [])[ANN.key].days == frozenset()
    assert store.acquaintances("friends", [], []) == {}


def test_who_was_followed_long_ago_and_never_found_since_is_a_list_to_look_at(
    store: Store, proposed: int
) -> None:
    store.save_proposals("friends", waiting(store, "friends"), [proposal(BOB)], NOON)
    other = store.proposals()[1].id
    for number in (proposed, other):
        go(store, number, "approved", "trying", "followed")
    pulled(store, post("p3", author=BOB, posted_at=NOON + HOUR))
    matched(store, routes=ROUTES)
    pulled(store, post("p4", "nothing of ours", author=ANN, posted_at=NOON + HOUR))
    (one,) = store.unspoken(NOON + DAY, 10)
    assert (one.record.id, one.followed, one.newest) == (proposed, NOON, NOON + HOUR)
    assert store.unspoken(NOON, 10) == ()
    go(store, proposed, "undone")
    assert store.unspoken(NOON + DAY, 10) == ()
