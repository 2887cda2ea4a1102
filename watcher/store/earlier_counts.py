"""Posts that came before a brand was known: counted afterwards, the newest first.

Each batch is one transaction that moves how far down a brand is counted, so a crash loses nothing
and nothing is counted twice. No rule is asked and nothing is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from rules.signals.spoken import Spoken
from watcher.store.columns import storable_key
from watcher.store.database import Database
from watcher.store.from_histories import HISTORY
from watcher.store.matches import last_matched, still_there
from watcher.store.posts import posts_from, select_posts
from watcher.store.records import Batch
from watcher.store.schema import heard, posts
from watcher.store.voices import Forms, keep_spoken, remember_brands


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """The next posts to be counted, and for whom."""

    brands: frozenset[str]
    """As they are stored: see `storable_key`."""
    batch: Batch


class EarlierCounts(Database):
    """The part of the store that counts what was stored before a brand was known."""

    def uncounted(self, forms: Forms, limit: int, now: datetime) -> Earlier | None:
        """Return the newest posts not counted yet for some of the brands; None when all are.

        `forms` are all brands that are counted: those not known so far are from now on.
        """
        self._remember(forms, now)
        with self.reading() as connection:
            query = select(heard.c.brand, heard.c.below).where(heard.c.below > 0)
            below = {row.brand: row.below for row in connection.execute(query)}
            if not below:
                return None
            top = max(below.values())
            # Down to where another brand's own counting stands: from there on both go together.
            floor = max((one for one in below.values() if one < top), default=0)
            some = (
                select_posts()
                .where(posts.c.rid > floor, posts.c.rid <= top, posts.c.source != HISTORY)
                .order_by(posts.c.rid.desc())
                .limit(limit)
            )
            found = posts_from(connection.execute(some))[::-1]
        return Earlier(
            brands=frozenset(brand for brand, one in below.items() if one == top),
            batch=Batch(
                after=found[0].rid - 1 if len(found) == limit else floor,
                upto=top,
                posts=tuple(one.post for one in found),
                rids=tuple(one.rid for one in found),
            ),
        )

    def _remember(self, forms: Forms, now: datetime) -> None:
        """Begin to count brands that no post came for since they are known."""
        with self.reading() as connection:
            known = {row.brand: row.form for row in connection.execute(select(heard))}
        if known != {storable_key(brand): form for brand, form in forms.items()}:
            with self.writing() as connection:
                remember_brands(connection, forms, now, last_matched(connection))

    def save_earlier(
        self, earlier: Earlier, said: Sequence[Spoken], forms: Forms, now: datetime
    ) -> int:
        """Save who is spoken of in a batch, and that it is counted; return how many posts speak.

        Brands that were counted further meanwhile, or are called otherwise now, are passed over.
        """
        batch = earlier.batch
        span = posts.c.rid > batch.after, posts.c.rid <= batch.upto
        with self.writing() as connection:
            brought = select(func.min(posts.c.seen)).where(*span, posts.c.source != HISTORY)
            seen = connection.execute(brought).scalar()
            counted = set()
            for brand, form in forms.items():
                moved = connection.execute(
                    update(heard)
                    .where(
                        heard.c.brand == brand,
                        heard.c.form == form,
                        heard.c.below == batch.upto,
                        heard.c.brand.in_(earlier.brands),
                    )
                    .values(below=batch.after)
                )
                if moved.rowcount:
                    counted.add(brand)
                    since = update(heard).where(heard.c.brand == brand, heard.c.since > seen)
                    if seen is not None:
                        connection.execute(since.values(since=seen))
            told = [one for one in said if one.brand in counted]
            keep_spoken(connection, still_there(connection, batch), told, now)
        return len(told)

    def uncounted_posts(self) -> int:
        """Return about how many posts are not counted yet for some brand, and never too few."""
        with self.reading() as connection:
            return connection.execute(select(func.max(heard.c.below))).scalar() or 0
