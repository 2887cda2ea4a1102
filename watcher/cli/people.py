"""`watcher people`: who matters where the brands are spoken of, and who talks with whom."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import click
from rich.text import Text

from watcher.cli import Settings
from watcher.cli.console import count, print_json, safe, shown, stdout
from watcher.cli.doubts import Doubts
from watcher.cli.names import MistakeError, brand_names, completing, limit, meant
from watcher.cli.periods import asked_for, days_of, period_options, zone_named
from watcher.insights.people import Circle, Influencer, Talk, circles, influencers, talks
from watcher.store.people import Looked

MOST_TALKS = 5000
"""Talks among which circles are sought; where there are more, a note says so."""
_WORTH_TELLING = 2
"""Posts both ways together below which nobody talks with anybody."""
_SHOWN_MEMBERS = 8
_SHOWN_CIRCLES = 5


@click.command()
@click.argument("brands", metavar="[BRAND]...", nargs=-1, shell_complete=completing(brand_names))
@period_options(until="today")
@click.option("--zone", help="Whose days: Europe/Paris; else the configuration's.")
@limit(15, "At most so many people, and so many talks.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def command(
    settings: Settings,
    brands: tuple[str, ...],
    since: date | None,
    until: date | None,
    week: bool,
    month: bool,
    zone: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show who matters where the brands are spoken of, and who talks with whom.

    People are ranked by what their public posts about the brands cause: how many different others
    answer them and pass them on, and what is liked - not by their followers. Without BRAND all
    brands are looked at together, competitors included: the sector. Looks at the last 30 days.
    """
    with settings.opened() as (config, store):
        if not config.brands:
            raise MistakeError(
                "no brand is configured, so nobody can speak of one",
                help='add [[brands]] with name = "Acme" to the configuration',
            )
        known = brand_names(config)
        names = [meant(one, known, "brand") for one in dict.fromkeys(brands)] or known
        period = asked_for(
            settings.clock(),
            zone_named(zone or config.timezone),
            since=since,
            until=until,
            week=week,
            month=month,
        )
        people = influencers(store, names, period, limit + 1, own=config.brands)
        said = talks(store, names, period, MOST_TALKS + 1, own=config.brands)
        posts = store.looked_at(Looked(brands=names, since=period.since, until=period.until))
        doubts = Doubts.known(store)
    people = tuple(shown(people, limit))
    sought = said[:MOST_TALKS]
    found = circles(sought)
    if as_json:
        print_json(
            {
                "brands": names,
                "since": period.since,
                "until": period.until,
                "posts": posts,
                "influencers": [_as_dict(one) for one in people],
                "talks": [_talk_as_dict(one) for one in said[:limit]],
                "circles_of_all_talks": len(sought) == len(said),
                "circles": [
                    {"network": one.network, "members": one.members, "posts": one.posts}
                    for one in found
                ],
            }
        )
        return
    _show(people, said, found, _Head(names, days_of(period), posts), doubts, limit)
    if len(sought) < len(said):
        stdout().hint(f"circles are sought among the {MOST_TALKS:,} talks with most posts")


class _Head:
    """What it is about, in words."""

    def __init__(self, names: list[str], days: str, posts: int) -> None:
        self.brands = safe(" or ".join(names), 200)
        self.days = days
        self.posts = posts

    def nothing(self) -> str:
        """Say why nobody is ranked."""
        if not self.posts:
            return f"nobody spoke of {self.brands} in public, {self.days}"
        written = count(self.posts, "public post")
        return (
            f"{written} of {self.brands}, {self.days}, and none of what is stored answers one, "
            "passes one on or tells of likes: nobody can be ranked"
        )


def _show(
    people: Sequence[Influencer],
    said: Sequence[Talk],
    found: Sequence[Circle],
    head: _Head,
    doubts: Doubts,
    limit: int,
) -> None:
    screen = stdout()
    if people:
        screen.hint(f"{count(head.posts, 'public post')} of {head.brands}, {head.days}", "")
    screen.table(
        ["score", "who", "followers", "what their posts caused"],
        [
            (
                f"{one.score:.1f}",
                _named(one, doubts),
                "" if one.account.followers is None else f"{one.account.followers:,}",
                str(one.says),
            )
            for one in people
        ],
        right=("score", "followers"),
        whole=("who",),
        less=("followers",),
        empty=head.nothing(),
    )
    worth = [one for one in said if one.posts + one.back >= _WORTH_TELLING]
    told = worth[:limit]
    if not told:
        return
    screen.say("")
    screen.table(
        ["posts", "back", "who", "to whom", "how", "tone"],
        [
            (
                str(one.posts),
                str(one.back),
                _handle(one.network, one.who, doubts, own=one.who_is_own),
                _handle(one.network, one.to, doubts, own=one.to_is_own),
                _how(one),
                _tone(one),
            )
            for one in told
        ],
        right=("posts", "back"),
        whole=("who", "to whom"),
        less=("tone", "how"),
    )
    if len(worth) > limit:
        screen.hint(f"the first {count(limit, 'talk')} of more: --limit shows them")
    for circle in found[:_SHOWN_CIRCLES]:
        names = [
            doubts.named(circle.network, one, 40).plain for one in circle.members[:_SHOWN_MEMBERS]
        ]
        more = len(circle.members) - _SHOWN_MEMBERS
        others = f" and {count(more, 'other')}" if more > 0 else ""
        posts = count(circle.posts, "post")
        screen.hint(f"talk with each other in {posts}: {', '.join(names)}{others}")
    if len(found) > _SHOWN_CIRCLES:
        screen.hint(f"and {count(len(found) - _SHOWN_CIRCLES, 'more circle')}: --json shows all")


def _named(one: Influencer, doubts: Doubts) -> Text:
    marks = [word for word, holds in (("bot", one.account.bot), ("suspect", one.suspect)) if holds]
    name = doubts.author(one.account)
    return Text.assemble(name, f" [{', '.join(marks)}]") if marks else name


def _handle(network: str, handle: str, doubts: Doubts, *, own: bool) -> Text:
    held = doubts.about(network, handle)
    marks = [word for word, holds in (("own", own), ("suspect", held)) if holds]
    name = doubts.named(network, handle)
    return Text.assemble(name, f" [{', '.join(marks)}]") if marks else name


def _how(one: Talk) -> str:
    ways = (
        (one.replies, "reply", "replies"),
        (one.reposts, "repost", "reposts"),
        (one.quotes, "quote", "quotes"),
        (one.mentions, "mention", "mentions"),
    )
    return ", ".join(count(number, word, many) for number, word, many in ways if number)


def _tone(one: Talk) -> str:
    tones = ((one.negative, "negative"), (one.positive, "positive"), (one.neutral, "neutral"))
    return ", ".join(f"{number:,} {word}" for number, word in tones if number)


def _as_dict(one: Influencer) -> dict[str, Any]:
    return {
        "account": one.account.key,
        "handle": one.account.handle,
        "display_name": one.account.display_name,
        "url": one.account.url,
        "followers": one.account.followers,
        "bot": one.account.bot,
        "suspect": one.suspect,
        "score": round(one.score, 3),
        "posts": one.posts,
        "answered_by": one.answered_by,
        "passed_on_by": one.passed_on_by,
        "engagement": one.engagement,
        "per_post": one.per_post,
        "best": one.best,
        "best_url": one.best_url,
        "says": str(one.says),
    }


def _talk_as_dict(one: Talk) -> dict[str, Any]:
    return {
        "network": one.network,
        "who": one.who,
        "to": one.to,
        "posts": one.posts,
        "replies": one.replies,
        "reposts": one.reposts,
        "quotes": one.quotes,
        "mentions": one.mentions,
        "back": one.back,
        "negative": one.negative,
        "neutral": one.neutral,
        "positive": one.positive,
        "last": one.last,
        "who_is_own": one.who_is_own,
        "to_is_own": one.to_is_own,
    }
