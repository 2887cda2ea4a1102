"""The follow policy: whom to propose and why, whom not, how fast, and how it is carried out.

Pure but for `carry_out` and `undo`, which speak to a network through the `Follower` port. Following
is proposed first. Never anybody twice, never anybody who asked to be left alone, never on X, whose
rules forbid automated following; nobody is unfollowed for not following back.
docs/follow-policy.md tells the policy to people.
"""

from alerts.follow.acquaintance import Acquaintance
from alerts.follow.clauses import REASONS
from alerts.follow.network_rules import FORBIDDEN_NETWORKS
from alerts.follow.pace import Allowance, Pace, allowance, most_a_day, next_follow
from alerts.follow.policy import Proposals, propose, without
from alerts.follow.skips import LASTING, Gate, Refusal
from alerts.follow.steps import FollowOutcome, carry_out, undo

__all__ = [
    "FORBIDDEN_NETWORKS",
    "LASTING",
    "REASONS",
    "Acquaintance",
    "Allowance",
    "FollowOutcome",
    "Gate",
    "Pace",
    "Proposals",
    "Refusal",
    "allowance",
    "carry_out",
    "most_a_day",
    "next_follow",
    "propose",
    "undo",
    "without",
]
