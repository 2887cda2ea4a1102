"""Beside the walk: posts that came before a brand was known are counted for it afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from watcher.app import App
from watcher.walk.matching import BATCH
from watcher.walk.stopping import never


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What was counted; `posts` are those looked at."""

    posts: int = 0
    spoken: int = 0
    """How often one of the brands was spoken of in them."""
    left: int = 0
    """About how many posts remain, and never fewer."""


def count_earlier(app: App, *, seconds: float, stop: Callable[[], bool] = never) -> Counted:
    """Count stored posts for brands that were configured, or are called otherwise, since they came.

    Only where no post waits for the rules: a new one is more urgent than any old one. No rule is
    asked, so nothing is told. Between two batches it is left when `seconds` are over or `stop()`
    says so; the next turn goes on from there. Raises `StoreError`.
    """
    until = monotonic() + seconds
    posts = spoken = 0
    hearing = app.hearing.corrected(app.store.tone_corrections())
    forms = hearing.forms
    while not stop() and monotonic() < until and not app.store.unmatched(1).posts:
        earlier = app.store.uncounted(forms, BATCH, app.clock())
        if earlier is None:
            break
        said = hearing.find(earlier.batch.posts)
        spoken += app.store.save_earlier(earlier, said, forms, app.clock())
        posts += len(earlier.batch.posts)
    return Counted(posts=posts, spoken=spoken, left=app.store.uncounted_posts())
