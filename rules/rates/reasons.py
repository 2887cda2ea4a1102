"""The sentences of alarms, as message ids of the catalogues."""

from rules.model import Reason

REASONS = {
    "many": "{count} {unit} within {within}.",
    "spike-week": "{count} {unit} within {within}: about {usual} is usual at this time of the "
    "week, and {before} came at the same time last week.",
    "spike-before": "{count} {unit} within {within}: shortly before it was about {usual}.",
    "drop-week": "Fallen to {count} within {within}: about {usual} is usual at this time of the "
    "week, and {before} came at the same time last week.",
    "drop-before": "Fallen to {count} within {within}: shortly before it was about {usual}.",
    "silence": "Nothing within {within}, though every source was read.",
    "few": "Only {count} within {within}, though every source was read; at least {least} was "
    "expected.",
    "new": "{value} appears for the first time in {within}.",
    "little-variety": "Only {count} ({unit}) within {within}, though every source was read; at "
    "least {least} was expected.",
}

GROUPED = {name: "{group}: " + template for name, template in REASONS.items() if name != "new"}
"""The same about one author, brand or domain."""

UNITS = {
    "post": "posts",
    "author": "accounts",
    "domain": "domains",
    "hashtag": "hashtags",
    "language": "languages",
}
"""What was counted; each is a message id too. Always several: no rate asks for a single one."""


def sentence(clause: str, group: str = "", **values: str) -> Reason:
    """One of the sentences with its values; `group` is what a reader calls the group."""
    if not group:
        return Reason(template=REASONS[clause], values=values)
    return Reason(template=GROUPED[clause], values=values | {"group": group})
