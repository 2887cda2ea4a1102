"""Which items of a digest are shown, where not all can be: a fair share for every rule. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, zip_longest

from alerts.digest.composing import Digest
from alerts.digest.parts import Group

MOST_OF_ONE_AUTHOR = 3
"""Items that one author has under one rule."""


def cut(digest: Digest, posts: int) -> Digest:
    """Show at most `posts` items and count the others.

    The places are dealt round by round: each rule shows its next best item, the rule that found
    least first. So no loud rule hides a quiet one, and what a rule cannot fill goes to the others.
    One author has at most `MOST_OF_ONE_AUTHOR` items under a rule.
    """
    kept = _dealt(digest.groups, posts)
    groups: list[Group] = []
    hidden_groups = hidden_posts = 0
    for g, group in enumerate(digest.groups):
        shown = tuple(item for i, item in enumerate(group.items) if (g, i) in kept)
        more = group.more + sum(
            item.copies + 1 for i, item in enumerate(group.items) if (g, i) not in kept
        )
        if shown:
            groups.append(replace(group, items=shown, more=more))
        else:
            hidden_groups += 1
            hidden_posts += more
    return replace(
        digest,
        groups=tuple(groups),
        more_groups=digest.more_groups + hidden_groups,
        more_posts=digest.more_posts + hidden_posts,
    )


def _dealt(groups: Sequence[Group], places: int) -> set[tuple[int, int]]:
    """Return which items are shown, each as the offsets of its group and of itself."""
    hands = []
    for g, group in sorted(enumerate(groups), key=lambda one: (one[1].posts, one[1].rule)):
        seen = Counter[str]()
        hand = []
        for i, item in enumerate(group.items):
            seen[item.post.author.key] += 1
            if seen[item.post.author.key] <= MOST_OF_ONE_AUTHOR:
                hand.append((g, i))
        hands.append(hand)
    rounds = (entry for dealt in zip_longest(*hands) for entry in dealt if entry is not None)
    return set(islice(rounds, places))
