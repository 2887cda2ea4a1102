"""What becomes of one part of a foreign query: kept, with or without a loss, or left out."""

from dataclasses import dataclass
from typing import Literal

from rules.errors import Problem
from rules.language.tree import Node, Span

Kind = Literal["left-out", "widened", "narrowed", "changed"]
Effect = Literal["more", "fewer", "other", "same"]

EFFECTS: dict[Effect, str] = {
    "more": "the rule finds more posts than the query",
    "fewer": "the rule finds fewer posts than the query",
    "other": "the rule may find other posts than the query",
    "same": "the rule finds the same posts without it",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A part that has a node here; `kind` says how its meaning differs, empty where it does not.

    `widened`: the node finds more posts than the part did there. `message` says what was done.
    """

    node: Node
    kind: Literal["", "widened", "narrowed", "changed"] = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A part that has nothing here; `message` says why.

    `constant` tells what it would be of every post that is read here, where that is known: leaving
    out what is true of every post anyway changes nothing.
    """

    message: str
    constant: bool | None = None


Outcome = Kept | Dropped


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """One part of a query that does not mean the same here."""

    kind: Kind
    at: Span
    """(start, end) in the query."""
    text: str
    """The part as it was written."""
    message: str
    """What was done instead, and why."""
    effect: Effect
    """What that does to the posts found by the whole rule."""

    def problem(self) -> Problem:
        """The loss as a warning, to be shown with a caret under its place."""
        message = f"{self.message}; {EFFECTS[self.effect]}"
        return Problem(code=self.kind, message=message, span=self.at, severity="warning")
