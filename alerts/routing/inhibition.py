"""Inhibitions: while an alarm goes on, what belongs to it is not told post by post."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rules.errors import Problem


@dataclass(frozen=True, kw_only=True)
class Inhibition:
    """Holds posts back on instant channels while an alarm goes on: the `[[inhibitions]]` table.

    They wait, are counted in the alarm's message, and are told when the alarm is over.
    """

    while_: tuple[str, ...]
    """Rules with a rate: while an alarm of one goes on, these posts wait."""
    hold: tuple[str, ...]
    """Rules whose posts wait; those without a rate."""
    equal: Literal["brand"] | None = None
    """`brand`: only posts that name the brand which the alarm is about, of a rate with
    `by = "brand"`."""
    channels: tuple[str, ...] = ()
    """Only on these channels; empty: on all instant ones."""

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the table beyond the types of its values."""
        for key, names in (("while", self.while_), ("hold", self.hold)):
            if not names:
                yield Problem(
                    code="no-rule",
                    message="this inhibition names no rule here",
                    path=(key,),
                    help=f'{key} = ["{"storm" if key == "while" else "mentions"}"]',
                )

    def covers(self, alarm_rule: str, rule: str, channel: str) -> bool:
        """Whether an alarm of one rule holds the posts of another back on a channel."""
        on = not self.channels or channel in self.channels
        return on and alarm_rule in self.while_ and rule in self.hold
