"""The follow policy on every network: local, Mastodon, Bluesky, and X, which says no."""

from dataclasses import replace

from alerts.follow import carry_out, undo
from alerts.model import FollowProposal, ProposalState
from rules.model import Account, Reason
from tests.contracts.world import Society
from watcher.following import Followers


def proposed(society: Society, name: str) -> tuple[FollowProposal, Followers]:
    """Return a proposal to follow an account, and the network as the policy sees it."""
    key = society.account(name)
    society.settle()
    network = society.reader()
    account = Account(network=network.network, id=key, handle=society.handle(name))
    proposal = FollowProposal(
        account=account,
        channel="follow",
        rule="talk",
        post="",
        clause="addressed-us",
        reason=Reason(template="She did."),
        state=ProposalState.APPROVED,
    )
    return proposal, Followers(network)


def test_a_follow_is_made_once_and_taken_back_or_refused_where_the_network_forbids_it(
    society: Society,
) -> None:
    proposal, follower = proposed(society, "marie")
    outcome = carry_out(proposal, follower, dry_run=False)
    if not society.follows:
        assert outcome.state is ProposalState.REFUSED
        assert "https://help.x.com/" in outcome.detail
        return
    assert (outcome.state, outcome.halt) == (ProposalState.FOLLOWED, "")
    society.settle()
    resumed = carry_out(proposal, follower, dry_run=False, resumed=True)
    assert resumed.state is ProposalState.FOLLOWED
    others = carry_out(proposal, follower, dry_run=False)
    assert others.state is ProposalState.REFUSED
    followed = replace(proposal, state=ProposalState.FOLLOWED)
    assert undo(followed, follower).state is ProposalState.UNDONE
    society.settle()
    assert follower.relation(proposal.account.id) == "none"


def test_the_account_is_seen_as_it_is_now(society: Society) -> None:
    proposal, follower = proposed(society, "marie")
    now = follower.account(proposal.account)
    assert now is not None
    assert now.id == proposal.account.id
    other = replace(proposal.account, id=f"{proposal.account.id}0")
    assert follower.account(other) is None


def test_who_blocked_us_is_left_alone_and_stops_the_channel(society: Society) -> None:
    proposal, follower = proposed(society, "marie")
    society.block_us("marie")
    society.settle()
    outcome = carry_out(proposal, follower, dry_run=False)
    assert outcome.state is ProposalState.REFUSED
    assert outcome.halt == ("stop" if society.follows else "")


def test_nobody_warned_us(society: Society) -> None:
    _, follower = proposed(society, "marie")
    assert follower.notices() == ()
