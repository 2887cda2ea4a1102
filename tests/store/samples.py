"""Small posts, accounts and findings, and a store that holds some."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from alerts.model import Coverage, FollowProposal, OutgoingMail, Waiting
from rules.model import Account, Match, Post, Reason, Suspect
from watcher.backends.interface import Page
from watcher.store import SavedMatches, Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ROUTES = {"talk": ("daily",), "lookalikes": ("daily",)}


def account(id: str = "1", handle: str = "ann", **more: object) -> Account:
    return Account(network="town", id=id, handle=handle, **more)  # type: ignore[arg-type]


def post(
    id: str, text: str = "I like Acme", *, author: Account | None = None, **more: object
) -> Post:
    values: dict[str, object] = {"network": "town", "posted_at": NOON - HOUR} | more
    return Post(id=id, author=author or account(), text=text, **values)  # type: ignore[arg-type]


def page(*posts: Post, cursor: str = "1", **more: object) -> Page:
    return Page(posts=posts, cursor=cursor, more=False, **more)  # type: ignore[arg-type]


def match(post: Post, rule: str = "talk", spans: tuple[tuple[int, int], ...] = ((7, 11),)) -> Match:
    why = Reason(template='"{word}" is in the post.', values={"word": "Acme"})
    return Match(rule=rule, post=post.key, spans=spans, reason=why)


def suspect(subject: str = "town:1", score: float = 0.9, **more: object) -> Suspect:
    values: dict[str, object] = {
        "name": "acme_help",
        "brand": "Acme",
        "rule": "lookalikes",
        "techniques": ("affix",),
        "reason": Reason(template='"{name}" reads like Acme.', values={"name": "acme_help"}),
    }
    return Suspect(subject=subject, score=score, **values | more)  # type: ignore[arg-type]


def proposal(author: Account, **more: object) -> FollowProposal:
    values: dict[str, object] = {
        "channel": "friends",
        "rule": "talk",
        "post": "town:p1",
        "clause": "spoke-of-brand",
        "reason": Reason(template="@{handle} spoke.", values={"handle": author.handle}),
    }
    return FollowProposal(account=author, **values | more)  # type: ignore[arg-type]


def mails(*recipients: str, slot: str = "1") -> tuple[OutgoingMail, ...]:
    return tuple(
        OutgoingMail(
            recipient=recipient,
            message_id=f"<{slot}.{recipient}>",
            payload=b"Subject: Acme\r\n\r\n\x00\xff\r\n",
        )
        for recipient in recipients
    )


def pulled(store: Store, *posts: Post, now: datetime = NOON) -> None:
    """Have a source bring these posts."""
    store.save_page("square", page(*posts), now)


def matched(
    store: Store,
    *,
    rules: Sequence[str] = ("talk",),
    suspects: Sequence[Suspect] = (),
    routes: dict[str, tuple[str, ...]] = ROUTES,
    now: datetime = NOON,
) -> SavedMatches:
    """Have every post not matched yet found by these rules."""
    batch = store.unmatched(100_000)
    found = [match(one, rule) for one in batch.posts for rule in rules]
    return store.save_matches(batch, found, suspects, routes, now)


def waiting(
    store: Store, channel: str = "daily", *, limit: int = 100, now: datetime = NOON
) -> Waiting:
    return store.waiting(channel, now - DAY, now, limit=limit)


def coverage(
    store: Store, since: datetime, until: datetime = NOON, source: str = "square"
) -> Coverage:
    """How well one source was watched, as a digest of this time would tell."""
    (seen,) = store.waiting("daily", since, until, limit=1, sources=[source]).coverage
    return seen


def frozen(store: Store, *recipients: str, slot: datetime = NOON) -> int | None:
    """Freeze what waits for the channel `daily` into a mail to each recipient."""
    what = waiting(store, now=slot)
    outgoing = mails(*recipients, slot=slot.isoformat())
    return store.freeze("daily", slot, what, outgoing, slot, "Acme today")
