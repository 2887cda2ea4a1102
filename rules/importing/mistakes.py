"""What is wrong with a foreign query, collected while it is read, all of it in one run."""

from dataclasses import dataclass, field

from rules.errors import Problem
from rules.language.tree import Span


@dataclass
class Mistakes:
    """The mistakes of one query."""

    query: str
    found: list[Problem] = field(default_factory=list)

    def add(self, code: str, at: Span, message: str, help: str = "") -> None:
        """Note something that makes the query unusable; codes are those of expressions."""
        self.found.append(Problem(code=code, span=at, message=message, help=help))

    def sorted(self) -> tuple[Problem, ...]:
        """The mistakes in the order of the query."""
        return tuple(sorted(self.found, key=lambda problem: problem.span or (0, 0)))
