"""The follow policy: whom to propose and why, whom not, how many a day, and how it is carried out.

Pure but for `carry_out` and `undo`, which speak to a network through the `Follower` port. Following
is proposed first. Never anybody twice, never anybody who asked to be left alone, never on X, whose
rules forbid automated following; nobody is unfollowed for not following back.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from alerts.auto_follow import AutoFollow
from alerts.model import (
    Follower,
    FollowError,
    FollowProposal,
    Mention,
    ProposalState,
    Waiting,
)
from alerts.ours import addressed, owner
from rules.model import Account, Brand, Match, Reason

FORBIDDEN_NETWORKS = frozenset({"x", "twitter"})

_NO_BOT = re.compile(r"(?<!\w)#no-?bots?(?!\w)", re.IGNORECASE)

REASONS = {
    "addressed-us": "@{handle} addressed {brand} in a post that the rule {rule} found.",
    "spoke-of-brand": "@{handle} wrote a post that the rule {rule} found.",
    "forbidden-network": "{network} forbids automated following.",
    "own-account": "@{handle} is an account of {brand}.",
    "suspect": "@{handle} is suspected of borrowing a brand's name.",
    "locked": "@{handle} chooses followers by hand.",
    "bot": "@{handle} is a bot.",
    "nobot": "@{handle} asks bots to stay away.",
    "few-followers": "@{handle} has {count} followers; the channel asks for {least}.",
    "young": "@{handle} has been there for {count} days; the channel asks for {least}.",
    "only-reposted": "@{handle} only passed on what somebody else wrote.",
    "not-in-policy": "Nothing that @{handle} did is among what the channel follows for.",
    "already-proposed": "@{handle} was proposed before.",
}
"""Every sentence of the policy by its clause, as message ids of the catalogues."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """An account that the policy does not propose, and the clause that says so."""

    account: Account
    clause: str
    reason: Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposals:
    """What the policy makes of everything that waits: every account is in one of the two."""

    proposals: tuple[FollowProposal, ...]
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowOutcome:
    """What became of an approved proposal; `event` and `detail` go into the audit trail."""

    state: ProposalState
    event: str
    detail: str
    stop: bool = False
    """Follow nobody else for now: the network asked for a pause."""


def propose(
    channel: AutoFollow,
    waiting: Waiting,
    brands: Sequence[Brand],
    known_accounts: Collection[str],
    now: datetime,
    *,
    suspects: Collection[str] = (),
) -> Proposals:
    """Judge the author of everything that waits, each once, in the order of what waits.

    `known_accounts` are keys of accounts ever proposed, `suspects` keys of accounts under
    suspicion (those in `waiting` are added). The strongest clause that any of the account's posts
    meets is given. A proposal of a rule listed in `automatic` is born approved.
    """
    suspicious = {suspect.subject for suspect in waiting.suspects}.union(suspects)
    proposed: list[FollowProposal] = []
    refused: list[Refusal] = []
    for mentions in _by_author(waiting.mentions):
        account = mentions[0].post.author
        refusal = _refusal(channel, account, brands, known_accounts, suspicious, now)
        if refusal is None:
            proposal = _proposal(channel, mentions, brands)
            if proposal is not None:
                proposed.append(proposal)
                continue
            only_reposts = all(mention.post.repost_of for mention in mentions)
            refusal = _refuse(account, "only-reposted" if only_reposts else "not-in-policy")
        refused.append(refusal)
    return Proposals(proposals=tuple(proposed), refusals=tuple(refused))


def allowance(
    channel: AutoFollow, followed_today: int, last_follow_at: datetime | None, now: datetime
) -> int:
    """How many accounts may be followed at `now`: 0, or 1 since follows keep a distance.

    `followed_today` counts the channel's follows of the last 24 hours. With no distance to keep
    (`minutes_between = 0`) it is all that the day still allows.
    """
    left = max(0, channel.per_day - max(0, followed_today))
    if not left or channel.minutes_between == 0:
        return left
    distance = timedelta(minutes=channel.minutes_between)
    # A follow of the future comes from a clock that was wrong: wait until it is past.
    if last_follow_at is not None and now - last_follow_at < distance:
        return 0
    return 1


def carry_out(
    proposal: FollowProposal, follower: Follower, *, dry_run: bool, resumed: bool = False
) -> FollowOutcome:
    """Follow an approved account, unless it is followed already. Asks before it acts.

    `dry_run` asks the network nothing and changes nothing. A follow found there already is somebody
    else's, which spends no budget and is never undone; but ours when the attempt is `resumed` after
    a crash. An error that asks for a pause leaves the proposal as it is.
    """
    account = proposal.account
    if account.network in FORBIDDEN_NETWORKS:
        refusal = _refuse(account, "forbidden-network")
        return FollowOutcome(
            state=ProposalState.REFUSED, event="refused", detail=str(refusal.reason)
        )
    if dry_run:
        return FollowOutcome(
            state=proposal.state,
            event="dry-run",
            detail=f"would follow @{account.handle} on {account.network}",
        )
    try:
        relation = follower.relation(account.id)
        before = relation
        if relation == "none":
            relation = follower.follow(account.id)
    except FollowError as error:
        state = proposal.state if error.stop else ProposalState.FAILED
        return FollowOutcome(state=state, event="failed", detail=error.message, stop=error.stop)
    if before == "following" and not resumed:
        return FollowOutcome(
            state=ProposalState.REFUSED,
            event="already",
            detail="was followed already, not by the watcher",
        )
    return _outcome(relation)


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
            state=proposal.state, event="failed", detail=error.message, stop=error.stop
        )
    return FollowOutcome(state=ProposalState.UNDONE, event="undone", detail="unfollowed")


def _outcome(relation: Literal["none", "requested", "following", "blocked"]) -> FollowOutcome:
    if relation == "following":
        return FollowOutcome(state=ProposalState.FOLLOWED, event="followed", detail="followed")
    if relation == "requested":
        return FollowOutcome(
            state=ProposalState.REQUESTED, event="requested", detail="the account must agree"
        )
    detail = "the account blocks us" if relation == "blocked" else "the network did not follow"
    return FollowOutcome(state=ProposalState.FAILED, event="failed", detail=detail)


def _by_author(mentions: Sequence[Mention]) -> list[list[Mention]]:
    authors: dict[str, list[Mention]] = {}
    for mention in mentions:
        authors.setdefault(mention.post.author.key, []).append(mention)
    return list(authors.values())


def _proposal(
    channel: AutoFollow, mentions: Sequence[Mention], brands: Sequence[Brand]
) -> FollowProposal | None:
    for clause in ("addressed-us", "spoke-of-brand"):
        if clause not in channel.who:
            continue
        for mention in mentions:
            if mention.post.repost_of or not mention.matches:
                continue
            brand = addressed(mention.post, brands)
            if clause == "addressed-us" and brand is None:
                continue
            match = _strongest(channel, mention.matches)
            return FollowProposal(
                account=mention.post.author,
                channel=channel.name,
                rule=match.rule,
                post=mention.post.key,
                clause=clause,
                reason=_reason(mention.post.author, clause, rule=match.rule, brand=brand or ""),
                state=ProposalState.APPROVED
                if match.rule in channel.automatic
                else ProposalState.PROPOSED,
            )
    return None


def _strongest(channel: AutoFollow, matches: Sequence[Match]) -> Match:
    """The match whose rule asks for the most care: one that is not automatic, if there is one."""
    return next((match for match in matches if match.rule not in channel.automatic), matches[0])


def _refusal(
    channel: AutoFollow,
    account: Account,
    brands: Sequence[Brand],
    known_accounts: Collection[str],
    suspects: Collection[str],
    now: datetime,
) -> Refusal | None:
    if account.network in FORBIDDEN_NETWORKS:
        return _refuse(account, "forbidden-network")
    if brand := owner(account, brands):
        return _refuse(account, "own-account", brand=brand)
    if account.key in known_accounts:
        return _refuse(account, "already-proposed")
    if account.key in suspects:
        return _refuse(account, "suspect")
    if _NO_BOT.search(account.bio) or _NO_BOT.search(account.display_name):
        return _refuse(account, "nobot")
    if account.bot:
        return _refuse(account, "bot")
    if account.locked:
        return _refuse(account, "locked")
    return _too_small_or_young(channel, account, now)


def _too_small_or_young(channel: AutoFollow, account: Account, now: datetime) -> Refusal | None:
    if account.followers is not None and account.followers < channel.min_followers:
        return _refuse(
            account,
            "few-followers",
            count=str(account.followers),
            least=str(channel.min_followers),
        )
    if account.created is not None:
        age = (now - account.created).days
        if age < channel.min_age_days:
            return _refuse(account, "young", count=str(age), least=str(channel.min_age_days))
    return None


def _refuse(account: Account, clause: str, **values: str) -> Refusal:
    return Refusal(account=account, clause=clause, reason=_reason(account, clause, **values))


def _reason(account: Account, clause: str, **values: str) -> Reason:
    template = REASONS[clause]
    known = {"handle": account.handle, "network": account.network, **values}
    return Reason(
        template=template,
        values={name: value for name, value in known.items() if "{" + name + "}" in template},
    )
