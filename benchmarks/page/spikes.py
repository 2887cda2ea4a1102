"""How soon crises are told, and how often alarms come for nothing."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from benchmarks.page.section import Bar, Section, at_most, grid

MOST_FALSE = 1.0
OURS = "watcher"


def _table(found: dict[str, Any]) -> str:
    parts = [_grid(found["marked"])]
    for peer in dict.fromkeys(row["detector"] for row in found["others"]):
        weeks = [row["alarms_a_week"] for row in found["others"] if row["detector"] == peer]
        over = sum(week > MOST_FALSE for week in weeks)
        parts.append(
            f"{len(weeks)} brands of which nothing is marked, {peer}: {fmean(weeks):.2f} alarms a "
            f"week on average, {max(weeks)} at most; {over} brands above one a week."
        )
    if found["left_out"]:
        parts.append("Each series by the setting that is best on the other series:")
        parts.append(_grid(found["left_out"]))
    return "\n\n".join(parts)


def _grid(rows: Sequence[dict[str, Any]]) -> str:
    heads = ("in the first quarter", "false a week", "precision", "recall", "delay, minutes")
    return grid(
        ["series", "by", *heads],
        [
            [row["series"], f"**{OURS}**" if row["detector"] == OURS else row["detector"],
             f"{row['first_quarter']} of {row['marked']}", row["false_a_week"], row["precision"],
             row["recall"], row["delay_minutes"]]
            for row in rows
        ],
    )  # fmt: skip


def _required(found: dict[str, Any]) -> tuple[Bar, ...]:
    own = [row for row in found["marked"] if row["detector"] == OURS]
    early, marked = (sum(row[key] for row in own) for key in ("first_quarter", "marked"))
    return (
        Bar("spikes, crises told in their first quarter", f"{marked} of {marked}",
            f"{early} of {marked}", early == marked),
        at_most("spikes, false alarms a week, the worst series", MOST_FALSE,
                max(row["false_a_week"] for row in own)),
    )  # fmt: skip


SPIKES = (
    Section(
        name="spikes",
        title="Spikes",
        told="Five series of mentions of companies with windows that people marked (Numenta "
        "Anomaly Benchmark), and a bank's fortnight with two crises; one setting for all, the "
        "default, beside the ratio of ElastAlert and three standard deviations, in the same run.",
        table=_table,
        required=_required,
    ),
)
