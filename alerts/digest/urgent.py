"""What a reader must know at once, in a sentence each. Pure."""

from collections.abc import Sequence

from alerts.digest.brands import Told
from alerts.digest.parts import Group, Item, Watched
from alerts.digest.volume import Surge
from alerts.digest.weight import reactions
from alerts.model import Volume, Waiting
from rules.model import Reason, Suspect

MOST_URGENT = 4
"""Of each kind of urgent news."""
MOST_WIDE = 1
"""Posts that spread, where a brand is spoken of far more than usual: many do then."""
STRONG_SUSPECT = 0.85
SURGE_FACTOR = 3
SURGE_POSTS = 20
"""A rule surges at so many posts that are so many times the usual, or those of the period before
where nothing is usual yet. Of brands more is known: see `alerts.digest.volume`."""
WIDE_FOLLOWERS = 50_000
WIDE_ENGAGEMENT = 500

REASONS = {
    "blind": "{source} could not be watched.",
    "strong-suspect": "“{name}” looks very much like {brand}.",
    "volume": "{brand}: {posts} posts within {span}, usually {usual}.",
    "volume-began": "{brand}: {posts} posts within {span}, usually {usual}; it began on {began}.",
    "volume-until": "{brand}: {posts} posts within {span} up to {moment}, usually {usual}.",
    "surge-usual": "The rule {rule} found {posts} posts, usually {usual}.",
    "surge": "The rule {rule} found {posts} posts, after {before} in the period before.",
    "wide-author": "@{handle}, whom {followers} accounts follow, wrote about it ({rule}).",
    "wide-post": "A post by @{handle} is spreading: {count} reactions ({rule}).",
}
"""Why something is urgent, as message ids of the catalogues."""

VOLUMES = frozenset(REASONS[clause] for clause in ("volume", "volume-began", "volume-until"))
"""Those of them that tell of a brand spoken of far more than usual."""


def urgent(
    waiting: Waiting,
    suspects: Sequence[Suspect],
    groups: Sequence[Group],
    watched: Sequence[Watched],
    brands: Sequence[Told] = (),
    quoted: Item | None = None,
) -> tuple[Reason, ...]:
    """The urgent news of each kind: brands spoken of far more than usual, then blind sources.

    Where a brand is, its rules need not say it again, nor that the post `quoted` there spreads.
    """
    volumes = [_volume(one.brand, one.surge, waiting) for one in brands if one.surge]
    blind = [_reason("blind", source=w.coverage.source) for w in watched if w.state == "blind"]
    strong = [
        _reason("strong-suspect", name=_called(s), brand=s.brand)
        for s in suspects
        if s.score >= STRONG_SUSPECT
    ]
    surges = [] if volumes else [one for v in waiting.volumes if (one := _surge(v)) is not None]
    wide = [
        found
        for group in groups
        for item in group.items
        if not item.own and item is not quoted and (found := _wide(item, group.rule)) is not None
    ]
    if volumes:
        wide = wide[:MOST_WIDE]
    kinds = (volumes, blind, strong, surges, wide)
    return tuple(reason for kind in kinds for reason in kind[:MOST_URGENT])


def _volume(brand: str, surge: Surge, waiting: Waiting) -> Reason:
    values = {
        "brand": brand,
        "posts": str(surge.posts),
        "usual": str(rounded(surge.usual)),
        "span": str(round(surge.length.total_seconds())),
    }
    if surge.began is not None:
        return _reason("volume-began", began=surge.began.isoformat(), **values)
    if surge.until < waiting.until:
        return _reason("volume-until", moment=surge.until.isoformat(), **values)
    return _reason("volume", **values)


def rounded(usual: float) -> int:
    """A usual number as it is told: half a post is one."""
    return int(usual + 0.5)


def compared(volume: Volume) -> float | None:
    """What a rule's posts are held against: the usual, else those of the period before."""
    return volume.before if volume.usual is None else volume.usual


def _surge(volume: Volume) -> Reason | None:
    usual = compared(volume)
    if usual is None or volume.posts < max(SURGE_POSTS, SURGE_FACTOR * usual):
        return None
    posts = str(volume.posts)
    if volume.usual is None:
        return _reason("surge", rule=volume.rule, posts=posts, before=str(volume.before))
    return _reason("surge-usual", rule=volume.rule, posts=posts, usual=str(rounded(volume.usual)))


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
