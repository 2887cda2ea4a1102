"""Private posts: who may be shown them, and what everybody else gets instead. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from alerts.mail.address import AddressError, parse_address
from alerts.model import RaisedAlarm, Waiting
from rules.errors import Problem

_DOMAIN = re.compile(r"[^\s/:@.]+(\.[^\s/:@.]+)*")


def domain_problems(domains: Sequence[str]) -> Iterator[Problem]:
    """Yield what is wrong with the `private_to` of a `[mail]` table."""
    for position, domain in enumerate(domains):
        if not _DOMAIN.fullmatch(domain):
            yield Problem(
                code="bad-domain",
                message=f'"{domain[:60]}" is not a domain',
                path=("private_to", position),
                help='write what stands behind the @: private_to = ["acme.example"]',
            )


def is_inside(recipient: str, domains: Sequence[str]) -> bool:
    """Whether a recipient's address lies in one of these domains, or in one below."""
    try:
        host = parse_address(recipient).address.rpartition("@")[2].casefold()
    except AddressError:
        return False
    return any(host == own or host.endswith(f".{own}") for own in map(str.casefold, domains))


def holds_private(waiting: Waiting) -> bool:
    """Whether anything of what waits comes from private posts."""
    posts = [one.post for one in waiting.mentions]
    posts += [post for one in waiting.alarms for post in one.posts]
    return (
        any(one.private for one in posts)
        or any(one.private for one in waiting.suspects)
        or any(one.private for one in waiting.proposals)
    )


def for_outsiders(waiting: Waiting) -> Waiting:
    """Return what waits without private posts and what they raised: `hidden` counts them.

    Where there are private posts, an alarm of which no post is at hand is left out as well: its
    words may come from them.
    """
    if not holds_private(waiting):
        return waiting
    public = replace(
        waiting,
        mentions=tuple(one for one in waiting.mentions if not one.post.private),
        alarms=tuple(one for one in waiting.alarms if _is_public(one)),
        suspects=tuple(one for one in waiting.suspects if not one.private),
        proposals=tuple(one for one in waiting.proposals if not one.private),
    )
    return replace(public, hidden=waiting.hidden + _listed(waiting) - _listed(public))


def _listed(waiting: Waiting) -> int:
    return len(waiting.mentions) + len(waiting.suspects) + len(waiting.proposals)


def _is_public(raised: RaisedAlarm) -> bool:
    if not raised.alarm.evidence:
        return True
    return bool(raised.posts) and not any(post.private for post in raised.posts)
