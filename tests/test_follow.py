"""Whom the policy proposes to follow, whom it leaves alone, and how a follow is carried out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts import AutoFollow
from alerts.follow import carry_out, propose, undo
from alerts.model import FollowError, ProposalState
from rules.model import Reason, Suspect
from tests.alert_samples import BRAND, NOW, account, mention, waiting

CHANNEL = AutoFollow(name="follow", source="town")
LOU = account("lou", "Lou")


def judge(
    *mentions, channel=CHANNEL, known=None, brands=(BRAND,), familiar=None, room=None, **more
):
    return propose(
        channel,
        waiting(mentions=mentions, **more),
        brands,
        known or {},
        NOW,
        acquaintances=familiar or {},
        room=room,
    )


def clauses(*mentions, **more):
    """What the policy says: proposed by a clause, or refused by one."""
    result = judge(*mentions, **more)
    return [p.clause for p in result.proposals], [r.clause for r in result.refusals]


def test_an_account_is_proposed_once_by_its_strongest_clause():
    spoke = mention("I like plivelo", by=LOU, id="1")
    asked = mention("@plivelo where is my bike", by=LOU, id="2", mentions=("plivelo",))
    [proposal] = judge(spoke, asked).proposals
    assert (proposal.clause, proposal.post) == ("addressed-us", "mastodon:2")
    assert str(proposal.reason) == ("@lou addressed Plivélo in a post that the rule plivelo found.")
    assert proposal.state is ProposalState.PROPOSED


@pytest.mark.parametrize(
    ("who", "clause"),
    [
        (account("plivelo"), "own-account"),
        (account("lou", network="x"), "forbidden-network"),
        (account("lou", locked=True), "locked"),
        (account("lou", bot=True), "bot"),
        (account("lou", bio="Cats. #NoBots please"), "nobot"),
        (account("lou", followers=3), "few-followers"),
        (account("lou", created=NOW - timedelta(days=3)), "young"),
    ],
)
def test_accounts_that_are_left_alone_are_named_with_the_reason(who, clause):
    channel = replace(CHANNEL, min_followers=10)
    assert clauses(mention("plivelo", by=who, id="1"), channel=channel) == ([], [clause])


def test_unknown_is_no_reason_to_refuse():
    assert clauses(mention("plivelo", by=LOU, id="1")) == (["spoke-of-brand"], [])


def test_suspects_and_those_proposed_before_are_left_alone():
    suspect = Suspect(subject=LOU.key, name="lou", brand="Plivélo", rule="r", score=0.9,
                      techniques=(), reason=Reason(template=""))  # fmt: skip
    post = mention("plivelo", by=LOU, id="1")
    assert clauses(post, suspects=(suspect,)) == ([], ["suspect"])
    assert clauses(post, known={LOU.key: ProposalState.REFUSED}) == ([], ["already-proposed"])


def test_passing_on_what_others_wrote_is_no_reason_to_follow():
    assert clauses(mention("plivelo", by=LOU, id="1", repost_of="0")) == ([], ["only-reposted"])
    only_addressed = replace(CHANNEL, who=("addressed-us",))
    assert clauses(mention("plivelo", by=LOU, id="1"), channel=only_addressed) == (
        [],
        ["not-in-policy"],
    )


def to_us(*, by=LOU, id="1", rules=("fans",)):
    """A post that addresses our account."""
    return mention("@plivelo hello", by=by, id=id, rules=rules, mentions=("plivelo",))


def test_only_a_rule_that_was_opted_in_is_followed_without_asking():
    channel = replace(CHANNEL, automatic=("fans",))
    fan = judge(to_us(), channel=channel)
    both = judge(to_us(rules=("fans", "talk")), channel=channel)
    assert fan.proposals[0].state is ProposalState.APPROVED
    assert (both.proposals[0].rule, both.proposals[0].state) == ("talk", ProposalState.PROPOSED)


class Town:
    """A network of one account."""

    def __init__(self, relation="none", *, locked=False, error=None, now=None):
        self.relation_now, self.locked, self.error, self.follows = relation, locked, error, 0
        self.now = now

    def relation(self, account_id):
        return self.relation_now

    def account(self, account):
        return self.now or account

    def follow(self, account_id):
        if self.error:
            raise self.error
        self.follows += 1
        self.relation_now = "requested" if self.locked else "following"
        return self.relation_now

    def unfollow(self, account_id):
        self.relation_now = "none"


def approved():
    [proposal] = judge(mention("plivelo", by=LOU, id="1")).proposals
    return replace(proposal, state=ProposalState.APPROVED)


@pytest.mark.parametrize(
    ("town", "state", "follows"),
    [
        (Town(), ProposalState.FOLLOWED, 1),
        (Town(locked=True), ProposalState.REQUESTED, 1),
        (Town("following"), ProposalState.REFUSED, 0),
        (Town("requested"), ProposalState.REFUSED, 0),
        (Town("blocked"), ProposalState.REFUSED, 0),
        (Town(error=FollowError("gone")), ProposalState.FAILED, 0),
    ],
)
def test_a_follow_is_carried_out_as_the_network_stands(town, state, follows):
    assert carry_out(approved(), town, dry_run=False).state is state
    assert town.follows == follows


def test_a_follow_that_is_there_already_is_ours_only_after_a_crash():
    fresh = carry_out(approved(), Town("following"), dry_run=False)
    assert (fresh.state, fresh.event) == (ProposalState.REFUSED, "refused")
    assert fresh.detail == "@lou is followed already, not by the watcher"
    resumed = carry_out(approved(), Town("following"), dry_run=False, resumed=True)
    assert resumed.state is ProposalState.FOLLOWED


def test_a_request_for_a_pause_leaves_the_proposal_approved():
    outcome = carry_out(approved(), Town(error=FollowError("429", halt="pause")), dry_run=False)
    assert (outcome.state, outcome.halt) == (ProposalState.APPROVED, "pause")


def test_a_dry_run_follows_nobody():
    town = Town()
    assert carry_out(approved(), town, dry_run=True).detail == "would follow @lou on mastodon"
    assert town.follows == 0


def test_a_follow_on_a_network_that_forbids_it_is_refused_even_when_approved():
    proposal = replace(approved(), account=account("lou", network="x"))
    assert carry_out(proposal, Town(), dry_run=False).state is ProposalState.REFUSED


def test_only_what_was_followed_can_be_undone():
    town = Town("following")
    followed = replace(approved(), state=ProposalState.FOLLOWED)
    assert undo(followed, town).state is ProposalState.UNDONE
    assert undo(approved(), town).event == "not-undone"


def test_the_table_tells_its_mistakes():
    table = AutoFollow(name="f", source="s", who=("everybody",), per_day=1000, min_age_days=-1)
    assert {(p.code, p.path) for p in table.problems()} == {
        ("bad-clause", ("who", 0)),
        ("out-of-range", ("per_day",)),
        ("out-of-range", ("min_age_days",)),
    }
