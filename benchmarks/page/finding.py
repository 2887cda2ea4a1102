"""Which posts are found: by rules, as copies of others, and about the brand or not."""

from typing import Any

from benchmarks.page.section import Bar, Section, at_least, at_most, grid


def _matching(found: dict[str, Any]) -> str:
    table = found["table"]
    heads = [f"{row['rules']:,}{', 5 % fuzzy' if 'fuzzy' in row else ''}" for row in table]
    speeds = [
        [f"**{name}**" if name == "watcher" else name,
         *("–" if (n := row["posts_per_cpu_second"][name]) is None else n for row in table)]
        for name in table[0]["posts_per_cpu_second"]
    ]  # fmt: skip
    told = {
        "with_places": "watcher, with places and reasons",
        "matches_a_post": "matches a post",
        "tried_a_post": "rules looked at for a post",
        "build_s": "s to compile the rules",
    }
    speeds += [[label, *(row[key] for row in table)] for key, label in told.items()]
    costs = [[name, value] for name, value in found["costs"].items() if name != "rules"]
    return (
        f"Posts a CPU-second, by the number of rules.\n\n{grid(['', *heads], speeds)}\n\n"
        f"A dash: not tried, for its one batch or its compilation takes minutes.\n\n"
        + grid([f"{found['costs']['rules']:,} rules", ""], costs)
    )


def _matching_required(found: dict[str, Any]) -> tuple[Bar, ...]:
    return tuple(
        Bar(f"matching, {row['what']}", row["bound"], row["measured"], row["met"])
        for row in found["required"]
    )


def _copies(found: dict[str, Any]) -> str:
    names = {
        "ours": "**watcher**",
        "token_sort_ratio": "rapidfuzz, token_sort_ratio",
        "minhash_lsh": "datasketch, MinHash LSH",
        "exact": "the same text",
    }
    rows = [
        [names.get(name, name), one["recall"], one["false_rate"], one["posts_per_cpu_second"]]
        for name, one in found["ways"].items()
    ]
    rows.append(["required", *found["wanted"].values()])
    return (
        f"{found['posts']:,} posts, {found['pairs']} labelled pairs.\n\n"
        + grid(["", "recall", "false rate", "posts / CPU s"], rows)
        + "\n\nIn a stream of each brand's posts the watcher takes "
        f"{found['stream_recall']:.2%} of the later halves of pairs for copies."
    )


def _copies_required(found: dict[str, Any]) -> tuple[Bar, ...]:
    own, wanted = found["ways"]["ours"], found["wanted"]
    speed = "posts_per_cpu_second"
    return (
        at_least("near-duplicates, recall", wanted["recall"], own["recall"]),
        at_most("near-duplicates, false rate", wanted["false_rate"], own["false_rate"]),
        at_least("near-duplicates, posts a CPU-second", wanted[speed], own[speed]),
    )


def _relevance(found: dict[str, Any]) -> str:
    sizes, ways = found["wanted"], found["replab"]
    quality = grid(
        ["posts judged", *sizes],
        [
            *([_bold(way), *(one[size] for size in sizes)] for way, one in ways.items()),
            ["required", *sizes.values()],
        ],
    )
    untimed = {f"`apple`, {size} judged": one for size, one in found["apple"].items()}
    untimed["`ambiguous`, the half judged"] = found["ambiguous"]
    others = grid(
        ["shuffled by five seeds", *map(_bold, ways)],
        [[label, *(one[way] for way in ways)] for label, one in untimed.items()],
    )
    out = grid(
        ["posts judged", "brands on", "left out", "rightly", "of what is not about them"],
        [
            [size, f"{one['brands_on']} of {one['brands']}", one["left_out"], one["precision"],
             one["recall"]]
            for size, one in found["left_out"].items()
        ],
    )  # fmt: skip
    speed = found["speed"]
    return (
        f"Macro-F1 over {found['brands']} brands, each post taken for the likelier kind.\n\n"
        f"{quality}\n\n{others}\n\nWhat is really left out of the later posts, as it is more "
        f"careful:\n\n{out}\n\nLearning from 300 posts takes {speed['seconds_to_learn_from_300']} "
        f"s at most, and {speed['posts_per_cpu_second']:,} posts are told in a CPU-second."
    )


def _bold(way: str) -> str:
    return way.replace("ours", "**watcher**")


def _relevance_required(found: dict[str, Any]) -> tuple[Bar, ...]:
    speed = found["speed"]
    return (
        *(
            at_least(f"relevance, macro-F1, {size} judged", least, found["replab"]["ours"][size])
            for size, least in found["wanted"].items()
        ),
        at_most("relevance learnt from 300, CPU", 1, speed["seconds_to_learn_from_300"], " s"),
        at_least("relevance, posts a CPU-second", 5000, speed["posts_per_cpu_second"]),
    )


FINDING = (
    Section(
        name="matching",
        title="The rules",
        told="Beside other ways to match many rules, in the same run; all return the same pairs of "
        "posts and rules on a checked sample. Rules of fourteen kinds are drawn from the words of "
        "posts that are then left out, and each approach is timed on posts that nothing has seen "
        "before. "
        "Hyperscan and ahocorasick-rs find candidates, which the watcher's own tests verify; "
        "tantivy and Whoosh take a thousand posts as a small index; perq files queries.",
        table=_matching,
        required=_matching_required,
    ),
    Section(
        name="copies",
        title="Posts that say the same",
        told="Pairs of posts that people labelled as near-duplicates (RepLab 2013), beside three "
        "other ways, in the same run. False is the part of all other pairs about one brand that "
        "are told to say the same; the labels are not complete, so many of these do.",
        table=_copies,
        required=_copies_required,
    ),
    Section(
        name="relevance",
        title="Posts that only name a brand",
        told="Each brand learns from the posts judged first, and what was written after its 300th "
        "is told (RepLab 2013), beside three other ways, in the same run.",
        table=_relevance,
        required=_relevance_required,
    ),
)
