"""How what is wrong with an expression is collected, and how it is told."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from rules.errors import Problem, WatcherError
from rules.language.codes import CODES
from rules.language.tree import Span

__all__ = ["CODES", "NOTHING_LEFT", "ExpressionError", "Notes", "Repair", "show"]

NOTHING_LEFT = "write what to look for, such as: acme"
"""The help where leaving out what is wrong leaves nothing."""

_LONGEST_SHOWN = 100
_LONGEST_REPAIRED = 4 * _LONGEST_SHOWN


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
        line, before, marked = _around(expression, problem.span)
        number = expression.count("\n", 0, problem.span[0]) + 1 if "\n" in expression else ""
        margin = f"{number:>1} "
        caret = " " * _columns(before) + "^" * max(1, _columns(marked))
        lines += [f"{margin}| {line}", f"{' ' * len(margin)}| {caret}"]
    if problem.help:
        lines.append(f"  help: {problem.help}")
    return "\n".join(lines)


def _around(expression: str, span: Span) -> tuple[str, str, str]:
    """The part of the expression's line worth showing, what in it precedes the place, the place."""
    first = expression.rfind("\n", 0, span[0]) + 1
    last = expression.find("\n", span[0])
    whole = expression[first : last if last >= 0 else len(expression)]
    visible = "".join(c if c.isprintable() else "\N{MIDDLE DOT}" for c in whole)
    at = span[0] - first
    begin = max(0, min(at - _LONGEST_SHOWN // 2, len(visible) - _LONGEST_SHOWN))
    line = visible[begin : begin + _LONGEST_SHOWN]
    return line, line[: at - begin], line[at - begin : span[1] - first - begin]


def _columns(text: str) -> int:
    """How many columns of a terminal the text takes, near enough for a caret."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


@dataclass(frozen=True, slots=True)
class Repair:
    """What to write in which places of the expression."""

    edits: tuple[tuple[Span, str], ...]


@dataclass
class Notes:
    """Collects the problems of one expression while it is read."""

    expression: str
    problems: list[Problem] = field(default_factory=list)
    repairs: list[Repair | None] = field(default_factory=list)
    """What mends each of the `problems`, where it is known."""

    def error(self, code: str, span: Span, message: str, help: str | Repair = "") -> None:
        """Note something that makes the expression unusable."""
        self._note(Problem(code=code, span=span, message=message), help)

    def warn(self, code: str, span: Span, message: str, help: str | Repair = "") -> None:
        """Note something that has a meaning, though hardly the one intended."""
        self._note(Problem(code=code, span=span, message=message, severity="warning"), help)

    def _note(self, problem: Problem, help: str | Repair) -> None:
        repair = help if isinstance(help, Repair) else None
        self.problems.append(problem if repair else replace(problem, help=str(help)))
        self.repairs.append(repair)

    def write(self, span: Span, replacement: str) -> Repair:
        """The help that shows the expression with one place replaced."""
        return Repair(((span, replacement),))

    @property
    def failed(self) -> bool:
        """Whether any of the problems is an error."""
        return any(problem.severity == "error" for problem in self.problems)

    def mended(self, *, warnings: bool) -> str:
        """The expression with every error mended, and every warning where asked, on one line."""
        chosen = [
            repair
            for problem, repair in zip(self.problems, self.repairs, strict=True)
            if repair and (warnings or problem.severity == "error")
        ]
        return _edited(self.expression, chosen)

    def told(self, mend: Callable[["Notes"], str | None]) -> tuple[Problem, ...]:
        """The problems in the order of the expression, each with its help.

        That is the whole expression with everything mended, as `mend` gives it, or where it cannot
        (it gives None) with this problem mended; in a long expression, the place.
        """
        if not self.problems:
            return ()
        short = len(self.expression) <= _LONGEST_REPAIRED and any(self.repairs)
        whole = mend(self) if short else None
        told = [
            replace(problem, help=self._help(repair, whole)) if repair else problem
            for problem, repair in zip(self.problems, self.repairs, strict=True)
        ]
        return tuple(sorted(told, key=lambda p: p.span or (0, 0)))

    def _help(self, repair: Repair, whole: str | None) -> str:
        edits = (" ".join(text.split()) for _, text in repair.edits)
        replacement = " … ".join(filter(None, edits))
        alone = f"write: {replacement}" if replacement else "leave it out"
        if len(self.expression) > _LONGEST_REPAIRED:
            return alone
        repaired = _edited(self.expression, [repair]) if whole is None else whole
        if not repaired.strip("() "):
            return NOTHING_LEFT
        return f"write: {repaired}" if len(repaired) <= _LONGEST_SHOWN else alone


def _edited(expression: str, repairs: Iterable[Repair]) -> str:
    """The expression with the edits made, those left out that touch what another has replaced."""
    edits = sorted(dict.fromkeys(edit for repair in repairs for edit in repair.edits))
    pieces: list[str] = []
    done = 0
    for (start, end), text in edits:
        if start >= done:
            pieces += (expression[done:start], text)
            done = end
    return " ".join("".join((*pieces, expression[done:])).split())
