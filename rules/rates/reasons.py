"""The sentences of alarms, as message ids of the catalogues."""

from rules.model import Reason

REASONS = {
    "many": "{count} {unit} within {within}.",
    "spike-week": "{count} {unit} within {within}: about {usual} is usual at this time of the "
    "week, and {before} came at the same time last week.",
    "spike-day": "{count} {unit} within {within}: about {usual} is usual at this time of the day.",
    "spike-before": "{count} {unit} within {within}: shortly before it was about {usual}.",
    "lasting-week": "{count} {unit} within {within}, and far more than usual for four times as "
    "long: about {usual} is usual at this time of the week, and {before} came at the same time "
    "last week.",
    "lasting-day": "{count} {unit} within {within}, and far more than usual for four times as "
    "long: about {usual} is usual at this time of the day.",
    "negative-week": "{count} {unit} within {within}, {share} % of those whose tone is known: "
    "about {usual} is usual at this time of the week, and {common} %.",
    "negative-day": "{count} {unit} within {within}, {share} % of those whose tone is known: "
    "about {usual} is usual at this time of the day, and {common} %.",
    "negative-before": "{count} {unit} within {within}, {share} % of those whose tone is known: "
    "shortly before it was about {usual}, and {common} %.",
    "drop-week": "Fallen to {count} within {within}: about {usual} is usual at this time of the "
    "week, and {before} came at the same time last week.",
    "drop-before": "Fallen to {count} within {within}: shortly before it was about {usual}.",
    "over": "It is over after {span}: {count} {unit} in all, at most {peak} within {within}.",
    "silence": "Nothing within {within}, though every source was read.",
    "few": "Only {count} within {within}, though every source was read; at least {least} was "
    "expected.",
    "new": "{value} appears for the first time in {within}.",
    "little-variety": "Only {count} ({unit}) within {within}, though every source was read; at "
    "least {least} was expected.",
}

GROUPED = {name: "{group}: " + template for name, template in REASONS.items() if name != "new"}
"""The same about one author, brand or domain."""

STORY = {
    "terms": "What sets these posts apart: {words}.",
    "started": "Repeated most is what {author} said first; {copies} posts say the same.",
    "amplified": "Most reactions came to {authors}.",
    "spread": "So far {posts} posts by {accounts} accounts, {reposts} of them reposts.",
}
"""What is told of a rise beside its number."""
REASONS |= STORY

UNITS = {
    "post": "posts",
    "author": "accounts",
    "domain": "domains",
    "hashtag": "hashtags",
    "language": "languages",
    "posts": "posts",
    "authors": "accounts",
    "negative": "negative posts",
    "reposts": "reposts",
    "reach": "followers reached",
}
"""What was counted; each is a message id too. Always several: no rate asks for a single one."""


def sentence(clause: str, group: str = "", **values: str) -> Reason:
    """One of the sentences with its values; `group` is what a reader calls the group."""
    if not group:
        return Reason(template=REASONS[clause], values=values)
    return Reason(template=GROUPED[clause], values=values | {"group": group})


def told(clause: str, **values: str) -> Reason:
    """One of the sentences of `STORY` with its values."""
    return Reason(template=STORY[clause], values=values)
