"""How long it takes to count what stored posts say, and what memory."""

from typing import Any

from benchmarks.page.section import Bar, Section, at_most, grid


def _statistics(found: dict[str, Any]) -> str:
    return f"{found['posts']:,} posts.\n\n" + grid(
        ["a store", "by", "CPU s", "wall s", "MB", "posts counted"],
        [
            [store, f"**{way}**" if way == "watcher stats" else way, took["seconds"], took["wall"],
             took["megabytes"], took["posts"]]
            for store, ways in found["figures"].items()
            for way, took in ways.items()
        ],
    )  # fmt: skip


def _statistics_required(found: dict[str, Any]) -> tuple[Bar, ...]:
    own = [ways["watcher stats"] for ways in found["figures"].values()]
    seconds, memory = (max(one[key] for one in own) for key in ("seconds", "megabytes"))
    wanted = found["wanted"]
    what = f"statistics of an account over {found['posts']:,} posts"
    return (
        at_most(f"{what}, CPU", wanted["seconds"], seconds, " s"),
        at_most(f"{what}, memory", wanted["megabytes"], memory, " MB"),
    )


def _people(found: dict[str, Any]) -> str:
    return _questions(found, "found")


def _brands(found: dict[str, Any]) -> str:
    same = "" if found["same counts"] else "\n\n**The two ways do not count the same.**"
    return _questions(found, "counted") + same


def _questions(found: dict[str, Any], how_many: str) -> str:
    return f"{found['posts']:,} posts.\n\n" + grid(
        ["", "by", "CPU s", "wall s", how_many],
        [
            [question, f"**{way}**" if way == "watcher" else way, took["seconds"], took["wall"],
             took[how_many]]
            for question, ways in found["figures"].items()
            for way, took in ways.items()
        ],
    )  # fmt: skip


def _questions_required(found: dict[str, Any]) -> tuple[Bar, ...]:
    own = {question: ways["watcher"]["seconds"] for question, ways in found["figures"].items()}
    return tuple(
        at_most(f"{question} of {found['posts']:,} posts, CPU", found["wanted"], seconds, " s")
        for question, seconds in own.items()
    )


def _reports(found: dict[str, Any]) -> str:
    return (
        f"{found['posts']:,} posts stored; memory grows by {found['grown_megabytes']} MB.\n\n"
        + grid(
            ["days", "posts", "counting, s", "writing, s", "wall s", "CPU s", "kB"],
            [
                [str(one["days"]), one["posts"], one["counting"], one["writing"], one["seconds"],
                 one["cpu"], one["kilobytes"]]
                for one in found["reports"]
            ],
        )
    )  # fmt: skip


def _reports_required(found: dict[str, Any]) -> tuple[Bar, ...]:
    what = f"a report, {found['posts']:,} posts stored, CPU"
    return (at_most(what, found["allowed"], found["slowest"], " s"),)


INSIGHTS = (
    Section(
        name="account_statistics",
        title="Statistics of an account",
        told="In a store in which one account wrote nearly all posts, and in one in which it wrote "
        "a fiftieth; made-up posts. Beside it, in the same run and each in a process of its own, "
        "what one would write first: all posts loaded and counted in Python, or with pandas.",
        table=_statistics,
        required=_statistics_required,
    ),
    Section(
        name="people",
        title="Who matters and who waits",
        told="30,000 made-up accounts speak of one brand for a fortnight and answer each other. "
        "Beside it, in the same run, what one would write first: all posts loaded and counted in "
        "Python.",
        table=_people,
        required=_questions_required,
    ),
    Section(
        name="brands",
        title="How people feel and what they speak of",
        told="Made-up posts about three brands, half of them in the four weeks that are told of. "
        "Beside it, in the same run, what one would write first: the rows loaded and counted in "
        "Python; of themes, the same scores over all words of all posts.",
        table=_brands,
        required=_questions_required,
    ),
    Section(
        name="reports",
        title="Reports",
        told="About two of three brands, over nine weeks of posts: everything counted, put into "
        "words, drawn and written. There is no other way beside it.",
        table=_reports,
        required=_reports_required,
    ),
)
