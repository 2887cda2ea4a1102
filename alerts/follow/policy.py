"""Whom to propose and in which order: every author of what waits gets a proposal or a reason."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from types import MappingProxyType

from alerts.auto_follow import AutoFollow
from alerts.follow.acquaintance import NOBODY_KNOWN, Acquaintance, is_seed, place_of
from alerts.follow.clauses import POINTS, reason
from alerts.follow.network_rules import ASKED_FIRST
from alerts.follow.skips import Gate, Refusal, refuse
from alerts.model import FollowProposal, Ground, Mention, ProposalState, Waiting
from alerts.ours import addressed, ours
from rules.model import Account, Brand, Match

NOBODY: Mapping[str, ProposalState] = MappingProxyType({})
STRANGERS: Mapping[str, Acquaintance] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposals:
    """What the policy makes of everything that waits: every account is in one of the three."""

    proposals: tuple[FollowProposal, ...]
    """The best first."""
    refusals: tuple[Refusal, ...]
    left: frozenset[str] = frozenset()
    """Keys of accounts for which there is no room now: they wait, with what they wrote."""


def propose(
    channel: AutoFollow,
    waiting: Waiting,
    brands: Sequence[Brand],
    known: Mapping[str, ProposalState],
    now: datetime,
    *,
    suspects: Collection[str] = (),
    acquaintances: Mapping[str, Acquaintance] = STRANGERS,
    room: int | None = None,
) -> Proposals:
    """Judge the author of everything that waits, each once; the best come first.

    `known` are the accounts ever proposed, by key, and how that stands. `suspects` are keys of
    accounts under suspicion (those in `waiting` are added), `acquaintances` what the store knows of
    accounts by key. At most `room` proposals are made (None: any number). A proposal of a rule
    listed in `automatic` is born approved, where the network and the policy let it.
    """
    suspicious = {suspect.subject for suspect in waiting.suspects}.union(suspects)
    gate = Gate(channel=channel, brands=brands, known=known, suspects=suspicious, now=now)
    candidates: list[tuple[tuple[int, int, datetime], FollowProposal]] = []
    refused: list[Refusal] = []
    for mentions in _by_author(waiting.mentions):
        account = mentions[0].post.author
        familiar = acquaintances.get(account.key, NOBODY_KNOWN)
        judged = _judged(channel, mentions, brands, familiar, gate)
        if isinstance(judged, Refusal):
            refused.append(judged)
            continue
        newest = max(mention.post.posted_at for mention in mentions)
        candidates.append(((judged.points, len(_days(mentions, familiar)), newest), judged))
    candidates.sort(key=lambda one: one[0], reverse=True)
    chosen = candidates if room is None else candidates[: max(0, room)]
    left: set[str] = set()
    for (_, _, newest), proposal in candidates[len(chosen) :]:
        waited = (now - newest).days
        if waited >= channel.expire_days:
            refused.append(refuse(proposal.account, "no-room", count=str(waited)))
        else:
            left.add(proposal.account.key)
    return Proposals(
        proposals=tuple(proposal for _, proposal in chosen),
        refusals=tuple(refused),
        left=frozenset(left),
    )


def without(waiting: Waiting, left: Collection[str]) -> Waiting:
    """Return what waits but for what these accounts wrote: that is what was considered."""
    mentions = tuple(one for one in waiting.mentions if one.post.author.key not in left)
    return replace(waiting, mentions=mentions)


def _by_author(mentions: Sequence[Mention]) -> list[list[Mention]]:
    authors: dict[str, list[Mention]] = {}
    for mention in mentions:
        authors.setdefault(mention.post.author.key, []).append(mention)
    return list(authors.values())


def _judged(
    channel: AutoFollow,
    mentions: Sequence[Mention],
    brands: Sequence[Brand],
    familiar: Acquaintance,
    gate: Gate,
) -> FollowProposal | Refusal:
    account = mentions[0].post.author
    own = ours(brands)
    said = [one for one in mentions if one.matches and not one.post.repost_of]
    to_us = next((one for one in said if addressed(one.post, own)), None)
    refusal = gate.refusal(account, familiar, addressed=to_us is not None)
    if refusal is not None:
        return refusal
    if not said:
        return refuse(account, "only-reposted")
    chosen = to_us if to_us is not None and "addressed-us" in channel.who else said[0]
    match = _strongest(channel, chosen.matches)
    brand = addressed(chosen.post, own) or ""
    values = {"handle": account.handle, "rule": match.rule, "brand": brand}
    values |= {"seed": familiar.seed, "count": str(len(_days(said, familiar)))}
    clauses = _clauses(channel, account, said, familiar, is_to_us=to_us is not None)
    if not clauses:
        return refuse(account, "not-in-policy")
    grounds = tuple(Ground(clause=one, reason=reason(one, **_only(one, values))) for one in clauses)
    automatic = match.rule in channel.automatic
    waits = _waits(account, clauses) if automatic else ""
    notes = [*_notes(channel, account, familiar), *([waits] if waits else [])]
    return FollowProposal(
        account=account,
        channel=channel.name,
        rule=match.rule,
        post=chosen.post.key,
        clause=grounds[0].clause,
        reason=grounds[0].reason,
        state=ProposalState.APPROVED if automatic and not waits else ProposalState.PROPOSED,
        grounds=grounds + tuple(_note(channel, account, clause) for clause in notes),
    )


def _clauses(
    channel: AutoFollow,
    account: Account,
    said: Sequence[Mention],
    familiar: Acquaintance,
    *,
    is_to_us: bool,
) -> list[str]:
    """Return the clauses that an account meets and the channel follows for, strongest first."""
    again = len(_days(said, familiar)) > 1
    met = {
        "addressed-us": is_to_us,
        "seed": is_seed(account, channel.seeds),
        "talks-with-seeds": bool(familiar.seed),
        "came-back": again,
        "spoke-of-brand": not (again and "came-back" in channel.who),
    }
    return [clause for clause in POINTS if met[clause] and clause in channel.who]


def _waits(account: Account, clauses: Sequence[str]) -> str:
    """Return why a proposal of an automatic rule waits for a person, empty where it does not."""
    if account.network in ASKED_FIRST and "addressed-us" not in clauses:
        return "ask-first"
    if clauses[0] == "spoke-of-brand":
        return "one-post"
    return "locked-asks" if account.locked else ""


def _notes(channel: AutoFollow, account: Account, familiar: Acquaintance) -> Iterator[str]:
    if channel.languages and not familiar.languages:
        yield "language-unknown"
    if channel.regions:
        yield "in-region" if place_of(account, channel.regions)[0] else "region-unknown"


def _note(channel: AutoFollow, account: Account, clause: str) -> Ground:
    values = {"handle": account.handle, "network": account.network.title()}
    values["region"] = place_of(account, channel.regions)[0]
    return Ground(clause=clause, reason=reason(clause, **_only(clause, values)))


def _only(clause: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return the values that a sentence has places for."""
    template = reason(clause).template
    return {name: value for name, value in values.items() if f"{{{name}}}" in template}


def _days(mentions: Sequence[Mention], familiar: Acquaintance) -> set[date]:
    written = {one.post.posted_at.astimezone(UTC).date() for one in mentions if one.matches}
    return {*written, *familiar.days}


def _strongest(channel: AutoFollow, matches: Sequence[Match]) -> Match:
    """The match whose rule asks for the most care: one that is not automatic, if there is one."""
    return next((match for match in matches if match.rule not in channel.automatic), matches[0])
