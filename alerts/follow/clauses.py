"""The clauses of the follow policy: why an account is proposed, why not, and in which words.

docs/follow-policy.md tells them to people; a test holds the page and these tables together.
"""

from rules.model import Reason

POINTS = {
    "addressed-us": 16,
    "seed": 8,
    "talks-with-seeds": 4,
    "came-back": 2,
    "spoke-of-brand": 1,
}
"""What speaks for following an account, strongest first. Each weighs more than all that follow."""

GROUNDS = {
    "addressed-us": "@{handle} addressed {brand} in a post that the rule {rule} found.",
    "seed": "@{handle} is one of the accounts that the channel names as players of the sector.",
    "talks-with-seeds": "@{seed}, whom the channel names, mentioned or answered @{handle}.",
    "came-back": "@{handle} wrote posts that the rules found on {count} different days.",
    "spoke-of-brand": "@{handle} wrote a post that the rule {rule} found.",
}

NOTES = {
    "in-region": "The profile of @{handle} names {region}.",
    "region-unknown": "Where @{handle} lives is not known: the profile does not say.",
    "language-unknown": "In which language @{handle} writes is not known.",
    "one-post": "One post is not enough to follow without asking.",
    "ask-first": "{network} takes automatic follows for spam, and @{handle} did not address us.",
    "locked-asks": "@{handle} chooses followers by hand: a person should ask, not a machine.",
}
"""What is only to be known of a proposal, or why it waits for a person."""

REFUSALS = {
    "forbidden-network": "{network} forbids automated following.",
    "own-account": "@{handle} is an account of {brand}.",
    "competitor": "@{handle} is an account of {brand}, a competitor.",
    "already-proposed": "@{handle} was proposed before.",
    "undone": "@{handle} was followed once, and that was taken back.",
    "suspect": "@{handle} is suspected of borrowing a brand's name.",
    "moved": "@{handle} has moved to another account.",
    "suspended": "@{handle} is suspended by its network.",
    "memorial": "@{handle} belongs to somebody who died.",
    "left": "@{handle} has left the network.",
    "nobot": "@{handle} asks bots to stay away.",
    "opted-out": "@{handle} asks not to be recommended, and did not address us.",
    "bot": "@{handle} is a bot.",
    "locked": "@{handle} chooses followers by hand.",
    "blocked": "@{handle} and we do not see each other: one has blocked the other.",
    "already-followed": "@{handle} is followed already, not by the watcher.",
    "few-followers": "@{handle} has {count} followers; the channel asks for {least}.",
    "young": "@{handle} has been there for {count} days; the channel asks for {least}.",
    "dormant": "@{handle} has written nothing for {count} days; the channel asks for {least}.",
    "language": "@{handle} writes in another language: {language}.",
    "elsewhere": "The profile of @{handle} shows another country: {region}.",
    "only-reposted": "@{handle} only passed on what somebody else wrote.",
    "not-in-policy": "Nothing that @{handle} did is among what the channel follows for.",
    "no-room": "What @{handle} wrote is {count} days old, and others came first all that time.",
}
"""Why an account is left alone, the gravest first."""

REASONS = {**GROUNDS, **NOTES, **REFUSALS}
"""Every sentence of the policy by its clause, as message ids of the catalogues."""


def reason(clause: str, **values: str) -> Reason:
    """Return the sentence of a clause with its places filled; a ground weighs its points."""
    return Reason(template=REASONS[clause], values=values, weight=float(POINTS.get(clause, 0)))
