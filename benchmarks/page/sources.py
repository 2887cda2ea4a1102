"""How fast posts come in."""

from typing import Any

from benchmarks.page.section import Bar, Section, at_least, grid


def _streams(found: dict[str, Any]) -> str:
    fast, soon, slow = found["full_speed"], found["live"], found["slow"]
    return (
        f"{found['rules']:,} rules, {found['brands']} brands. At full speed {fast['posts']:,} "
        f"posts, {fast['posts_per_cpu_second']:,} a CPU-second, {fast['posts_per_second']:,} a "
        f"second by the clock on the wall, peak memory {fast['peak_memory_mb']} MB. Live, "
        f"{soon['posts_per_second']} posts a second: from writing to stored match "
        f"{soon['median_s']} s in the median, {soon['p99_s']} s at the 99th percentile. While "
        f"nobody reads, memory grows by {slow['grown_mb']} MB, and then all {slow['posts']:,} "
        f"posts come, {slow['most_behind_s']} s late."
    )


def _streams_required(found: dict[str, Any]) -> tuple[Bar, ...]:
    fast, median, grown = found["full_speed"], found["live"]["median_s"], found["slow"]["grown_mb"]
    taken, clock = fast["posts_per_cpu_second"], fast["posts_per_second"]
    return (
        at_least("live stream, 1,000 rules, posts a CPU-second", 2000, taken),
        at_least("the same by the clock, on one core", 2000, clock),
        Bar("from post to stored match, median", "< 1 s", f"{median} s", median < 1),
        Bar("a stream that nobody reads", "< 64 MB", f"{grown} MB", grown < 64),
    )


def _archive(found: list[dict[str, Any]]) -> str:
    return grid(
        ["file", "posts", "skipped", "posts / CPU s", "peak MB"],
        [list(row.values()) for row in found],
    )


def _backends(found: dict[str, Any]) -> str:
    rows = [
        [name, *(round(one[key]) for key in (
            "posts_a_second", "posts_a_cpu_second", "parsed_a_second"))]
        for name, one in found.items()
    ]  # fmt: skip
    return grid(["backend", "stored a second", "stored a CPU-second", "only parsed a second"], rows)


SOURCES = (
    Section(
        name="streams",
        title="Live streams",
        told="Events of Jetstream's shape over a WebSocket, from a server in a process of its own, "
        "into store and rules by the service's own threads, on one core.",
        table=_streams,
        required=_streams_required,
    ),
    Section(
        name="archive",
        title="Archives",
        told="Reading alone: nothing is stored.",
        table=_archive,
    ),
    Section(
        name="backends",
        title="Live backends",
        told="From a server on the same machine, which takes its share of the time by the clock.",
        table=_backends,
    ),
)
