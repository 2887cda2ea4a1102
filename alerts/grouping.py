"""Which posts a digest shows under which rule, and in which order. Pure."""

import math
from collections import Counter
from collections.abc import Sequence

from alerts.merge import merge
from alerts.model import Mention, Waiting
from alerts.ours import owner
from alerts.parts import Group, Item
from rules.model import Brand, Post


def groups_of(waiting: Waiting, brands: Sequence[Brand]) -> tuple[Group, ...]:
    """The posts that wait, each saying once, under the rule that says most about it."""
    found = {(m.rule, mention.post.key) for mention in waiting.mentions for m in mention.matches}
    sizes = Counter(rule for rule, _ in found)
    weights = {
        mention.post.key: _weight(mention.post, waiting, brands) for mention in waiting.mentions
    }
    best_first = sorted(
        waiting.mentions, key=lambda m: (-weights[m.post.key], m.post.posted_at, m.post.key)
    )
    by_rule: dict[str, list[Item]] = {}
    listed = Counter[str]()
    for family in merge(best_first):
        rules = {match.rule for mention in family for match in mention.matches}
        if not rules:
            continue
        # The rule that found least says most about a post, so the post is listed there.
        ordered = sorted(rules, key=lambda rule: (sizes[rule], rule))
        item = _item(family, ordered, weights[family[0].post.key], brands)
        by_rule.setdefault(ordered[0], []).append(item)
        listed[ordered[0]] += sum((ordered[0], mention.post.key) in found for mention in family)
    groups = [
        Group(
            rule=rule,
            items=tuple(sorted(items, key=lambda item: -item.weight)),
            found=sizes[rule],
            elsewhere=sizes[rule] - listed[rule],
        )
        for rule, items in by_rule.items()
    ]
    return tuple(sorted(groups, key=lambda group: (-group.items[0].weight, group.rule)))


def _item(
    family: Sequence[Mention], rules: Sequence[str], weight: float, brands: Sequence[Brand]
) -> Item:
    shown = family[0]
    copies = len(family) - 1 + sum(mention.copies for mention in family)
    voices = {mention.post.author.key for mention in family}
    return Item(
        post=shown.post,
        matches=tuple(sorted(shown.matches, key=lambda m: (m.rule != rules[0], m.rule))),
        also=tuple(rules[1:]),
        copies=copies,
        voices=len(voices) + sum(mention.copyists for mention in family),
        own=owner(shown.post.author, brands) is not None,
        weight=round(weight + 0.5 * math.log2(1 + copies), 6),
    )


def _weight(post: Post, waiting: Waiting, brands: Sequence[Brand]) -> float:
    """How much a post matters: what it set off, who listens, how new it is.

    Logarithms, so that a thousand likes count as a few and not as a thousand. A repost weighs less
    than its original, what we wrote ourselves least of all.
    """
    period = (waiting.until - waiting.since).total_seconds() or 1.0
    age = (waiting.until - post.posted_at).total_seconds() / period
    weight = (
        math.log2(1 + reactions(post))
        + 0.5 * math.log2(1 + max(0, post.author.followers or 0))
        + max(0.0, min(1.0, 1.0 - age))
    )
    if post.repost_of:
        weight -= 2
    return weight - 100 if owner(post.author, brands) else weight


def reactions(post: Post) -> int:
    """What a post set off, in one number; a repost counts twice."""
    counts = (post.likes or 0, 2 * (post.reposts or 0), post.replies or 0)
    return min(sum(max(0, count) for count in counts), 10**9)
