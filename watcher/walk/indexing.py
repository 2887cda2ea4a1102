"""The third step: the search index brought up to the store, and what left taken out of it."""

from collections.abc import Callable

from watcher.app import App


def index(app: App, progress: Callable[[int, int], None] | None = None) -> int:
    """Bring the index up to the store's newest post; return how many posts were added.

    Words of posts that left the store leave the index's files when they are due.
    """
    added = app.index.catch_up(app.store, progress=progress)
    leave_index(app)
    return added


def leave_index(app: App) -> None:
    """Take out of the index's files the words of posts that left the store, when they are due."""
    if left := app.store.departures(app.clock()):
        app.index.forget(app.store, left)
        app.store.left_index(left)
