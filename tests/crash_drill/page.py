"""Writes what the drill counted into the table of docs/delivery.md."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.crash_drill.counting import Report

PAGE = Path(__file__).resolve().parents[2] / "docs" / "delivery.md"
BEGIN, END = "<!-- the latest drill -->\n", "<!-- the end of the latest drill -->"
ROWS = {
    "crashes": "crashes",
    "posts": "posts written",
    "mails": "mails that arrived",
    "put_off": "mails put off (4xx)",
    "refused": "mails refused (5xx)",
    "lost": "**lost**",
    "extra_copies": "**extra copies**",
    "third_copies": "**third copies**",
    "differing": "**copies that differ**",
    "parked": "parked for a person",
    "seconds": "seconds",
}


def table(reports: Mapping[str, Report], seed: int) -> str:
    """The reports as a Markdown table, a column for each scenario."""
    rows = [f"| | {' | '.join(reports)} |", f"|---|{'---:|' * len(reports)}"]
    counted = [asdict(report) for report in reports.values()]
    for key, words in ROWS.items():
        rows.append(f"| {words} | {' | '.join(f'{one[key]:,}' for one in counted)} |")
    day = datetime.now(UTC).date()
    return "\n".join([f"On {day}, `--seed {seed}`:", "", *rows, ""])


def write(reports: Mapping[str, Report], seed: int) -> None:
    """Replace the table of the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(reports, seed)}\n{END}{after}", encoding="utf-8")
