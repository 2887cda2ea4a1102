"""What people say of tones, learnt from: how well a correction does, and putting it to use."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.model import Brand
from rules.signals.sentiment import LABELS
from rules.signals.sentiment.correcting import MOST, Judged, Quality, learnt, quality
from rules.signals.spoken import Hearing
from watcher.store import Store
from watcher.walk.stopping import never

AGAIN_FOR = timedelta(days=30)
"""Posts written in so long a time are told anew when a correction comes or goes."""
_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """What the judged posts of a brand teach."""

    brand: str
    quality: Quality
    said: dict[str, int]
    """How many of the judged posts have each tone."""
    unread: int
    """Judged posts of which the model makes nothing, as in a language without one."""
    in_use: bool
    """Whether a correction of this brand is in use."""


def lesson(store: Store, hearing: Hearing, brand: Brand) -> Lesson:
    """Return what the judgements of a brand teach; nothing changes. Raises `StoreError`."""
    judged, unread = _judged(store, hearing, brand)
    return Lesson(
        brand=brand.name,
        quality=quality(judged),
        said={label: sum(tone == label for _, tone in judged) for label in LABELS},
        unread=unread,
        in_use=brand.name in store.tone_corrections(),
    )


def learn(
    store: Store,
    hearing: Hearing,
    brand: Brand,
    now: datetime,
    *,
    stop: Callable[[], bool] = never,
) -> tuple[Lesson, int]:
    """Use what the judgements of a brand teach where that is better, else use nothing.

    From now on, and for the posts of the last `AGAIN_FOR`; return how many of them were told anew.
    Other brands are told as before. Raises `StoreError`.
    """
    found = lesson(store, hearing, brand)
    correction = None
    if found.quality.adopted:
        correction = learnt(_judged(store, hearing, brand)[0]).dumped()
    before = store.tone_corrections().get(brand.name)
    if correction == before:
        return found, 0
    store.correct_tones(brand.name, correction, now)
    return found, tell_again(store, hearing, brand, now - AGAIN_FOR, stop=stop)


def tell_again(
    store: Store,
    hearing: Hearing,
    brand: Brand,
    since: datetime,
    *,
    stop: Callable[[], bool] = never,
) -> int:
    """Tell the tone of the posts that speak of a brand anew; return how many that were."""
    hearing = hearing.corrected(store.tone_corrections())
    below: int | None = None
    done = 0
    while not stop():
        rows = store.spoken_posts(brand.name, since=since, below=below, limit=_AT_ONCE)
        if not rows:
            break
        heard = {rid: hearing.heard(post, brand) for rid, post in rows}
        store.tell_again(
            brand.name, {rid: (one.tone, one.confidence) for rid, one in heard.items()}
        )
        below = rows[-1][0]
        done += len(rows)
    return done


def _judged(store: Store, hearing: Hearing, brand: Brand) -> tuple[list[Judged], int]:
    """What the model makes of judged posts, and what people said; and of how many it makes none."""
    made = []
    unread = 0
    for one in store.judged_tones(brand.name, MOST):
        heard = hearing.made_of(one.post, brand)
        if heard is None:
            unread += 1
        else:
            made.append((heard, one.tone))
    return made, unread
