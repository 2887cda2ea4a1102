"""A step of its own, since a network may take long for it: what the pictures of accounts show.

What they show is judged when the accounts are matched again.
"""

from collections.abc import Callable

from watcher.app import App
from watcher.impostors.suspicion import Looked, look_at_pictures, own_accounts
from watcher.walk.stopping import never

__all__ = ["Looked", "look"]


def look(app: App, *, stop: Callable[[], bool] = never) -> Looked:
    """Look at pictures of the brands' own accounts and of accounts that resemble them.

    A few a turn. Where one was seen, `match` examines its account again. `stop()` is asked
    between two pictures.
    Raises `StoreError`.
    """
    return look_at_pictures(app, own_accounts(app), stop=stop)
