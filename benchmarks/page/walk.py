"""What a post goes through: store, rules, index, and the mails that tell of it."""

from typing import Any

from benchmarks.page.section import Bar, Section, at_least, at_most, grid


def _end_to_end(found: dict[str, Any]) -> str:
    rows = [
        [one["step"], one["posts_per_cpu_second"], one["cpu_seconds"], one["wall_seconds"],
         f"{one['share']:.1%}"]
        for one in found["steps"]
    ]  # fmt: skip
    rows.append(
        ["**the whole**", found["posts_per_cpu_second"], found["cpu_seconds"],
         found["wall_seconds"], ""]
    )  # fmt: skip
    return (
        f"{found['posts']:,} posts, {found['rules']} rules, {found['brands']} brands: "
        f"{found['matches']:,} matches, all queued. {found['posts_per_second']:,} posts a second "
        f"by the clock on the wall. Peak memory {found['peak_memory_mb']} MB, index "
        f"{found['index_mb']} MB, database {found['database_mb']} MB.\n\n"
        + grid(["step", "posts / CPU s", "CPU s", "wall s", "share"], rows)
    )


def _walk_required(found: dict[str, Any]) -> tuple[Bar, ...]:
    share, start = found["matcher_share"], found["help_cpu_seconds"]
    return (
        Bar("the matcher's share of the whole, 100 rules", "≤ 10 %", f"{share:.1%}", share <= 0.1),
        Bar("`watcher --help`, CPU", "< 0.3 s", f"{start} s", start < 0.3),
    )


def _indexing(found: dict[str, Any]) -> str:
    peers = [("the watcher's index (Whoosh)", "watcher"), ("SQLite FTS5", "fts5")]
    peers.append(("tantivy", "tantivy"))
    if found.get("postgresql"):
        peers.insert(1, ("the watcher's index (PostgreSQL)", "postgresql"))
    size = grid(
        ["", "posts / CPU s", "MB", "brand, newest 20, ms"],
        [
            [label, found[name]["posts_per_second"], found[name]["megabytes"],
             found[name]["queries"]["iphone"]["newest_20_ms"]]
            for label, name in peers
        ],
    )  # fmt: skip
    queries = grid(
        ["query", "posts found", "newest 20, ms"],
        [
            [f"`{query}`", one["hits"], one["newest_20_ms"]]
            for query, one in found["watcher"]["queries"].items()
        ],
    )
    each = found["minutes"]
    return (
        f"{found['posts']:,} posts in batches of {found['batch']:,}.\n\n{size}\n\n{queries}\n\n"
        f"{each['commits']} commits of {each['posts_a_minute']} posts, as the service makes each "
        f"minute: median {each['median_s']} s, longest {each['longest_s']} s."
    )


def _index_required(found: dict[str, Any]) -> tuple[Bar, ...]:
    own = found["watcher"]
    return (
        at_least("index, posts a CPU-second in batches of 1,000", 2000, own["posts_per_second"]),
        at_most("a brand by date, newest 20", 2, own["queries"]["iphone"]["newest_20_ms"], " ms"),
        at_most("longest pause of the one-minute commits", 2, found["minutes"]["longest_s"], " s"),
    )


def _store(found: dict[str, Any]) -> str:
    rows = grid(["step", "posts / CPU s"], list(found["posts_per_cpu_second"].items()))
    size = found["bytes"] / 1e6
    memory = found["peak_memory_mb"]
    return f"{rows}\n\n{found['posts']:,} posts: database {size:.1f} MB, peak memory {memory} MB."


def _store_required(found: dict[str, Any]) -> tuple[Bar, ...]:
    rates = found["posts_per_cpu_second"]
    return (
        at_least("store, save a page, posts a CPU-second", 15_000, rates["save a page"]),
        at_least("store, read on, posts a CPU-second", 20_000, rates["read on"]),
    )


def _delivering(found: dict[str, Any]) -> str:
    walk, peers = found["delivering"], found["mails_per_second"]
    plans = grid(
        ["a digest of 10,000 matches for 100 recipients", "s", "CPU s", "MB added"],
        [
            [label, plan["seconds"], plan["cpu_seconds"], plan["megabytes"]]
            for label, plan in (
                ("planned, rendered, frozen", found["planning"]),
                ("the same, each mail signed", found["planning_signed"]),
            )
        ],
    )
    rates = grid(
        [f"{found['mails']:,} mails of {found['planning']['mail_kb']} kB", "mails a second"],
        [
            ["**the walk**, each attempt on disk before its message", walk["mails_per_second"]],
            ["its sender alone", peers["sender_alone"]],
            ["smtplib, one connection", peers["smtplib_one_connection"]],
            ["smtplib, a connection for each mail", peers["smtplib_connection_each"]],
        ],
    )
    return (
        f"{plans}\n\n{rates}\n\nThe walk takes {walk['cpu_ms_per_mail']} ms of CPU for each mail "
        f"and adds {walk['megabytes']} MB; a write that reaches the disk takes "
        f"{walk['commit_ms']} ms here, and each mail waits for two."
    )


def _delivering_required(found: dict[str, Any]) -> tuple[Bar, ...]:
    plan, walk = found["planning"]["seconds"], found["delivering"]
    return (
        at_most("a digest of 10,000 matches for 100 recipients", 5, plan, " s"),
        at_least("mails a second over SMTP, by the clock", 200, walk["mails_per_second"]),
        at_most("memory that delivering adds", 100, walk["megabytes"], " MB"),
    )


WALK = (
    Section(
        name="end_to_end",
        title="The whole walk",
        told="Real posts from an archive through store, rules and look-alike detector into the "
        "queue of a mail, and into the search index.",
        table=_end_to_end,
        required=_walk_required,
    ),
    Section(
        name="indexing",
        title="The search index",
        told="Beside two others that take in the same terms of the same posts, in the same run.",
        table=_indexing,
        required=_index_required,
        takes_posts=True,
    ),
    Section(
        name="store",
        title="The store",
        told="SQLite, pages of 1,000 posts.",
        table=_store,
        required=_store_required,
    ),
    Section(
        name="delivering",
        title="Mails",
        told="To an SMTP server in a process of its own that keeps nothing, over one connection; "
        "smtplib sends the same bytes in the same run, without a record of anything.",
        table=_delivering,
        required=_delivering_required,
    ),
)
