"""The whole page: sections that ran take the place of their older selves, the others stay.

The page itself is what is kept of earlier runs. A row of its first table belongs to the section
that its last cell links to.
"""

import re
from collections.abc import Sequence

from benchmarks.page.section import Measured, grid, row

_REQUIRED = "What is required"
_MISSED = "**not met**"
_HEAD = (
    "# How fast and how good it is",
    (
        "Written by `make benchmarks` (`python benchmarks/everything.py`), not by hand; "
        "`--only NAME ...`\n"
        "runs some again and leaves the other sections as they are. The posts and names are real "
        "ones of the\n"
        "research data, which does not come with the program, or made up where that is said."
    ),
    (
        "Figures per CPU-second hardly depend on what else a machine does; those by the clock do. "
        "So each\n"
        "section says when and on what machine it ran, and how busy that was before."
    ),
)


def merged(page: str, measured: Measured, order: Sequence[str]) -> str:
    """Return the page with what was measured in it.

    `order` is that of the titles. What the page has under other titles is no longer measured, and
    goes.
    """
    bodies, rows = _read(page)
    title = measured.section.title
    bodies[title] = _body(measured)
    rows[title] = _rows(measured)
    known = [title for title in order if title in bodies]
    required = [line for title in known for line in rows.get(title, [])]
    head = grid(["", "required", "measured", "", "by"], [])
    parts = [*_HEAD, f"## {_REQUIRED}", "\n".join([head, *required])]
    parts += [f"## {title}\n\n{bodies[title]}" for title in known]
    return "\n\n".join(parts) + "\n"


def required_but_missed(page: str) -> list[str]:
    """Return the rows of the first table that are not met."""
    return [line for lines in _read(page)[1].values() for line in lines if _MISSED in line]


def _read(page: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return, by title, what the page says in a section and the rows of what it requires."""
    bodies: dict[str, str] = {}
    for part in page.split("\n## ")[1:]:
        title, _, body = part.partition("\n")
        bodies[title] = body.strip()
    rows: dict[str, list[str]] = {}
    for line in bodies.pop(_REQUIRED, "").splitlines():
        if linked := re.search(r"\| \[(.+)\]\(#.*\) \|$", line):
            rows.setdefault(linked[1], []).append(line)
    return bodies, rows


def _body(one: Measured) -> str:
    command = f"`python benchmarks/{one.section.name}.py{' FILE' * one.section.takes_posts}`"
    ran = f"{command}, {one.day}, load {one.load:.1f} before, on {one.machine}."
    return f"{one.section.told} {ran}\n\n{one.section.table(one.figures)}"


def _rows(one: Measured) -> list[str]:
    title = one.section.title
    anchor = re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
    return [
        row([what, bound, value, "met" if met else _MISSED, f"[{title}](#{anchor})"])
        for what, bound, value, met in one.section.required(one.figures)
    ]
