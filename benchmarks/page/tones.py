"""How well the tone of posts is told, and the trend of a brand."""

from collections.abc import Mapping
from typing import Any

from benchmarks.page.section import Bar, Section, at_least, at_most, grid

TREND = 0.77
SPEED = 3000
AS_SHOWN = "by label"
"""How the watcher counts a post: for the tone that is likeliest."""
BYTES = 1_000_000
SETS = {"airline": "airlines", "replab-en": "RepLab", "both": "both as one"}
COMPLAINTS = {
    "airline": "posts about airlines",
    "freemobile": "posts about a telecom brand",
    "twcs": "talks with companies' support",
}

_TREND = (
    "Rank correlation of net satisfaction by brand and day, as told and as labelled, for days of "
    "so many posts at least (and how many such days there are):"
)
_CORRECTIONS = (
    "What corrections make of it on RepLab: each brand's judged posts are of its earlier half of "
    "days, and what they teach, where it is adopted, is tried on the later half:"
)


def _table(found: dict[str, Any]) -> str:
    parts = [
        _f1(found),
        _TREND,
        _trend(found["trend"]),
        _CORRECTIONS,
        _corrections(found["corrections"]),
        "The part of posts that complains by the list of phrases:",
        _complaints(found["complaints"]),
        "Languages of short posts, stated by nobody, truly, and falsely:",
        _languages(found["languages"]),
    ]
    return "\n\n".join(parts)


def _f1(found: dict[str, Any]) -> str:
    peers = ("VADER", "AFINN", "TextBlob")
    rows = [
        [f"`{name}`", one["posts"], one["fitted to"].replace("shipped", "what ships"),
         f"**{one['ours']}**", one["wanted"], *(one[peer] for peer in peers)]
        for name, one in found["macro_f1"].items()
    ]  # fmt: skip
    within = "".join(
        f" Fitted to four fifths of `{name}` itself and tried on the rest: {value}."
        for name, value in found.get("within_the_source", {}).items()
    )
    within += "".join(
        f" Fitted to the {one['fitted to']:,} posts in English and French that the publisher gives "
        f"to train on, and tried on {one['posts']:,} of `{name}` that it holds back: {one['ours']}."
        for name, one in found.get("split", {}).items()
    )
    return (
        grid(["macro-F1 of three tones", "posts", "fitted to", "watcher", "required", *peers], rows)
        + f"\n\n{found['posts_per_cpu_second']:,} posts a CPU-second in a batch; the model has "
        f"{found['model_bytes']:,} bytes.{within}"
    )


def _named(name: str) -> str:
    """Name a trend: of which posts, and how they were counted."""
    posts, _, how = name.partition(", ")
    return f"{SETS.get(posts, posts)}, {how}"


def _trend(found: Mapping[str, Any]) -> str:
    return grid(
        ["", *next(iter(found.values()))],
        [
            [
                _named(name),
                *(f"{one['rank_correlation']} ({one['days']:,})" for one in row.values()),
            ]
            for name, row in found.items()
        ],
    )


def _corrections(found: Mapping[str, Any]) -> str:
    trend = [key for key in next(iter(found.values()))["with"] if key != "macro_f1"]
    return grid(
        ["", "brands", "adopted", "macro-F1", *(f"trend, {key}" for key in trend)],
        [
            [label, one["brands"], one["adopted"],
             f"{one['without']['macro_f1']} → {one['with']['macro_f1']}",
             *(" → ".join(str(one[how][key]["rank_correlation"]) for how in ("without", "with"))
               for key in trend)]
            for label, one in found.items()
        ],
    )  # fmt: skip


def _complaints(found: Mapping[str, Any]) -> str:
    return grid(
        ["", "by", "complain"],
        [
            [COMPLAINTS.get(name, name), kind, f"{part:.1%}"]
            for name, row in found.items()
            for kind, part in row.items()
        ],
    )


def _languages(found: Mapping[str, Any]) -> str:
    heads = list(next(iter(found.values())))
    return grid(
        ["among", *heads],
        [[f"`{among}`", *(one[head] for head in heads)] for among, one in found.items()],
    )


def _required(found: dict[str, Any]) -> tuple[Bar, ...]:
    bars = [
        at_least(f"tone, macro-F1, `{name}`", one["wanted"], one["ours"])
        for name, one in found["macro_f1"].items()
        if one["wanted"]
    ]
    bars += [
        at_least("tone, posts a CPU-second", SPEED, found["posts_per_cpu_second"]),
        at_most("tone, size of the model", BYTES, found["model_bytes"], " bytes"),
    ]
    for name, row in found["trend"].items():
        if not name.endswith(AS_SHOWN):
            continue
        ranks = [one["rank_correlation"] or 0.0 for one in row.values()]
        days = ", ".join(key.removeprefix("days of ") for key in row)
        what = f"tone, trend by brand and day, {_named(name)}, days of {days} posts"
        told = ", ".join(map(str, ranks))
        bars.append(Bar(what, f"≥ {TREND}", told, min(ranks) >= TREND))
    return tuple(bars)


TONES = (
    Section(
        name="sentiment",
        title="Tone",
        told="Each set of labelled posts is told by a model that was fitted to other sources, "
        "beside three lists of English words, in the same run.",
        table=_table,
        required=_required,
    ),
)
