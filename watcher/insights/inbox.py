"""Customers who wait for an answer: complaints and questions that a brand left alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from rules.lookalike.ownership import split_network
from rules.model import Brand, Post, Reason
from rules.text import analyse
from watcher.store import Store
from watcher.store.inbox import Waits

LOOKED_BACK = timedelta(days=14)
"""What is older is not worth an answer."""
WAITING = timedelta(hours=4)
"""So long after a post an answer is missed, unless another time is given."""

LONG = timedelta(days=1)
MANY_OTHERS = 3
MUCH_NOTICED = 25
MANY_FOLLOWERS = 10_000
"""From here on each is a sign that somebody is not to wait any longer."""

Sort = Literal["complaint", "negative", "question"]
_GRAVEST: tuple[Sort, ...] = ("complaint", "negative", "question")
_WORDS: dict[Sort, str] = {
    "complaint": "Complaint",
    "negative": "Unhappy post",
    "question": "Question",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Unanswered:
    """Somebody whom a brand owes an answer, by the oldest post that has none."""

    brand: str
    number: int
    """By which `watcher inbox done` knows it."""
    post: Post
    """The oldest of the person's posts that wait. It may be private: that stays in the company."""
    sort: Sort
    waiting: timedelta
    """How long the oldest waits."""
    posts: int
    """How many posts of the same person wait, this one included."""
    newest: Post
    """The newest of these: to be answered, if only one is."""
    answered_by_others: int
    """Different people who answered meanwhile, bots not counted."""
    engagement: int
    """Likes, reposts and replies of these posts as the network told them."""
    suspect: bool
    """Whether its author is held for an imitation of a brand: look before you answer."""
    leads_astray: bool
    """Whether all these posts link to domains held for imitations, and none speaks to the brand.

    It may be a lure, or a victim who shows it: such entries come last.
    """
    signs: tuple[Reason, ...]
    """Why it is urgent, one sentence each; those with more signs come first."""
    says: Reason
    """What waits and how long, in one sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Worklist:
    """Who waits, and who is left out of it."""

    entries: tuple[Unanswered, ...]
    """The most urgent first, no more than asked for."""
    look_alikes: int
    """Different accounts that would be listed, were they not held for imitations of a brand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnPosts:
    """What is known of a brand's own posts, and with it of its answers."""

    brand: str
    accounts: tuple[str, ...]
    """The brand's own accounts as they are configured."""
    posts: int
    """Posts by them that are stored of the time looked back on."""
    answers: int
    """Those of them that answer somebody."""
    newest: datetime | None
    """When the newest post by them was written, however long ago."""
    says: Reason | None
    """Why nobody can know what was answered; None where it is known."""


def inbox(
    store: Store,
    brands: Sequence[Brand],
    now: datetime,
    waiting: timedelta = WAITING,
    limit: int = 50,
    *,
    back: timedelta = LOOKED_BACK,
    private: bool = True,
) -> tuple[Unanswered, ...]:
    """Return who waits for an answer of the brands for `waiting` or longer, most urgent first.

    One entry for each person and brand. Who was answered by the brand in the same thread later, was
    handled by a colleague, or is a bot waits no more. `own_posts` tells whether answers are known
    at all. What was written or done after `now` is not looked at, so that a past moment can be
    asked about; likes are those of today. `private=False` leaves out posts whose authors chose
    their readers. Suspects are in it: `worklist` leaves them out. Raises `StoreError`.
    """
    entries = _entries(store, brands, now, (waiting, back), private=private)
    return tuple(one for _, one in entries[:limit])


def worklist(
    store: Store,
    brands: Sequence[Brand],
    now: datetime,
    waiting: timedelta = WAITING,
    limit: int = 50,
    *,
    back: timedelta = LOOKED_BACK,
) -> Worklist:
    """Return whom `inbox` returns, without accounts held for imitations: these are no customers.

    They are open or confirmed suspects, and counted. Raises `StoreError`.
    """
    found = _entries(store, brands, now, (waiting, back), private=True)
    customers = [one for _, one in found if not one.suspect]
    look_alikes = {author for author, one in found if one.suspect}
    return Worklist(entries=tuple(customers[:limit]), look_alikes=len(look_alikes))


def own_posts(
    store: Store, brands: Sequence[Brand], now: datetime, *, back: timedelta = LOOKED_BACK
) -> tuple[OwnPosts, ...]:
    """Tell for each brand whether its own posts are read, so that its answers can be known.

    Raises `StoreError`.
    """
    return tuple(_own_posts(store, brand, now - back, now) for brand in brands)


def _entries(
    store: Store,
    brands: Sequence[Brand],
    now: datetime,
    span: tuple[timedelta, timedelta],
    *,
    private: bool,
) -> list[tuple[int, Unanswered]]:
    """Return everybody who waits, the most urgent first, each with the row of the account."""
    entries = [
        entry for brand in brands for entry in _of_brand(store, brand, now, span, private=private)
    ]
    entries.sort(
        key=lambda entry: (
            entry[1].leads_astray,
            -len(entry[1].signs),
            _GRAVEST.index(entry[1].sort),
            entry[1].post.posted_at,
            entry[1].post.key,
            entry[1].brand,
        )
    )
    return entries


def _of_brand(
    store: Store, brand: Brand, now: datetime, span: tuple[timedelta, timedelta], *, private: bool
) -> Iterator[tuple[int, Unanswered]]:
    waiting, back = span
    waits = store.waiting_for(brand, now - back, now - waiting, now)
    stored = {one.rid: one.post for one in store.posts_by_rid([one.rid for one in waits])}
    by_author: dict[int, list[tuple[Sort, Waits, Post]]] = {}
    for one in waits:
        post = stored.get(one.rid)
        if post is None or (post.private and not private):
            continue
        if sort := _sort(one, post):
            by_author.setdefault(one.author, []).append((sort, one, post))
    for author, some in by_author.items():
        yield author, _entry(brand.name, some, now)


def _sort(one: Waits, post: Post) -> Sort | None:
    """What a post is, the gravest that holds; None where its question mark is that of a link."""
    if one.complaint:
        return "complaint"
    if one.negative:
        return "negative"
    return "question" if "has:question" in analyse(post).carried else None


def _entry(brand: str, some: Sequence[tuple[Sort, Waits, Post]], now: datetime) -> Unanswered:
    """Make one entry of the posts of one person, oldest first."""
    oldest, newest = some[0][2], some[-1][2]
    sort = min((sort for sort, _, _ in some), key=_GRAVEST.index)
    others = sum(waits.others for _, waits, _ in some)
    engagement = sum(
        (post.likes or 0) + (post.reposts or 0) + (post.replies or 0) for _, _, post in some
    )
    length = now - oldest.posted_at
    return Unanswered(
        brand=brand,
        number=some[0][1].rid,
        post=oldest,
        sort=sort,
        waiting=length,
        posts=len(some),
        newest=newest,
        answered_by_others=others,
        engagement=engagement,
        suspect=any(waits.suspect for _, waits, _ in some),
        leads_astray=all(one.leads_astray and not one.addressed for _, one, _ in some),
        signs=tuple(_signs(len(some), length, others, engagement, oldest.author.followers or 0)),
        says=Reason(
            template="{sort}, no answer for {waiting}.",
            values={"sort": _WORDS[sort], "waiting": lasting(length)},
        ),
    )


def _signs(
    posts: int, waiting: timedelta, others: int, engagement: int, followers: int
) -> Iterator[Reason]:
    """Say why somebody is not to wait any longer."""
    if posts > 1:
        yield Reason(
            template="{posts} posts of the same person wait.", values={"posts": f"{posts:,}"}
        )
    if waiting >= LONG:
        yield Reason(template="Waits for more than a day.")
    if others >= MANY_OTHERS:
        yield Reason(
            template="{others} others answered meanwhile.", values={"others": f"{others:,}"}
        )
    if engagement >= MUCH_NOTICED:
        yield Reason(
            template="{engagement} likes, reposts and replies.",
            values={"engagement": f"{engagement:,}"},
        )
    if followers >= MANY_FOLLOWERS:
        yield Reason(
            template="Followed by {followers} accounts.", values={"followers": f"{followers:,}"}
        )


def lasting(length: timedelta) -> str:
    """Return how long somebody waits, as a person says it: `40 min`, `6 h`, `3 days`."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


def _own_posts(store: Store, brand: Brand, since: datetime, now: datetime) -> OwnPosts:
    counts = store.own_counts_between(brand, since, now)
    values = {"brand": brand.name}
    says = None
    if not brand.accounts:
        says = Reason(
            template="{brand} has no accounts in the configuration: nobody can know what it "
            "answered.",
            values=values,
        )
    elif not counts.posts:
        accounts = ", ".join(f"@{split_network(one)[1]}" for one in brand.accounts)
        says = Reason(
            template="No post of {accounts} is stored of this time: nobody can know what {brand} "
            "answered. A source that reads its own posts tells.",
            values=values | {"accounts": accounts},
        )
    elif not counts.answers:
        says = Reason(
            template="{brand} has {posts} of its own posts stored, and none is an answer: perhaps "
            "no source reads its answers.",
            values=values | {"posts": f"{counts.posts:,}"},
        )
    return OwnPosts(
        brand=brand.name,
        accounts=brand.accounts,
        posts=counts.posts,
        answers=counts.answers,
        newest=counts.newest,
        says=says,
    )
