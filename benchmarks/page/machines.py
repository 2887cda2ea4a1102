"""What many machines share: the log, who leads, and jobs over archives."""

from typing import Any

from benchmarks.page.section import Bar, Section, at_least, at_most, grid


def _log(found: dict[str, Any]) -> str:
    kept = [("everything is kept", "all"), ("what something was found in is kept", "matched")]
    walk = grid(
        ["µs of CPU a post", "append", "work", "together", "server", "posts / CPU s"],
        [
            [label, one["append"]["client_microseconds"], one["work"]["client_microseconds"],
             one["client_microseconds"],
             round(one["append"]["server_microseconds"] + one["work"]["server_microseconds"], 1),
             one["work"]["posts_per_cpu_second"]]
            for label, one in ((label, found[name]) for label, name in kept)
        ],
    )  # fmt: skip
    peers = [("the log, nothing matched", "log_alone"), ("a row for each post", "row_per_post")]
    peer = grid(
        ["µs of CPU a post", "append", "claim", "server"],
        [
            [label, one["append"]["client_microseconds"], one["work"]["client_microseconds"],
             round(one["append"]["server_microseconds"] + one["work"]["server_microseconds"], 1)]
            for label, one in ((label, found[name]) for label, name in peers)
        ],
    )  # fmt: skip
    return (
        f"{found['posts']:,} posts, {found['rules']:,} rules, {found['brands']} brands.\n\n"
        f"{walk}\n\n{peer}"
    )


def _log_required(found: dict[str, Any]) -> tuple[Bar, ...]:
    kept = [found[name] for name in ("all", "matched")]
    cost = max(one["client_microseconds"] for one in kept)
    rate = min(one["work"]["posts_per_cpu_second"] for one in kept)
    return (
        at_most("a post through the log, all in, CPU", 150, cost, " µs"),
        at_least("a worker, 1,000 rules and 100 brands, posts a CPU-second", 5_000, rate),
    )


def _leading(found: dict[str, Any]) -> str:
    return (
        f"{found['kills']} kills of the leader, three watchers: another led after "
        f"{found['median']:.2f} s in the median, {found['longest']:.2f} s at most. "
        f"{found['turns']:,} turns of the schedule, {found['digests']:,} digests, "
        f"{found['mails']:,} mails; {found['copies']} mails twice, for a kill in the midst of one."
    )


def _leading_required(found: dict[str, Any]) -> tuple[Bar, ...]:
    doubled = sum(found["doubled"].values())
    longest = round(found["longest"], 2)
    return (
        at_most("from the leader's end to the next one", 2, longest, " s"),
        at_most("turns, digests or mails done twice", 0, doubled),
    )


def _batch(found: dict[str, Any]) -> str:
    ways = found["ways"]
    names = [("one process", "alone"), ("a bare pool of 2", "pool"), ("`local:2`", "local")]
    rows = [
        [label, round(ways[way]["posts_a_second"]), round(ways[way]["seconds"], 1)]
        for label, way in names
    ]
    dask = found["dask"]
    return (
        f"{found['posts']:,} posts, {found['rules']:,} rules, {found['brands']} brands.\n\n"
        + grid(["", "posts / s by the clock", "s"], rows)
        + f"\n\nOn a Dask cluster of {dask['workers']:.0f} workers, {dask['posts']:,} posts: "
        f"{dask['share_of_pool_by_wall']} of a `ProcessPoolExecutor` by the clock, "
        f"{dask['share_of_pool_by_cpu']} by CPU; started in {dask['start_wall_seconds']} s, "
        f"cancelled in {dask['cancel_wall_seconds']} s."
    )


def _batch_required(found: dict[str, Any]) -> tuple[Bar, ...]:
    dask = found["dask"]
    return (
        at_least("Dask beside a process pool, by the clock", 0.75, dask["share_of_pool_by_wall"]),
        at_most("a job's start on Dask", 5, dask["start_wall_seconds"], " s"),
        at_most("a job's end on Dask, cancelled", 10, dask["cancel_wall_seconds"], " s"),
    )


MACHINES = (
    Section(
        name="log",
        title="The log and its workers",
        told="Real posts appended to PostgreSQL's log, and matched and stored by a worker; beside "
        "a queue with a row for each post in the same run. The server's own CPU stands apart.",
        table=_log,
        required=_log_required,
    ),
    Section(
        name="leading",
        title="One leader",
        told="Three `watcher run` on one PostgreSQL; whoever leads is killed with kill -9, again "
        "and again. By the clock on the wall.",
        table=_leading,
        required=_leading_required,
    ),
    Section(
        name="batch",
        title="Jobs over archives",
        told="Made-up posts in shards, matched by processes of this machine and of a Dask cluster "
        "on it, with the ledger kept; beside a bare `ProcessPoolExecutor` in the same run.",
        table=_batch,
        required=_batch_required,
    ),
)
