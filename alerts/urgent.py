"""What a reader must know at once, in a sentence each. Pure."""

from collections.abc import Sequence

from alerts.grouping import reactions
from alerts.model import Waiting
from alerts.parts import Group, Item, Watched
from rules.model import Reason, Suspect

MOST_URGENT = 4
"""Of each kind of urgent news."""
STRONG_SUSPECT = 0.85
SURGE_FACTOR = 3
SURGE_POSTS = 20
"""A rule surges at so many posts that are so many times those of the period before."""
WIDE_FOLLOWERS = 50_000
WIDE_ENGAGEMENT = 500

REASONS = {
    "blind": "{source} could not be watched.",
    "strong-suspect": "“{name}” looks very much like {brand}.",
    "surge": "The rule {rule} found {posts} posts, after {before} in the period before.",
    "wide-author": "@{handle}, whom {followers} accounts follow, wrote about it ({rule}).",
    "wide-post": "A post by @{handle} is spreading: {count} reactions ({rule}).",
}
"""Why something is urgent, as message ids of the catalogues."""


def urgent(
    waiting: Waiting,
    suspects: Sequence[Suspect],
    groups: Sequence[Group],
    watched: Sequence[Watched],
) -> tuple[Reason, ...]:
    """The urgent news of each kind, sources that could not be watched first."""
    blind = [_reason("blind", source=w.coverage.source) for w in watched if w.state == "blind"]
    strong = [
        _reason("strong-suspect", name=_called(s), brand=s.brand)
        for s in suspects
        if s.score >= STRONG_SUSPECT
    ]
    surges = [
        _reason("surge", rule=v.rule, posts=str(v.posts), before=str(v.before))
        for v in waiting.volumes
        if v.before is not None and v.posts >= max(SURGE_POSTS, SURGE_FACTOR * v.before)
    ]
    wide = [
        found
        for group in groups
        for item in group.items
        if not item.own and (found := _wide(item, group.rule)) is not None
    ]
    return tuple(reason for kind in (blind, strong, surges, wide) for reason in kind[:MOST_URGENT])


def _called(suspect: Suspect) -> str:
    """What the eye meets first: the display name where there is one, with the handle behind it."""
    if suspect.is_domain:
        return suspect.name
    handle = f"@{suspect.name}"
    return f"{suspect.display_name} ({handle})" if suspect.display_name else handle


def _wide(item: Item, rule: str) -> Reason | None:
    author = item.post.author
    if (author.followers or 0) >= WIDE_FOLLOWERS:
        followers = str(author.followers)
        return _reason("wide-author", handle=author.handle, followers=followers, rule=rule)
    if (count := reactions(item.post)) >= WIDE_ENGAGEMENT:
        return _reason("wide-post", handle=author.handle, count=str(count), rule=rule)
    return None


def _reason(clause: str, **values: str) -> Reason:
    return Reason(template=REASONS[clause], values=values)
