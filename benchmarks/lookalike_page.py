"""The figures of the look-alike benchmark as tables, and their place in the page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "lookalikes.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
COMMAND = "python -m benchmarks.lookalikes --page"


def grid(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table, its first column left, the others right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(_cell(one) for one in line) + " |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else str(value)


def tables(found: dict[str, Any]) -> dict[str, str]:
    """Return title → text of every part."""
    points = [f"{label} (score {at})" for label, at in found["raised at"].items()]
    sets = [["**mean of the first four**", *found["mean of imitations"]]]
    sets += [[f"`{name}`", *shares] for name, shares in found["sets"].items()]
    made, calibrated = found["synthetic"], found["calibration"]
    lost = made["lost_by_the_index"] / made["raised_by_exhaustive_comparison"]
    speeds = [
        [
            f"{int(brands):,}",
            one["accounts_per_cpu_second"],
            one["candidates_per_cpu_second"],
            one["cdist_handles_per_cpu_second"],
        ]
        for brands, one in found["speed"].items()
    ]
    return {
        "What is raised of each set": grid(["set", *points], sets),
        "Beside others": grid(
            ["", "from score", "precision", "recall", "F1", "alarms per million handles"],
            found["compared"],
        ),
        "What a score means": (
            f"Expected calibration error {calibrated['expected_calibration_error']} over the "
            f"{calibrated['names']:,} names of all sets that score 0.01 or more.\n\n"
            + grid(["score", "names", "mean score", "share of imitations"], calibrated["bins"])
        ),
        "What is still missed": grid(
            ["kind", "names", "raised by default", "raised at 1 in 100,000 handles"],
            found["missed"],
        ),
        "Each technique": (
            f"{made['names']:,} names made up for 200 brands; the share raised by default.\n\n"
            + grid(
                ["technique", *made["kinds"]],
                [[label, *shares] for label, shares in made["raised"].items()],
            )
        ),
        "How fast": (
            "Accounts (handle and display name) a CPU-second, beside rapidfuzz `cdist` comparing "
            "the bare handles.\n\n"
            + grid(["brands", "raised by name", "down to score 0.1", "rapidfuzz cdist"], speeds)
            + f"\n\nThe index loses {lost:.2%} of what comparing with every brand would raise. "
            f"At 1,000 brands the whole process takes {found['memory_mb']} MB."
        ),
    }


def text(parts: dict[str, str]) -> str:
    """Return all parts below each other."""
    return "\n\n".join(f"### {title}\n\n{body}" for title, body in parts.items())


def written(page: str, found: dict[str, Any]) -> str:
    """Return the page with the figures in their place.

    Raises `ValueError` where the page has no place for them.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n\n{text(tables(found))}\n\n{END}{after}"
