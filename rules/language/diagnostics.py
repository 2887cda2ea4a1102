"""What can be wrong with an expression, and how it is told.

Codes are stable: people search for them, and `docs/rules.md` explains each.
"""

from dataclasses import dataclass, field

from rules.errors import Problem, WatcherError

CODES: dict[str, str] = {
    "empty-expression": "there is nothing to look for",
    "too-long": "the expression has more than 10,000 characters",
    "too-deep": "brackets and negations are nested more than 50 deep",
    "unclosed-quote": "a quotation mark is never closed",
    "unclosed-bracket": "a bracket is never closed",
    "unopened-bracket": "a bracket is closed that was never opened",
    "empty-group": "there is nothing between the brackets",
    "dangling-operator": "AND, OR, NOT or - lacks what it joins or excludes",
    "unknown-operator": "a sign or word that is an operator elsewhere has no meaning here",
    "unknown-field": "no field has this name",
    "unknown-value": "the field does not know this value",
    "empty-value": "nothing follows the field, # or @",
    "bad-domain": "the value of domain: is not a domain",
    "bad-tag": "a hashtag or handle holds a character that it cannot hold",
    "short-prefix": "fewer than 3 letters stand before the *",
    "stray-star": "a * stands anywhere but at the end of one word",
    "no-letters": "what is looked for has neither letters nor digits",
    "only-negatives": "the expression says only what must not be there",
    "typographic-quotes": "curved quotation marks were read as straight ones (warning)",
    "lower-case-operator": "and, or, not in lower case are read as words (warning)",
    "comma": "a comma joins nothing (warning)",
}

NOTHING_LEFT = "write what to look for, such as: acme"
"""The help where leaving out what is wrong leaves nothing."""

_LONGEST_SHOWN = 100


class ExpressionError(WatcherError):
    """An expression cannot be understood; `problems` are all of its errors and warnings."""

    def __init__(self, problems: tuple[Problem, ...], expression: str) -> None:
        first = next((p for p in problems if p.severity == "error"), problems[0])
        super().__init__(first.message, help=first.help)
        self.problems = problems
        self.expression = expression

    def __str__(self) -> str:
        """Every problem with its code, the expression, a caret under the place, and the help."""
        return "\n\n".join(show(problem, self.expression) for problem in self.problems)


def show(problem: Problem, expression: str) -> str:
    """One problem of an expression typed on the command line, as a few lines of plain text."""
    lines = [f"{problem.severity}[{problem.code}]: {problem.message}"]
    if problem.span is not None and expression.strip():
        line, start, length = _around(expression, problem.span)
        lines += [f"  | {line}", "  | " + " " * start + "^" * length]
    if problem.help:
        lines.append(f"  help: {problem.help}")
    return "\n".join(lines)


def _around(expression: str, span: tuple[int, int]) -> tuple[str, int, int]:
    """The part of an expression worth showing, and where in it the caret begins, and its length."""
    visible = "".join(c if c.isprintable() else "\N{MIDDLE DOT}" for c in expression)
    begin = max(0, min(span[0] - _LONGEST_SHOWN // 2, len(visible) - _LONGEST_SHOWN))
    line = visible[begin : begin + _LONGEST_SHOWN]
    start = span[0] - begin
    return line, start, max(1, min(span[1] - span[0], len(line) - start))


@dataclass
class Notes:
    """Collects the problems of one expression while it is read."""

    expression: str
    problems: list[Problem] = field(default_factory=list)

    def error(self, code: str, span: tuple[int, int], message: str, help: str = "") -> None:
        """Note something that makes the expression unusable."""
        self.problems.append(Problem(code=code, span=span, message=message, help=help))

    def warn(self, code: str, span: tuple[int, int], message: str, help: str = "") -> None:
        """Note something that has a meaning, though hardly the one intended."""
        problem = Problem(code=code, span=span, message=message, help=help, severity="warning")
        self.problems.append(problem)

    def write(self, span: tuple[int, int], replacement: str) -> str:
        """The help that shows the expression with one place replaced; in a long one, the place."""
        start, end = span
        alone = f"write: {replacement}" if replacement.strip() else "leave it out"
        if len(self.expression) > 4 * _LONGEST_SHOWN:
            return alone
        repaired = f"{self.expression[:start]}{replacement}{self.expression[end:]}"
        repaired = " ".join(repaired.split())
        if not repaired.strip("() "):
            return NOTHING_LEFT
        return f"write: {repaired}" if len(repaired) <= _LONGEST_SHOWN else alone

    @property
    def failed(self) -> bool:
        """Whether any of the problems is an error."""
        return any(problem.severity == "error" for problem in self.problems)

    def sorted(self) -> tuple[Problem, ...]:
        """The problems in the order of the expression."""
        return tuple(sorted(self.problems, key=lambda p: p.span or (0, 0)))
