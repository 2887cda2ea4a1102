"""Which mentions say the same, so that a digest shows them once; `rules.copies` says what does.

The comparison of all with all is bounded: beyond `MOST_COMPARED` distinct texts only equal ones are
merged.
"""

from collections.abc import Sequence
from dataclasses import replace

from alerts.model import Mention
from rules.copies import Wordings, root, words

MOST_COMPARED = 2000


def merge(mentions: Sequence[Mention]) -> list[list[Mention]]:
    """Return the mentions in families that say the same, in the order of their first members.

    The first mention of a family stands for it, so hand them in best first. The same post twice
    counts once.
    """
    roots: dict[str, int] = {}
    families: list[list[Mention]] = []
    for mention in _once(mentions):
        post = mention.post
        names = {root(post), f"text:{words(post)}"}
        family = next((roots[name] for name in names if name in roots), None)
        if family is None:
            family = len(families)
            families.append([])
        families[family].append(mention)
        for name in names:
            roots.setdefault(name, family)
    return _near(families)


def _once(mentions: Sequence[Mention]) -> list[Mention]:
    """Join the matches of mentions of one post."""
    by_post: dict[str, Mention] = {}
    for mention in mentions:
        known = by_post.setdefault(mention.post.key, mention)
        new = tuple(match for match in mention.matches if match not in known.matches)
        if new:
            joined = replace(
                known,
                matches=known.matches + new,
                numbers={**mention.numbers, **known.numbers},
            )
            by_post[mention.post.key] = joined
    return list(by_post.values())


def _near(families: list[list[Mention]]) -> list[list[Mention]]:
    leaders = Wordings()
    kept: dict[str, list[Mention]] = {}
    for position, family in enumerate(families):
        post = family[0].post
        if position < MOST_COMPARED and post.text.strip():
            text = words(post)
            alike = leaders.like(text)
            if alike is not None:
                kept[alike].extend(family)
                continue
            leaders.add(post.key, text)
        kept[post.key] = family
    return list(kept.values())
