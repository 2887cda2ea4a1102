"""Puts together what is counted of an account."""

from datetime import date
from zoneinfo import ZoneInfo

from watcher.insights.account.model import AccountStatistics
from watcher.insights.model import Period
from watcher.store import Store


def account_statistics(
    store: Store,
    account_key: str,
    period: Period | None,
    zone: ZoneInfo,
    *,
    around: date | None = None,
) -> AccountStatistics:
    """Count the stored posts of the account with this key (`network:id`).

    `period` bounds the posts, None takes them all; `zone` is that of hours, days and months, and
    `around` asks for the rhythm before and from this day on as well. Raises `NoSuchRecordError`
    where no account has this key, `StoreError` otherwise.
    """
    raise NotImplementedError
