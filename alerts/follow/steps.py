"""How a follow is carried out, and taken back: what is asked of the network, and what it answers.

Nobody is followed twice, nor unfollowed for not following back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from alerts.follow.clauses import reason
from alerts.follow.network_rules import FORBIDDEN_NETWORKS, X_FOLLOWING
from alerts.follow.skips import Refusal, refuse
from alerts.model import Follower, FollowError, FollowHalt, FollowProposal, ProposalState
from rules.model import Account


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowOutcome:
    """What became of an approved proposal; `event` and `detail` go into the audit trail."""

    state: ProposalState
    event: str
    detail: str
    halt: FollowHalt = ""
    """Whether others may be followed: yes, not for now, not before a person says so."""
    retry_after: timedelta | None = None


def carry_out(
    proposal: FollowProposal,
    follower: Follower,
    *,
    dry_run: bool,
    resumed: bool = False,
    look_again: Callable[[Account], Refusal | None] = lambda _: None,
) -> FollowOutcome:
    """Follow an approved account, unless it is followed already. Asks before it acts.

    `dry_run` asks the network nothing and changes nothing. A follow found there already is somebody
    else's, which spends no budget and is never undone; but ours when the attempt is `resumed` after
    a crash. `look_again` judges the account as it presents itself now. A request for a pause leaves
    the proposal as it is; where the network may have followed and not said so, it is being tried
    still. A block stops the channel: somebody wants to be left alone.
    """
    account = proposal.account
    if account.network in FORBIDDEN_NETWORKS:
        return _refused(refuse(account, "forbidden-network"), f": {X_FOLLOWING.cited}")
    if dry_run:
        return FollowOutcome(
            state=proposal.state,
            event="dry-run",
            detail=f"would follow @{account.handle} on {account.network}",
        )
    try:
        relation = before = follower.relation(account.id)
        if before == "none":
            now = follower.account(account)
            refusal = look_again(now) if now is not None else None
            if refusal is not None:
                return _refused(refusal)
            relation = follower.follow(account.id)
    except FollowError as error:
        return _failed(proposal, error)
    if before in ("following", "requested") and not resumed:
        return _refused(refuse(account, "already-followed"))
    return _outcome(account, relation)


def undo(proposal: FollowProposal, follower: Follower) -> FollowOutcome:
    """Take back a follow, or the request for one, that this proposal led to."""
    if proposal.state not in {ProposalState.FOLLOWED, ProposalState.REQUESTED}:
        return FollowOutcome(
            state=proposal.state, event="not-undone", detail="nothing was followed"
        )
    try:
        follower.unfollow(proposal.account.id)
    except FollowError as error:
        return FollowOutcome(
            state=proposal.state, event="failed", detail=error.message, halt=error.halt
        )
    return FollowOutcome(state=ProposalState.UNDONE, event="undone", detail="unfollowed")


def _failed(proposal: FollowProposal, error: FollowError) -> FollowOutcome:
    if error.gone:
        return _refused(refuse(proposal.account, "left"))
    state = ProposalState.FAILED
    if error.halt:
        state = ProposalState.TRYING if error.uncertain else ProposalState.APPROVED
    return FollowOutcome(
        state=state,
        event="failed",
        detail=error.message,
        halt=error.halt,
        retry_after=error.retry_after,
    )


def _refused(refusal: Refusal, more: str = "") -> FollowOutcome:
    detail = str(refusal.reason).removesuffix(".") + more
    return FollowOutcome(state=ProposalState.REFUSED, event="refused", detail=detail)


def _outcome(account: Account, relation: str) -> FollowOutcome:
    if relation == "following":
        return FollowOutcome(state=ProposalState.FOLLOWED, event="followed", detail="followed")
    if relation == "requested":
        return FollowOutcome(
            state=ProposalState.REQUESTED, event="requested", detail="the account must agree"
        )
    if relation == "blocked":
        said = str(reason("blocked", handle=account.handle)).removesuffix(".")
        return FollowOutcome(state=ProposalState.REFUSED, event="refused", detail=said, halt="stop")
    return FollowOutcome(
        state=ProposalState.FAILED, event="failed", detail="the network did not follow"
    )
