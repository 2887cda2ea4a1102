"""What was written down while the system's clock was ahead, once it is right again.

A channel's last slot and a mail's next attempt lie in the future then, and both would wait for it.
"""

from datetime import datetime, timedelta

from sqlalchemy import exists, or_, update

from alerts.model import DeliveryState
from watcher.store.database import Database
from watcher.store.schema import attempts, channels, deliveries

PUT_RIGHT = timedelta(minutes=10)
"""A clock that was ahead by less is left to catch up: so no slot is told twice for a second."""


class SetClock(Database):
    """The part of the store that believes the clock as it is now."""

    def believe_clock(self, now: datetime) -> bool:
        """Take back what lies in a future that a wrong clock has made; whether there was any.

        Channels go on from `now`, and mails written or put off then are due at once. Nothing is
        told twice: what waits for a channel is taken when it is told, whatever the slot.
        """
        future = now + PUT_RIGHT
        of_delivery = attempts.c.delivery == deliveries.c.id
        tried = exists().where(of_delivery, attempts.c.started > future).correlate(deliveries)
        with self.writing() as connection:
            ahead = connection.execute(
                update(channels).where(channels.c.last_slot > future).values(last_slot=now)
            )
            late = connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.state == DeliveryState.PENDING.value,
                    deliveries.c.next_attempt > now,
                    or_(deliveries.c.created > future, tried),
                )
                .values(next_attempt=now)
            )
        return bool(ahead.rowcount or late.rowcount)
