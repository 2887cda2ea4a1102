"""Which posts a digest shows under which rule, and in which order. Pure."""

import math
from collections import Counter
from collections.abc import Sequence

from alerts.digest.merge import merge
from alerts.digest.parts import Group, Item
from alerts.digest.weight import Judged, judge
from alerts.model import Mention, Waiting
from alerts.ours import owner
from rules.model import Brand


def groups_of(waiting: Waiting, brands: Sequence[Brand]) -> tuple[Group, ...]:
    """The posts that wait, each saying once, under the rule that says most about it."""
    found = {(m.rule, mention.post.key) for mention in waiting.mentions for m in mention.matches}
    sizes = Counter(rule for rule, _ in found)
    judged = judge([mention.post for mention in waiting.mentions], waiting, brands)
    weights = {key: one.weight for key, one in judged.items()}
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
        item = _item(family, ordered, judged[family[0].post.key], brands)
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
    family: Sequence[Mention], rules: Sequence[str], judged: Judged, brands: Sequence[Brand]
) -> Item:
    shown = family[0]
    copies = len(family) - 1 + sum(mention.copies for mention in family)
    voices = {mention.post.author.key for mention in family}
    numbers: dict[str, int] = {}
    for mention in reversed(family):
        numbers.update(mention.numbers)
    return Item(
        post=shown.post,
        matches=tuple(sorted(shown.matches, key=lambda m: (m.rule != rules[0], m.rule))),
        also=tuple(rules[1:]),
        copies=copies,
        voices=len(voices) + sum(mention.copyists for mention in family),
        own=owner(shown.post.author, brands) is not None,
        why=judged.why,
        numbers=numbers,
        weight=round(judged.weight + 0.5 * math.log2(1 + copies), 6),
    )
