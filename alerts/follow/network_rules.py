"""What networks say about following by machines: cited where the watcher refuses or warns.

The sentences are our summaries; docs/follow-policy.md says how each was checked.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkRule:
    """A rule of a network, in one sentence of ours, and where it is published."""

    network: str
    rule: str
    address: str

    @property
    def cited(self) -> str:
        """The rule and its place, as a message shows them."""
        return f"{self.rule} ({self.address})"


X_FOLLOWING = NetworkRule(
    network="x",
    rule="X: accounts may not be followed in a bulk, aggressive or indiscriminate manner, and apps "
    "that promise followers are forbidden",
    address="https://help.x.com/en/rules-and-policies/x-automation",
)
BLUESKY_SPAM = NetworkRule(
    network="bluesky",
    rule="Bluesky: automated or bulk interactions that notify somebody, such as a follow, are spam",
    address="https://docs.bsky.app/docs/support/developer-guidelines",
)
BLUESKY_BOTS = NetworkRule(
    network="bluesky",
    rule="Bluesky: a bot interacts only with those who addressed it",
    address="https://docs.bsky.app/docs/starter-templates/bots",
)
MASTODON_A_DAY = NetworkRule(
    network="mastodon",
    rule="Mastodon: an account follows at most 400 others in 24 hours",
    address="https://github.com/mastodon/mastodon/blob/main/app/lib/rate_limiter.rb",
)
MASTODON_ALTOGETHER = NetworkRule(
    network="mastodon",
    rule="Mastodon: an account follows at most 7,500 others, then 1.1 times as many as follow it",
    address="https://github.com/mastodon/mastodon/blob/main/app/validators/"
    "follow_limit_validator.rb",
)
MASTODON_BOTS = NetworkRule(
    network="mastodon",
    rule="Mastodon: whoever acts automatically marks the account as such",
    address="https://docs.joinmastodon.org/methods/accounts/#update_credentials",
)

RULES = (
    X_FOLLOWING,
    BLUESKY_SPAM,
    BLUESKY_BOTS,
    MASTODON_A_DAY,
    MASTODON_ALTOGETHER,
    MASTODON_BOTS,
)

FORBIDDEN_NETWORKS = frozenset({"x", "twitter"})
"""Where nobody is followed."""

ASKED_FIRST = frozenset({"bluesky"})
"""Where nobody is followed without a person's word who did not address us."""

MOST_FOLLOWED = 7_500
FOLLOWED_PER_FOLLOWER = 1.1
"""Mastodon's bounds on how many an account follows."""
